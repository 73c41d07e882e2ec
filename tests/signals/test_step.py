"""Signals against plain autograd, on networks of every awkward kind."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict

import pytest
import torch
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.tasks.task import UNLABELLED

TASKS = (mtl.Task.classification("shape"), mtl.Task.regression("size"))
N = 12


def plain() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4), nn.Tanh())


def with_noise() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))


def without_forward_mode() -> nn.Module:
    """torch has no forward-mode rule for weight normalisation."""
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(5, 4)), nn.Tanh())


def make(trunk: Callable[[], nn.Module] = plain, dtype: torch.dtype = torch.float64) -> mtl.MultiTaskModel:
    torch.manual_seed(0)
    return mtl.MultiTaskModel(trunk(), [nn.Linear(4, 3), nn.Linear(4, 2)]).to(dtype)


def batch(dtype: torch.dtype = torch.float64) -> mtl.Batch:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(N, 5, generator=generator, dtype=dtype)
    labels = torch.randint(3, (N,), generator=generator)
    values = torch.randn(N, 2, generator=generator, dtype=dtype)
    return mtl.Batch(x, (labels, values))


def masked() -> mtl.Batch:
    whole = batch()
    labels, values = (y.clone() for y in whole.targets)
    labels[:7] = UNLABELLED
    values[3] = torch.nan
    values[5, 0] = torch.nan
    return mtl.Batch(whole.inputs, (labels, values))


def two_inputs() -> mtl.Batch:
    whole = batch()
    return mtl.Batch((whole.inputs, whole.inputs.flip(0) + 1), whole.targets)


def losses_by_hand(model: mtl.MultiTaskModel, data: mtl.Batch) -> list[Tensor]:
    """Mean loss of each task, computed the ordinary way."""
    first, second = model(data.inputs)
    labels, values = data.targets
    cross = nn.functional.cross_entropy(first, labels, ignore_index=UNLABELLED)
    rows = [
        ((o - y)[~y.isnan()] ** 2).mean() for o, y in zip(second, values, strict=True) if not y.isnan().all()
    ]
    return [cross, torch.stack(rows).mean()]


def gradients_by_hand(model: mtl.MultiTaskModel, data: mtl.Batch) -> tuple[Tensor, list[list[Tensor]]]:
    """Jacobian on the shared parameters, and each head's own gradient."""
    losses = losses_by_hand(model, data)
    shared = list(model.shared_parameters())
    jacobian = []
    heads = []
    for loss, head in zip(losses, model.head_parameters(), strict=True):
        row = torch.autograd.grad(loss, [*shared, *head], retain_graph=True)
        jacobian.append(torch.cat([g.flatten() for g in row[: len(shared)]]))
        heads.append(list(row[len(shared) :]))
    return torch.stack(jacobian), heads


batches = pytest.mark.parametrize(
    "data", [batch(), masked(), two_inputs()], ids=["whole", "masked", "two inputs"]
)


@batches
def test_losses_and_gradients_are_autograds(data: mtl.Batch) -> None:
    model = make()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    torch.testing.assert_close(signals.losses, torch.stack(losses_by_hand(model, data)).detach())
    torch.testing.assert_close(signals.jacobian(), jacobian)
    torch.testing.assert_close(signals.gramian(), jacobian @ jacobian.T)
    assert signals.sizes == [p.numel() for p in model.trunk.parameters()]
    assert (signals.passes.forward, signals.passes.backward) == (1, 2)


def test_sample_losses_are_zero_where_a_label_is_missing() -> None:
    signals = mtl.Signals(make(), masked(), TASKS)
    assert torch.equal(signals.labelled[0], torch.arange(N) >= 7)
    assert torch.equal(signals.labelled[1], torch.arange(N) != 3)
    assert (signals.sample_losses[~signals.labelled] == 0).all()
    assert (signals.sample_losses[signals.labelled] > 0).all()
    means = signals.sample_losses.sum(1) / signals.labelled.sum(1)
    torch.testing.assert_close(means, signals.losses)


