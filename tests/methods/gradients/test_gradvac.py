"""GradVac: reference numbers, its algorithm word for word, and degenerate cases."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import EXACT, assert_exact
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, C, H, jacobians, rows, seeded
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods._random import orders
from mtlcore.methods.base import Method
from mtlcore.methods.gradients.gradvac import GradVac


def vaccinated(target: float, beta: float) -> GradVac:
    method = GradVac(beta, generator=seeded(0))
    method.targets = torch.full((2, 2), target, dtype=torch.float64)
    return method


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (GradVac(), A, [0.5, 1.5]),
        (GradVac(scale="mean"), A, [0.25, 0.75]),
        (vaccinated(0.5, 0.5), A, [0.7886751346, 1.7886751346]),
        (vaccinated(0.5, 0.5), H, [3.0577350269, 1.8320508076]),
        (GradVac(), OPPOSITE, [0, 0]),
        (GradVac(), IDENTICAL, [2, 4]),
        (GradVac(), ZERO, [1, 0]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


def test_gradvac_reference_targets() -> None:
    for method, gradients, off_diagonal in (
        (GradVac(), A, -0.0070710678),
        (vaccinated(0.5, 0.5), A, -0.1035533906),
        (vaccinated(0.5, 0.5), H, 0.25),
    ):
        start = float(method.targets[0, 0]) if len(method.targets) else 0.0
        method.direction(rows(gradients))
        assert_exact(method.targets, [[start, off_diagonal], [off_diagonal, start]])


@given(jacobians(), st.integers(0, 2**31))
def test_gradvac_without_targets_is_pcgrad(gradients: Tensor, seed: int) -> None:
    """Identity 3, in the same order; and variable by variable."""
    vac, pc = GradVac(beta=0, generator=seeded(seed)), mtl.PCGrad(generator=seeded(seed))
    for _ in range(2):
        gramian = gradients @ gradients.T
        torch.testing.assert_close(vac.weights(gramian), pc.weights(gramian), rtol=1e-7, atol=1e-9)
    sizes = [1, gradients.shape[1] - 1]
    vac = GradVac(beta=0, per="variable", generator=seeded(seed))
    pieces = [
        mtl.PCGrad(generator=seeded(seed)).direction(g) if g.numel() else g.sum(0)
        for g in gradients.split(sizes, 1)
    ]
    slack = 1e-9 * float(gradients.norm())
    torch.testing.assert_close(vac.direction(gradients, sizes), torch.cat(pieces), rtol=1e-7, atol=slack)


def gradvac_word_for_word(gradients: Tensor, order: Tensor, targets: Tensor, beta: float) -> Tensor:
    """Algorithm 1 of Wang et al.; the targets change in place."""
    total = torch.zeros_like(gradients[0])
    for i, others in enumerate(order.tolist()):
        g = gradients[i].clone()
        for j in others:
            a, b = g.norm(), gradients[j].norm()
            rho, target = g @ gradients[j] / (a * b), targets[i, j].clone()
            if rho < target:
                turn = target * (1 - rho**2).sqrt() - rho * (1 - target**2).sqrt()
                g = g + a * turn / (b * (1 - target**2).sqrt()) * gradients[j]
            targets[i, j] = (1 - beta) * target + beta * rho
        total += g
    return total


@pytest.mark.parametrize("per", ["whole", "variable"])
@pytest.mark.parametrize("seed", range(5))
def test_gradvac_is_its_algorithm(seed: int, per: str) -> None:
    tasks, sizes = 4, [2, 3]
    method = GradVac(beta=0.3, per=per, generator=seeded(seed))
    twin = seeded(seed)
    blocks = slice(0, 2), slice(2, 5)
    if per == "whole":
        blocks = (slice(0, 5),)
    targets = [torch.zeros(tasks, tasks, dtype=torch.float64) for _ in blocks]
    for step in range(6):
        gradients = torch.randn(tasks, 5, generator=seeded(100 * seed + step), dtype=torch.float64)
        order = orders(tasks, twin)
        expected = [
            gradvac_word_for_word(gradients[:, b], order, t, 0.3)
            for b, t in zip(blocks, targets, strict=True)
        ]
        torch.testing.assert_close(method.direction(gradients, sizes), torch.cat(expected), **EXACT)
    torch.testing.assert_close(method.targets, torch.stack(targets) if per == "variable" else targets[0])


@given(jacobians(least=2, most=2), st.floats(-0.9, 0.9))
def test_gradvac_reaches_its_target(gradients: Tensor, target: float) -> None:
    method = vaccinated(target, 0)
    cosine = torch.nn.functional.cosine_similarity(*gradients, dim=0)
    weights = method.weights(gradients @ gradients.T)
    alone = GradVac().weights(gradients[:1] @ gradients[:1].T)
    assert_exact(alone, [1])
    assume(cosine < target and 1 - cosine.abs() >= 1e-9)
    first = gradients[0] + (weights[1] - 1) * gradients[1]
    assert float(first @ gradients[1] / (first.norm() * gradients[1].norm())) == pytest.approx(
        target, abs=1e-6
    )


@given(jacobians(least=2))
def test_gradvac_targets_stay_cosines(gradients: Tensor) -> None:
    method = GradVac(beta=0.9, generator=seeded(0))
    for k in range(5):
        assert torch.isfinite(method.direction(gradients if k % 2 else gradients.abs())).all()
    assert (method.targets.abs() <= 1).all()
    assert (method.targets.diagonal() == 0).all()


def test_gradvac_identical_tasks_for_ever() -> None:
    method = GradVac(beta=1)
    for _ in range(5):
        assert_exact(method.direction(rows(IDENTICAL)), [2, 4])
    assert_exact(method.targets, [[0, 1], [1, 0]])
    assert torch.isfinite(method.direction(rows(OPPOSITE))).all()


def test_gradvac_passes_a_zero_gradient_over() -> None:
    method = vaccinated(0.5, 0.5)
    assert_exact(method.direction(rows(ZERO)), [1, 0])
    assert_exact(method.targets, [[0.5, 0.5], [0.5, 0.5]])


@pytest.mark.parametrize("per", ["whole", "variable"])
def test_gradvac_of_other_tasks_says_so(per: str) -> None:
    method, two, three = GradVac(per=per), rows(A), rows(C)
    method.direction(two, [two.shape[1]])
    with pytest.raises(ValueError, match=r"seen 2 tasks and now sees 3; .*reset"):
        method.direction(three, [three.shape[1]])
    method.reset()
    method.direction(three, [three.shape[1]])
    assert method.targets.shape[-2:] == (3, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: GradVac(beta=1.5),
        lambda: GradVac(per="layer"),
        lambda: GradVac(per="variable", level="features"),
        lambda: GradVac(per="variable").direction(torch.eye(2)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_a_target_of_one_is_capped() -> None:
    """After parallel gradients the target is 1, where the tangent of the angle would have no bound."""
    method = GradVac(beta=1, generator=seeded(0))
    method.weights(torch.ones(2, 2, dtype=torch.float64))
    weights = method.weights(torch.eye(2, dtype=torch.float64))
    target = 1 - 1e-6
    added = target / (1 - target**2) ** 0.5
    assert_exact(weights, 1 + added, 1 + added)
