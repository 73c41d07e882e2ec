"""Every signal against plain autograd, on networks that engines of differentiation get wrong."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from helpers.awkward import CASES, TASKS, N, make_case
from helpers.methods import make, methods
from torch import Tensor, nn

import mtlcore as mtl

cases = pytest.mark.parametrize("name", CASES)


def by_autograd(name: str) -> tuple[Tensor, list[list[Tensor]], mtl.MultiTaskModel]:
    """The Jacobian and the heads' gradients from plain torch, each head on a copy of the representation."""
    model, data = make_case(name)
    torch.manual_seed(5)
    z = model.trunk(data.inputs.clone())
    losses = [
        (head(z.clone()) - y).square().mean() for head, y in zip(model.heads, data.targets, strict=True)
    ]
    shared, rows, heads = list(model.shared_parameters()), [], []
    for loss, head in zip(losses, model.head_parameters(), strict=True):
        found = torch.autograd.grad(loss, [*shared, *head], retain_graph=True)
        found = [g.to_dense() if g.is_sparse else g for g in found]
        rows.append(torch.cat([g.flatten() for g in found[: len(shared)]]))
        heads.append(found[len(shared) :])
    return torch.stack(rows), heads, model


def signals_of(name: str) -> tuple[mtl.Signals, mtl.MultiTaskModel]:
    model, data = make_case(name)
    torch.manual_seed(5)
    signals = mtl.Signals(model, data, TASKS)
    _ = signals.losses
    torch.rand(3)  # a draw between two questions changes nothing
    return signals, model


@contextmanager
def quiet() -> Iterator[None]:
    """Another test looks at the warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def flat_gradient(model: mtl.MultiTaskModel) -> Tensor:
    """``.grad`` of the shared parameters, embeddings' sparse ones too."""
    grads = [p.grad.to_dense() if p.grad.is_sparse else p.grad for p in model.shared_parameters()]
    return torch.cat([g.flatten() for g in grads])


@cases
def test_every_signal_is_autograds(name: str) -> None:
    jacobian, heads, _ = by_autograd(name)
    signals, model = signals_of(name)
    torch.testing.assert_close(signals.gramian(), jacobian @ jacobian.T)
    torch.testing.assert_close(signals_of(name)[0].jacobian(), jacobian)
    torch.testing.assert_close(signals.gradient(1), jacobian[1])
    torch.testing.assert_close(signals.norms(list(model.shared_parameters())), jacobian.norm(dim=1))
    direction = torch.randn(jacobian.shape[1], dtype=torch.float64)
    with quiet():
        torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)
        torch.testing.assert_close(signals.alignment(jacobian[0]), jacobian @ jacobian[0])
        samples = signals.alignment(direction, of="samples")
    torch.testing.assert_close(samples.mean(1), jacobian @ direction)
    weights = torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64)
    signals.backward(weights)
    torch.testing.assert_close(flat_gradient(model), weights @ jacobian)
    for head, own in zip(model.head_parameters(), heads, strict=True):
        torch.testing.assert_close([p.grad for p in head], list(own))


@cases
def test_weighted_losses_go_through_trunk_and_heads_at_once(name: str) -> None:
    jacobian, heads, _ = by_autograd(name)
    signals, model = signals_of(name)
    weights = torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64)
    signals.backward(weights, heads=weights)
    torch.testing.assert_close(flat_gradient(model), weights @ jacobian)
    for w, head, own in zip(weights, model.head_parameters(), heads, strict=True):
        torch.testing.assert_close([p.grad for p in head], [w * g for g in own])


