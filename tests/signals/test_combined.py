"""Micro-batches of one step against the whole batch, for every method."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import pytest
import torch
from helpers.methods import TEXTS, make, methods
from helpers.networks import TASKS, batch, make_model, masked, plain, two_inputs, with_noise
from torch import Tensor, nn

import mtlcore as mtl


def pieces(whole: mtl.Batch, *sizes: int) -> list[mtl.Batch]:
    """The batch in micro-batches."""
    inputs = whole.inputs if isinstance(whole.inputs, tuple) else (whole.inputs,)
    rows = zip(*(x.split(sizes) for x in inputs), strict=True)
    targets = zip(*(y.split(sizes) for y in whole.targets), strict=True)
    alone = not isinstance(whole.inputs, tuple)
    return [mtl.Batch(x[0] if alone else x, y) for x, y in zip(rows, targets, strict=True)]


@methods(
    texts=[*TEXTS, "HydaLearn(on_training=True)", "SLGrad(lookahead=0.1)", "HydaLearn(first_order=True)"]
)
@pytest.mark.parametrize("data", [batch(), masked(), two_inputs()], ids=["whole", "masked", "two inputs"])
def test_micro_batches_are_one_step(text: str, data: mtl.Batch) -> None:
    """Weights, gradients and state over some steps are those of the whole batch, for every method."""
    if "features" in text and isinstance(data.inputs, tuple):
        pytest.skip("features of two inputs are not compared")
    held_out = mtl.Batch(batch().inputs.flip(0) * 0.7, batch().targets)
    answers = []
    for step in (data, pieces(data, 5, 4, 3)):
        model, method = make_model(), make(text)
        sgd = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=0.1)
        found = []
        for _ in range(3):
            sgd.zero_grad()
            signals = mtl.Signals(model, step, TASKS, held_out)
            weights = method.backward(signals)
            found += [weights, *(p.grad.clone() for p in model.parameters())]
            sgd.step()
            method.after_step(signals)
        answers.append(found)
    torch.testing.assert_close(answers[1], answers[0], rtol=1e-9, atol=1e-12)


def test_every_signal_of_micro_batches() -> None:
    data = masked()
    signals = [mtl.Signals(make_model(), step, TASKS, data) for step in (data, pieces(data, 5, 4, 3))]
    direction = torch.randn(sum(signals[0].sizes), dtype=torch.float64)
    parameters = [list(s.model.shared_parameters())[:2] for s in signals]
    for whole, parts in (
        [s.losses for s in signals],
        [s.losses_now() for s in signals],
        [s.sample_losses for s in signals],
        [s.labelled for s in signals],
        [s.features() for s in signals],
        [s.feature_gradients() for s in signals],
        [s.gradient(1) for s in signals],
        [s.norms() for s in signals],
        [s.norms(p) for s, p in zip(signals, parameters, strict=True)],
        [s.gramian() for s in signals],
        [s.gramian("features") for s in signals],
        [s.jacobian() for s in signals],
        [s.alignment(direction) for s in signals],
        [s.alignment(direction, of="samples") for s in signals],
        [s.sample_norms() for s in signals],
        [s.main_gradient(1, lookahead=0.1) for s in signals],
        [s.response(torch.ones(2), 0.1) for s in signals],
        [s.gains(0.1)[0] for s in signals],
    ):
        torch.testing.assert_close(parts, whole)


class Marked(torch.autograd.Function):
    """The identity; its graph holds an object that tells when it dies."""

    alive: ClassVar[list[weakref.ref]] = []

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.marker = Marker()
        Marked.alive.append(weakref.ref(ctx.marker))
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class Marker:
    pass


class Counting(nn.Module):
    """The identity; notes how many earlier graphs are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.found.append(sum(ref() is not None for ref in Marked.alive))
        return Marked.apply(x)


@pytest.mark.parametrize("text", ["PCGrad", "Static", "GradDrop(level='features')"])
def test_one_micro_batch_is_in_memory_at_a_time(text: str) -> None:
    """No graph of an earlier micro-batch is alive when the next one passes forward."""
    torch.manual_seed(0)
    Marked.alive.clear()
    trunk = nn.Sequential(plain(), Counting())
    model = mtl.MultiTaskModel(trunk, [nn.Linear(4, 3), nn.Linear(4, 2)]).double()
    make(text).backward(mtl.Signals(model, pieces(batch(), 4, 4, 4), TASKS))
    assert len(trunk[1].found) >= 6
    assert not any(trunk[1].found)


def test_noise_and_statistics_are_those_of_the_first_pass() -> None:
    """Dropout draws one mask a micro-batch, and batch statistics move once for each."""
    data = pieces(batch(), 6, 6)
    model, twin = make_model(with_noise), make_model(with_noise)
    torch.manual_seed(3)
    signals = mtl.Signals(model, data, TASKS)
    jacobian = signals.jacobian()
    torch.rand(5)  # another draw between two questions changes nothing
    direction = jacobian[1]
    torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)
    signals.backward(torch.tensor([0.3, 2.0]))
    expected = torch.tensor([0.3, 2.0], dtype=torch.float64) @ jacobian
    found = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(found, expected)
    torch.manual_seed(3)
    for part in data:
        twin(part.inputs)
    for (name, ours), (_, theirs) in zip(model.named_buffers(), twin.named_buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)


def test_losses_after_the_step_are_those_of_the_first_masks() -> None:
    """One forward pass a micro-batch; nothing stays in memory, and nothing is drawn or counted by a layer."""
    model, data = make_model(with_noise), pieces(batch(), 7, 5)
    signals = mtl.Signals(model, data, TASKS)
    before = signals.losses
    torch.testing.assert_close(signals.losses_now(), before)
    signals.backward(torch.ones(2))
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    passes, buffers = signals.passes.forward, [b.clone() for b in model.buffers()]
    random = torch.get_rng_state()
    after = signals.losses_now()
    assert signals.passes.forward == passes + 2
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(a, b) for a, b in zip(model.buffers(), buffers, strict=True))
    assert (after < before).all()
    assert torch.equal(signals.losses_now(), after)
    assert torch.equal(signals.losses, before)
    assert torch.equal(signals.only([1]).losses_now(), after[1:])


def test_no_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one batch"):
        mtl.Signals(make_model(), [], TASKS)