def test_gramian_at_the_features() -> None:
    model, data = make(), batch()
    z = model.trunk(data.inputs)
    losses = losses_by_hand(model, data)
    first, second = (head(z) for head in model.heads)
    losses = [
        nn.functional.cross_entropy(first, data.targets[0]),
        nn.functional.mse_loss(second, data.targets[1]),
    ]
    rows = torch.stack([torch.autograd.grad(loss, z, retain_graph=True)[0].flatten() for loss in losses])
    signals = mtl.Signals(model, data, TASKS)
    torch.testing.assert_close(signals.gramian(level="features"), rows @ rows.T)
    assert signals.passes.backward == 0
    signals.backward(torch.ones(2))
    assert (signals.passes.forward, signals.passes.backward) == (1, 1)
    with pytest.raises(ValueError, match="input of its own"):
        mtl.Signals(model, two_inputs(), TASKS).gramian(level="features")
    with pytest.raises(ValueError, match="level"):
        signals.gramian(level="layers")


@batches
@pytest.mark.parametrize("first_ask", ["nothing", "the Jacobian"])
def test_backward_weights_shared_parameters_and_leaves_heads(data: mtl.Batch, first_ask: str) -> None:
    model = make()
    jacobian, heads = gradients_by_hand(model, data)
    weights = torch.tensor([0.3, 1.7], dtype=torch.float64)
    signals = mtl.Signals(model, data, TASKS)
    if first_ask == "the Jacobian":
        signals.jacobian()
    signals.backward(weights)
    torch.testing.assert_close(flat_grad(model), weights @ jacobian)
    for head, own in zip(model.head_parameters(), heads, strict=True):
        torch.testing.assert_close([p.grad for p in head], own)
    assert signals.passes.backward == (1 if first_ask == "nothing" else 2)


@batches
def test_backward_of_weighted_losses(data: mtl.Batch) -> None:
    """The same weights on the heads are what one backward of the weighted loss gives."""
    model, weights = make(), torch.tensor([0.3, 1.7], dtype=torch.float64)
    total = sum(w * loss for w, loss in zip(weights, losses_by_hand(model, data), strict=True))
    expected = torch.autograd.grad(total, list(model.parameters()))
    mtl.Signals(model, data, TASKS).backward(weights, heads=weights)
    torch.testing.assert_close([p.grad for p in model.parameters()], list(expected))


def test_gradients_accumulate_and_cached_ones_stay() -> None:
    model = make()
    signals = mtl.Signals(model, batch(), TASKS)
    signals.backward(torch.ones(2))
    once = [p.grad.clone() for p in model.parameters()]
    for p in model.parameters():
        p.grad.mul_(3)  # as clipping does
    again = mtl.Signals(model, batch(), TASKS)
    again.backward(torch.ones(2))
    torch.testing.assert_close([p.grad for p in model.parameters()], [4 * g for g in once])
    torch.testing.assert_close(signals._cut[1][0][0], once[4])