@cases
def test_another_way_is_said_once(name: str) -> None:
    signals, _ = signals_of(name)
    direction = torch.ones(sum(signals.sizes), dtype=torch.float64)
    for of in ("tasks", "samples"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                signals.alignment(direction, of=of)
        said = [w for w in caught if "forward-mode differentiation" in str(w.message)]
        assert len(said) == CASES[name].falls_back
        assert all(w.filename == __file__ for w in said)


@cases
def test_samples_are_those_of_batches_of_one(name: str) -> None:
    """Where samples do not see each other, and the pass draws nothing."""
    if name in ("batch norm", "moving average", "dropout", "dropout in the heads", "transformer"):
        pytest.skip("samples see each other, or the pass draws")
    if name in ("scaled by frequency", "spectral norm"):
        pytest.skip("a batch of one has other frequencies or statistics")
    signals, model = signals_of(name)
    _, data = make_case(name)
    direction = torch.randn(sum(signals.sizes), dtype=torch.float64)
    with quiet():
        samples = signals.alignment(direction, of="samples")
    for n in range(N):
        alone = mtl.Batch(data.inputs[n : n + 1], tuple(y[n : n + 1] for y in data.targets))
        expected = mtl.Signals(model, alone, TASKS).jacobian() @ direction
        torch.testing.assert_close(samples[:, n], expected)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("plain", None),
        ("spectral norm", "two nested backward passes are"),
        ("once differentiable", "one backward pass a task is"),
    ],
)
def test_alignment_of_tasks_is_a_mean_over_their_labelled_samples(name: str, instead: str | None) -> None:
    """In every way, and no cheap way is given up for it."""
    model, data = make_case(name)
    for missing, values in enumerate(data.targets, start=1):
        values[: 2 * missing - 1] = torch.nan
    z = model.trunk(data.inputs)
    shared, rows = list(model.shared_parameters()), []
    for head, y in zip(model.heads, data.targets, strict=True):
        loss = (head(z) - y)[~y.isnan()].square().mean()
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, shared, retain_graph=True)]))
    direction = torch.randn(len(rows[0]), dtype=torch.float64)
    signals = mtl.Signals(model, data, TASKS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = signals.alignment(direction)
    said = [str(w.message) for w in caught if "forward-mode" in str(w.message)]
    assert [f"so {instead} used" in text for text in said] == ([True] if instead else [])
    torch.testing.assert_close(found, torch.stack(rows) @ direction)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = signals.alignment(direction, of="samples")
    torch.testing.assert_close(samples.sum(1) / signals.labelled.sum(1), found)
    assert not samples[~signals.labelled].any()


@pytest.mark.parametrize("name", ["plain", "spectral norm", "once differentiable"])
def test_a_task_without_a_label_is_orthogonal_to_all(name: str) -> None:
    """In every way, where a mean over no label would be NaN."""
    model, data = make_case(name)
    data.targets[0].fill_(torch.nan)
    direction = torch.randn(sum(p.numel() for p in model.shared_parameters()), dtype=torch.float64)
    with quiet():
        found = mtl.Signals(model, data, TASKS).alignment(direction)
    assert found[0] == 0 and (found[1:].abs() > 0).all()


@methods(texts=mtl.METHODS)
def test_a_transformer_works_with_every_method(text: str) -> None:
    model, data = make_case("transformer")
    make(text).backward(mtl.Signals(model, data, TASKS, data))
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_a_hook_on_a_parameter_is_seen() -> None:
    """A mask on a wide layer's gradient, as pruning sets it, is in Gramian, norms and alignment."""
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(nn.Linear(300, 4), [nn.Linear(4, 2) for _ in TASKS]).double()
    mask = (torch.rand(4, 300) > 0.5).double()
    model.trunk.weight.register_hook(lambda gradient: gradient * mask)
    data = mtl.Batch(
        torch.randn(2, 300, dtype=torch.float64), tuple(torch.randn(2, 2).double() for _ in TASKS)
    )
    signals = mtl.Signals(model, data, TASKS)
    jacobian = mtl.Signals(model, data, TASKS).jacobian()
    assert (jacobian[:, :1200] * (1 - mask.flatten()) == 0).all()
    torch.testing.assert_close(signals.gramian(), jacobian @ jacobian.T)
    direction = torch.randn(jacobian.shape[1], dtype=torch.float64)
    torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)


def test_a_first_step_without_gradients_decides_nothing() -> None:
    """At zero gradients nothing can be compared, so the next step does it."""
    model, data = make_case("gradient reversal")
    solved = mtl.Batch(data.inputs, tuple(o.detach() for o in model(data.inputs)))
    direction = torch.ones(sum(p.numel() for p in model.trunk.parameters()), dtype=torch.float64)
    assert not mtl.Signals(model, solved, TASKS).alignment(direction).any()
    signals = mtl.Signals(model, data, TASKS)
    with pytest.warns(UserWarning, match="forward-mode"):
        found = signals.alignment(direction)
    torch.testing.assert_close(found, signals.jacobian() @ direction)


def test_noise_outside_torch_is_refused_for_samples() -> None:
    """A second pass that is not the first has no gradients of the samples of the first."""
    model, data = make_case("once differentiable")
    counter = iter(range(1000))
    model.trunk.function = lambda h: Once_times(h, 1 + next(counter))
    signals = mtl.Signals(model, data, TASKS)
    direction = torch.ones(sum(signals.sizes), dtype=torch.float64)
    with pytest.warns(UserWarning, match="forward-mode"):
        found = signals.alignment(direction)
    torch.testing.assert_close(found, signals.jacobian() @ direction)
    with pytest.raises(RuntimeError, match="a second forward pass"):
        signals.alignment(direction, of="samples")


def Once_times(h: Tensor, factor: float) -> Tensor:
    return factor * h.tanh()


def test_a_copy_of_a_model_is_compared_again() -> None:
    model, data = make_case("wrong forward mode")
    direction = torch.ones(sum(p.numel() for p in model.trunk.parameters()), dtype=torch.float64)
    for network in (model, copy.deepcopy(model)):
        with pytest.warns(UserWarning, match="forward-mode"):
            mtl.Signals(network, data, TASKS).alignment(direction)


def test_a_compiled_trunk_is_passed_back_once_and_then_often() -> None:
    """The first backward pass decides how it is compiled: a method with one pass, and then one with T."""
    torch.compiler.reset()
    twin, data = make_case("plain")
    model = copy.deepcopy(twin)
    model.trunk = torch.compile(model.trunk, backend="aot_eager")
    for text in ("Static", "PCGrad", "CosSim"):
        for network in (model, twin):
            network.zero_grad()
            make(text).backward(mtl.Signals(network, data, TASKS))
        ours, theirs = ([p.grad for p in network.parameters()] for network in (model, twin))
        torch.testing.assert_close(ours, theirs)
