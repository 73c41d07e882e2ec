"""SLGrad: reference numbers, and the step as a weighted sum of sample gradients."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import TASKS, batch, make_model, masked, sample_alignment_by_hand, two_inputs
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.book.toys import Point
from mtlcore.methods.samples.slgrad import SLGrad


def slgrad_problem() -> mtl.Signals:
    """The reference's linear regressions in the plane: theta = (1, -1), two samples a task."""

    def squared(theta: Tensor, xy: Tensor) -> Tensor:
        error = (theta * xy[:, :2]).sum(1) - xy[:, 2]
        return (0.5 * error**2)[:, None].expand_as(xy)

    tasks = tuple(
        mtl.Task(n, squared, mtl.Metrics.whole("nothing", lambda o, y: 0.0, False)) for n in ("main", "other")
    )
    model = mtl.MultiTaskModel(Point([1, -1]), [nn.Identity(), nn.Identity()])
    train = (
        torch.tensor([[1.0, 0, 0], [0, 1, 0]], dtype=torch.float64),
        torch.tensor([[1.0, 1, 1], [2, 0, 5]], dtype=torch.float64),
    )
    held_out = torch.tensor([[1, 0.5, 0]], dtype=torch.float64)
    return mtl.Signals(
        model,
        mtl.Batch(torch.zeros(2, 0), train),
        tasks,
        mtl.Batch(torch.zeros(1, 0), (held_out, held_out)),
    )


def test_slgrad_reference() -> None:
    signals = slgrad_problem()
    direction = signals.main_gradient()
    assert_exact(direction, 0.5, 0.25)
    alignment = signals.alignment(direction, of="samples")
    torch.testing.assert_close(alignment, torch.stack([vector(0.5, -0.25), vector(-0.75, -3)]))
    total = SLGrad().backward(signals)
    assert_exact(total, 1, 0)
    assert_exact(signals.model.trunk.theta.grad, 1, 0)


def test_slgrad_look_ahead_reference() -> None:
    signals = slgrad_problem()
    direction = signals.main_gradient(lookahead=0.1)
    assert_exact(direction, 0.675, 0.3375)
    alignment = signals.alignment(direction, of="samples")
    torch.testing.assert_close(alignment, torch.stack([vector(0.675, -0.3375), vector(-1.0125, -4.05)]))


@pytest.mark.parametrize("data", [batch(), masked(), two_inputs()], ids=["whole", "masked", "two inputs"])
@pytest.mark.parametrize("lookahead", [None, 0.1])
def test_slgrad_step_is_the_weighted_sum_of_sample_gradients(
    data: mtl.Batch, lookahead: float | None
) -> None:
    model = make_model()
    held_out = batch()
    if isinstance(data.inputs, tuple):
        held_out = mtl.Batch((held_out.inputs, held_out.inputs), held_out.targets)
    signals = mtl.Signals(model, data, TASKS, held_out)
    method = SLGrad(scope="shared", lookahead=lookahead)
    direction = signals.main_gradient(0, lookahead)[: sum(signals.sizes)]
    method.backward(signals)
    raw = sample_alignment_by_hand(model, data, direction)
    weights = raw.clamp(min=0) / raw.clamp(min=0).sum()
    outputs = model(data.inputs)
    rows = [t.sample_losses(o, y)[0] for t, o, y in zip(TASKS, outputs, data.targets, strict=True)]
    expected = torch.autograd.grad((weights * torch.stack(rows)).sum(), list(model.parameters()))
    torch.testing.assert_close([p.grad for p in model.parameters()], list(expected))
    grads = torch.cat([g.flatten() for g in expected[: len(signals.sizes)]])
    assert grads @ direction > 0


def test_slgrad_cosine_forgets_the_size_of_a_gradient() -> None:
    data = batch()
    signals = mtl.Signals(make_model(), data, TASKS, data)
    direction = signals.main_gradient()
    cosines = signals.alignment(direction, of="samples") / signals.sample_norms()
    assert (cosines.abs() <= direction.norm() * (1 + 1e-9)).all()
    total = SLGrad(similarity="cosine").backward(signals)
    expected = cosines.clamp(min=0) / cosines.clamp(min=0).sum()
    torch.testing.assert_close(total, expected.sum(1))


def test_slgrad_takes_no_step_when_no_sample_helps() -> None:
    against = -torch.ones(2, 3, dtype=torch.float64)
    assert not SLGrad().weights(against).any()
    torch.testing.assert_close(SLGrad(on_empty="uniform").weights(against), torch.full_like(against, 1 / 6))


def square_root(outputs: Tensor, targets: Tensor) -> Tensor:
    """A loss with a gradient that is not finite where the output is right."""
    return (outputs - targets).abs().sqrt()


@pytest.mark.parametrize("on_empty", ["skip", "uniform"])
@pytest.mark.parametrize("broken", ["loss", "gradient"])
def test_slgrad_writes_nothing_for_a_broken_sample(broken: str, on_empty: str) -> None:
    """A weight of zero would not help: zero times NaN is NaN."""
    model, data = make_model(), batch()
    tasks = (TASKS[0], mtl.Task("root", square_root, TASKS[1].metrics))
    labels, values = data.targets[0], data.targets[1].clone()
    values[3] = torch.inf if broken == "loss" else model(data.inputs)[1][3].detach()
    method, bad = SLGrad(on_empty=on_empty), mtl.Batch(data.inputs, (labels, values))
    method.backward(mtl.Signals(model, data, tasks, data))
    model.zero_grad()
    with pytest.raises(
        ValueError, match="'root' is inf" if broken == "loss" else r"sample 3 of task 1 .*first of 1\)"
    ):
        method.backward(mtl.Signals(model, bad, tasks, data))
    assert all(p.grad is None for p in model.parameters())


def test_a_main_task_without_gradient_is_said() -> None:
    model, data = make_model(), batch()
    nn.init.zeros_(model.heads[1].weight)
    nn.init.zeros_(model.heads[1].bias)
    zero = mtl.Batch(data.inputs, (data.targets[0], torch.zeros_like(data.targets[1])))
    with pytest.raises(ValueError, match="validation gradient is zero"):
        SLGrad(main=1).backward(mtl.Signals(model, data, TASKS, zero))