def test_gradient_accumulation_asks_for_weights_once() -> None:
    model, whole, method = make(), batch(), mtl.SLAW()
    halves = [
        mtl.Batch(whole.inputs[part], tuple(y[part] for y in whole.targets))
        for part in (slice(None, N // 2), slice(N // 2, None))
    ]
    weights = method.backward(mtl.Signals(model, halves[0], TASKS))
    mtl.Signals(model, halves[1], TASKS).backward(weights, heads=weights)
    assert method.steps == 1
    accumulated = [p.grad / 2 for p in model.parameters()]
    model.zero_grad()
    mtl.Signals(model, whole, TASKS).backward(weights, heads=weights)
    torch.testing.assert_close(accumulated, [p.grad for p in model.parameters()])


# Alignment ---------------------------------------------------------------------------------------


@batches
@pytest.mark.parametrize("scope", ["shared", "all"])
def test_alignment_is_an_inner_product(data: mtl.Batch, scope: str) -> None:
    model = make()
    signals = mtl.Signals(model, data, TASKS)
    shared, heads = gradients_by_hand(model, data)
    own = torch.zeros(2, sum(g.numel() for head in heads for g in head), dtype=torch.float64)
    size = sum(g.numel() for g in heads[0])
    own[0, :size] = torch.cat([g.flatten() for g in heads[0]])
    own[1, size:] = torch.cat([g.flatten() for g in heads[1]])
    whole = shared if scope == "shared" else torch.cat([shared, own], 1)
    direction = torch.randn(whole.shape[1], dtype=torch.float64)
    torch.testing.assert_close(signals.alignment(direction), whole @ direction)
    assert signals.passes.forward_mode == 1
    assert signals.passes.backward == 0


def sample_alignment_by_hand(model: mtl.MultiTaskModel, data: mtl.Batch, direction: Tensor) -> Tensor:
    """One sample's loss differentiated at a time; for layers that treat samples alone."""
    result = torch.zeros(2, N, dtype=torch.float64)
    for n in range(N):
        inputs = (
            tuple(x[n : n + 1] for x in data.inputs)
            if isinstance(data.inputs, tuple)
            else data.inputs[n : n + 1]
        )
        outputs = model(inputs)
        for t, task in enumerate(TASKS):
            target = data.targets[t][n : n + 1]
            if not task.labelled(target).any():
                continue
            loss = task.sample_losses(outputs[t], target)[0].sum()
            row = torch.autograd.grad(loss, list(model.trunk.parameters()), retain_graph=True)
            result[t, n] = torch.cat([g.flatten() for g in row]) @ direction
    return result


@batches
@pytest.mark.parametrize("trunk", [plain, without_forward_mode])
def test_alignment_of_every_sample(data: mtl.Batch, trunk: type) -> None:
    model = make(trunk)
    direction = torch.randn(sum(p.numel() for p in model.trunk.parameters()), dtype=torch.float64)
    signals = mtl.Signals(model, data, TASKS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = signals.alignment(direction, of="samples")
    torch.testing.assert_close(samples, sample_alignment_by_hand(model, data, direction))


def test_the_fallback_is_said_and_gives_the_same_numbers() -> None:
    model, data = make(without_forward_mode), batch()
    signals = mtl.Signals(model, data, TASKS)
    jacobian, _ = gradients_by_hand(model, data)
    direction = jacobian[0]
    with pytest.warns(UserWarning, match="forward-mode"):
        torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)
    assert signals.passes.forward_mode == 0


def test_alignment_leaves_buffers_and_random_state_alone_and_shares_the_mask() -> None:
    model, data = make(with_noise), batch()
    torch.manual_seed(5)
    signals = mtl.Signals(model, data, TASKS)
    jacobian = signals.jacobian()
    buffers = {k: v.clone() for k, v in model.named_buffers()}
    state = torch.get_rng_state()
    direction = jacobian[1]
    for _ in range(2):
        torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.named_buffers():
        assert torch.equal(value, buffers[name]), name


def test_batch_norm_statistics_are_updated_once_a_step() -> None:
    model, twin = make(with_noise), make(with_noise)
    for _ in range(3):
        twin(batch().inputs)
        signals = mtl.Signals(model, batch(), TASKS)
        signals.alignment(signals.jacobian()[0])
        signals.backward(torch.ones(2))
    for (name, ours), (_, theirs) in zip(model.named_buffers(), twin.named_buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)


def test_alignment_against_finite_differences() -> None:
    model, data = make(), batch()
    signals = mtl.Signals(model, data, TASKS)
    direction = torch.randn(sum(signals.sizes), dtype=torch.float64)
    measured = signals.alignment(direction)
    step, ends = 1e-6, []
    for sign in (1, -1):
        moved = make()
        pieces = direction.split(signals.sizes)
        with torch.no_grad():
            for p, v in zip(moved.trunk.parameters(), pieces, strict=True):
                p += sign * step * v.view_as(p)
        ends.append(mtl.Signals(moved, data, TASKS).losses)
    torch.testing.assert_close(measured, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "direction",
    [torch.ones(3), torch.ones(2, 2), torch.full((84,), torch.nan)],
    ids=["short", "matrix", "nan"],
)
def test_a_wrong_direction(direction: Tensor) -> None:
    with pytest.raises(ValueError, match="direction"):
        mtl.Signals(make(), batch(), TASKS).alignment(direction)


# What methods make of it -------------------------------------------------------------------------


@pytest.mark.parametrize("name", mtl.METHODS)
@batches
def test_every_method_fills_the_gradients(name: str, data: mtl.Batch) -> None:
    """.grad of the shared parameters is the weighted sum or the direction; heads as the family says."""
    model, method, twin = make(), mtl.METHODS[name](), mtl.METHODS[name]()
    for m in (method, twin):
        m.seed(0)
    if method.family == "samples":
        return  # weights of samples have a test of their own
    jacobian, heads = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS, data)
    weights = method.backward(signals)
    expected = twin.direction(jacobian, signals.sizes) if weights is None else weights @ jacobian
    torch.testing.assert_close(flat_grad(model), expected)
    if method.sees in ("losses", "gramian"):
        again = twin.weights(signals.losses if method.sees == "losses" else jacobian @ jacobian.T)
        torch.testing.assert_close(weights, again)
    for t, (head, own) in enumerate(zip(model.head_parameters(), heads, strict=True)):
        factor = weights[t] if method.family == "losses" or name == "OLAux" else 1
        torch.testing.assert_close([p.grad for p in head], [factor * g for g in own])


@pytest.mark.parametrize("name", mtl.METHODS)
def test_passes_are_what_the_docstring_says(name: str) -> None:
    """Seven tasks, so that a T is no other number."""
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(plain(), [nn.Linear(4, 2) for _ in range(7)])
    data = mtl.Batch(torch.randn(N, 5), tuple(torch.randn(N, 2) for _ in range(7)))
    tasks = [mtl.Task.regression(f"task {i}") for i in range(7)]
    signals = mtl.Signals(model, data, tasks, data)
    method = mtl.METHODS[name]()
    method.backward(signals)
    words = {7: "T", 8: "T + 1", 9: "T + 2", 14: "2T"}
    passes = {k.replace("_", "-"): words.get(n, n) for k, n in asdict(signals.passes).items() if n}
    counted = ", ".join(f"{n} {kind}" for kind, n in passes.items())
    assert f"Cost: {counted}" in method.__doc__


@pytest.mark.parametrize("method", [mtl.Projection(per="variable"), mtl.Projection(smoothing=0.5)], ids=repr)
def test_projection_on_the_jacobian(method: mtl.Projection) -> None:
    model, data = make(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    assert method.backward(signals) is None
    method.reset()
    torch.testing.assert_close(flat_grad(model), method.direction(jacobian, signals.sizes))


def test_autocast() -> None:
    model, data = make(dtype=torch.float32), batch(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mtl.PCGrad().backward(mtl.Signals(model, data, TASKS))
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in model.parameters())
    low = flat_grad(model).clone()
    model.zero_grad()
    mtl.PCGrad().backward(mtl.Signals(model, data, TASKS))
    assert torch.cosine_similarity(low, flat_grad(model), dim=0) > 0.99


# Bad input ---------------------------------------------------------------------------------------


def test_bad_batches_say_what_is_wrong() -> None:
    model, good = make(), batch()
    labels, values = good.targets
    empty = mtl.Batch(good.inputs[:0], (labels[:0], values[:0]))
    nothing = mtl.Batch(good.inputs, (torch.full_like(labels, UNLABELLED), values))
    broken = mtl.Batch(good.inputs.clone().fill_(torch.nan), good.targets)
    cases = [
        (empty, "empty"),
        (nothing, "'shape' has no labelled entry"),
        (broken, "'shape' is nan"),
        (mtl.Batch(good.inputs, (labels.double(), values)), "'shape'.*integers"),
        (mtl.Batch(good.inputs, (labels + 7, values)), "'shape'.*do not fit"),
        (mtl.Batch(good.inputs, (labels, values[:, :1])), "'size'.*shape"),
        (mtl.Batch(good.inputs, (labels, labels)), "'size'.*real"),
        (mtl.Batch(good.inputs, (labels, values[:4])), "12 outputs but 4 targets"),
        (mtl.Batch(good.inputs, (labels,)), "2 heads"),
    ]
    for data, message in cases:
        with pytest.raises(ValueError, match=message):
            _ = mtl.Signals(model, data, TASKS).losses
    with pytest.raises(ValueError, match="2 inputs but 3"):
        mtl.Batch((good.inputs, good.inputs), (labels, values, values))


def test_a_trunk_without_parameters() -> None:
    model = mtl.MultiTaskModel(nn.Identity(), [nn.Linear(5, 3), nn.Linear(5, 2)]).double()
    with pytest.raises(ValueError, match="share nothing"):
        mtl.Signals(model, batch(), TASKS).jacobian()


def test_a_parameter_in_two_heads_belongs_in_the_trunk() -> None:
    tied = nn.Linear(4, 3)
    with pytest.raises(ValueError, match="shared"):
        mtl.MultiTaskModel(plain(), [tied, tied])


def flat_grad(model: mtl.MultiTaskModel) -> Tensor:
    return torch.cat([p.grad.flatten() for p in model.shared_parameters()])
