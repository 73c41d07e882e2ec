"""GradDrop: reference numbers, its mean, its signs, and the representation."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, A, C, jacobians, rows, seeded
from helpers.trunks import FIVE_TASKS, T, make_problem
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.methods.base import Method
from mtlcore.methods.gradients.graddrop import GradDrop, shares


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (GradDrop(), [[3, -4]], [3, -4]),
        (GradDrop(), IDENTICAL, [2, 4]),
        (GradDrop(scale="mean"), IDENTICAL, [1, 2]),
        (GradDrop(leak=1), C, [0.5, -1, 1]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


def drop(gradients: Tensor, draws: Tensor, leaks: Tensor) -> Tensor:
    return (shares(gradients, draws, leaks) * gradients).sum(0)


@pytest.mark.parametrize(
    ("gradients", "draw", "leak", "expected"),
    [
        (A, 0.3, 0, [1, 1]),
        (A, 0.7, 0, [-1, 1]),
        (C, 0.3, 0, [1.5, 1, 1]),
        (C, 0.7, 0, [-1, -2, 1]),
        (C, 0.7, 0.5, [-0.25, -1.5, 1]),
        ([[0, 1], [0, -1]], 0.5, 0, [0, -1]),
    ],
)
def test_graddrop_reference(gradients: list, draw: float, leak: float, expected: list) -> None:
    g = rows(gradients)
    assert_exact(drop(g, torch.full_like(g[0], draw), torch.full_like(g[:, 0], leak)), expected)


@given(jacobians(), st.sampled_from([0, 0.3, 1]))
def test_graddrop_is_the_sum_on_average(gradients: Tensor, leak: float) -> None:
    """Identity 4: the mean over U, whose every value gives the sum of one sign or of the other."""
    share = gradients.clamp(min=0).sum(0) / gradients.abs().sum(0)
    leaks = torch.full_like(gradients[:, 0], leak)
    below = drop(gradients, share * (1 - 1e-12), leaks)
    above = drop(gradients, share * (1 + 1e-12), leaks)
    mean = share * torch.where(share > 0, below, 0) + (1 - share) * torch.where(share < 1, above, 0)
    slack = 1e-12 * float(gradients.norm())
    torch.testing.assert_close(mean, gradients.sum(0), rtol=1e-9, atol=slack)


def test_graddrop_draws_uniformly() -> None:
    method = GradDrop(generator=seeded(0))
    gradients = rows(C).repeat(1, 20_000)
    found = method.direction(gradients).view(20_000, 3)
    error = 5 * found.std(0) / 20_000**0.5
    assert ((found.mean(0) - rows(C).sum(0)).abs() <= error).all()
    assert set(found[:, 0].tolist()) == {1.5, -1}


@given(jacobians())
def test_graddrop_of_one_sign_is_the_sum(gradients: Tensor) -> None:
    for g in (gradients.abs(), -gradients.abs()):
        torch.testing.assert_close(GradDrop().direction(g), g.sum(0))
    low = gradients.abs().bfloat16()
    torch.testing.assert_close(GradDrop().direction(low), low.float().sum(0).bfloat16())


def test_graddrop_keeps_to_the_sign_it_drew() -> None:
    gradients = torch.randn(5, 1000, generator=seeded(1), dtype=torch.float64)
    found = GradDrop(generator=seeded(2)).direction(gradients)
    rising, falling = gradients.clamp(min=0).sum(0), gradients.clamp(max=0).sum(0)
    assert (torch.isclose(found, rising) | torch.isclose(found, falling)).all()
    assert torch.equal(found, GradDrop(generator=seeded(2)).direction(gradients))


def test_graddrop_lets_single_tasks_leak() -> None:
    method = GradDrop(leak=[1, 0], generator=seeded(0))
    found = torch.stack([method.direction(rows([[-1], [1]])) for _ in range(100)])
    assert set(found.flatten().tolist()) == {-1, 0}
    with pytest.raises(ValueError, match="2 values for 3 tasks"):
        method.direction(rows(C))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: GradDrop(leak=2),
        lambda: GradDrop(leak=[0, math.nan]),
        lambda: GradDrop(scale="median"),
        lambda: GradDrop(level="heads"),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_graddrop_at_the_features_keeps_one_sign_a_feature() -> None:
    model, data = make_problem()
    z = model.trunk(data.inputs)
    losses = [F.mse_loss(head(z), y) for head, y in zip(model.heads, data.targets, strict=True)]
    sent = torch.stack([torch.autograd.grad(loss, z, retain_graph=True)[0] for loss in losses])
    signed = (sent * z.detach().sign()).sum(1)
    purity = 0.5 * (1 + signed.sum(0) / signed.abs().sum(0))
    draws = torch.rand(4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mask = torch.where(draws < purity, signed > 0, signed < 0)
    assert mask.any() and not mask.all()
    (expected,) = torch.autograd.grad(z, [model.trunk[0].weight], (mask[:, None] * sent).sum(0))
    method = mtl.GradDrop(level="features", generator=torch.Generator().manual_seed(3))
    signals = mtl.Signals(model, data, FIVE_TASKS)
    assert method.backward(signals) is None
    torch.testing.assert_close(model.trunk[0].weight.grad, expected)
    torch.testing.assert_close(
        [h.weight.grad for h in model.heads],
        [
            torch.autograd.grad(F.mse_loss(h(z), y), h.weight, retain_graph=True)[0]
            for h, y in zip(model.heads, data.targets, strict=True)
        ],
    )
    assert signals.passes.backward == 1


def test_graddrop_at_the_features_of_images() -> None:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Unflatten(1, (1, 5, 24)), nn.Conv2d(1, 3, 3))
    heads = [nn.Sequential(nn.Flatten(), nn.Linear(198, 2)) for _ in range(T)]
    model, (_, data) = mtl.MultiTaskModel(trunk, heads).double(), make_problem()
    mtl.GradDrop(leak=1, level="features").backward(mtl.Signals(model, data, FIVE_TASKS))
    leaky = model.trunk[1].weight.grad.clone()
    model.zero_grad()
    mtl.Signals(model, data, FIVE_TASKS).backward(torch.ones(T))
    torch.testing.assert_close(leaky, model.trunk[1].weight.grad)
