"""CAGrad: reference numbers, a general solver, its dual, and degenerate cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, C, H, problems, rows, seeded
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, nnls
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods._minnorm import min_norm
from mtlcore.methods.base import Method
from mtlcore.methods.gradients import cagrad
from mtlcore.methods.gradients.cagrad import CAGrad
from mtlcore.methods.gradients.mgda import MGDA


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (CAGrad(), OPPOSITE, [0.5, 0.5]),
        (CAGrad(c=1, rescale=0), ZERO, [0.5, 0.5]),
        (CAGrad(c=1), ZERO, [0.25, 0.25]),
        (CAGrad(c=0.5), [[3, 4]], [1.2]),
        (CAGrad(c=0.5, rescale=2), [[3, 4]], [1]),
        (CAGrad(c=0.5, rescale=0), [[3, 4]], [1.5]),
    ],
    ids=repr,
)
def test_reference_weights(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.weights(rows(gradients) @ rows(gradients).T), expected)


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (CAGrad(c=0.5), A, [0.2, 0.4]),
        (CAGrad(c=0.8, rescale=0), A, [0.3483239697, 0.6966479395]),
        (CAGrad(c=0.8), A, [0.2123926645, 0.4247853290]),
        (CAGrad(c=0.8, scale="sum"), A, [0.4247853290, 0.8495706580]),
        (CAGrad(c=0.8), C, [0.0117420480, 0.0234840961, 0.2032520325]),
        (CAGrad(c=0.5), C, [-0.0080880229, -0.1252453104, 0.2666666667]),
        (CAGrad(), H, [1.2931034483, 0.5606321041]),
        (CAGrad(c=0), C, [1 / 6, -1 / 3, 1 / 3]),
        (CAGrad(c=0.5), IDENTICAL, [1.2, 2.4]),
        (CAGrad(c=0.5, rescale=2), IDENTICAL, [1, 2]),
        (CAGrad(c=0.5), OPPOSITE, [0, 0]),
        (CAGrad(c=0.5), ZERO, [0.4, 0]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


def test_cagrad_reference_weights_of_the_worst_case() -> None:
    """The weights of g_w themselves, from what CAGrad adds to the mean."""
    for gradients, expected in (
        (A, [0.7348399725, 0.2651600275]),
        (C, [0.3763932023, 0.6236067977, 0]),
    ):
        added = CAGrad(c=0.8, rescale=0).weights(rows(gradients) @ rows(gradients).T) - 1 / len(gradients)
        assert_exact(added / added.sum(), expected)


def dual_value(weights: Tensor, gradients: Tensor, c: float) -> Tensor:
    """What CAGrad's dual minimises over the simplex."""
    worst, mean = weights @ gradients, gradients.mean(0)
    return worst @ mean + c * mean.norm() * worst.norm()


@given(problems(), st.sampled_from([0.1, 0.4, 0.8, 1, 2]))
def test_cagrad_is_optimal_to_its_dual(gradients: Tensor, c: float) -> None:
    """The worst product of the primal answer meets the value of the dual one: nothing is better."""
    mean, norms = gradients.mean(0), gradients.norm(dim=1)
    weights = CAGrad(c, rescale=0).weights(gradients @ gradients.T)
    d, added = weights @ gradients, weights - 1 / len(gradients)
    slack = 1e-9 * float(mean.norm() * norms.max()) + 1e-300
    worst = (gradients @ d).min()
    assert (d - mean).norm() <= (1 + 1e-9) * c * mean.norm() + 1e-300
    dual = dual_value(MGDA().weights(gradients @ gradients.T), gradients, c)
    if added.sum() > 1e-12:
        assert (added >= -1e-12 * weights.abs().max()).all()
        dual = torch.minimum(dual, dual_value(added / added.sum(), gradients, c))
    if mean.norm():
        assert dual - worst <= slack
    assert worst >= (gradients @ mean).min() - slack
    if c >= 1:
        assert worst >= -slack


def slsqp(objective: object, tasks: int) -> float:
    """The least value over the simplex, by a general solver from several starts."""
    starts = [np.full(tasks, 1 / tasks), *(0.9 * np.eye(tasks) + 0.1 / tasks)]
    found = [
        minimize(
            lambda w: float(objective(torch.from_numpy(w))),
            start,
            method="SLSQP",
            bounds=[(0, 1)] * tasks,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-15, "maxiter": 500},
        )
        for start in starts
    ]
    return min(run.fun for run in found if abs(run.x.sum() - 1) < 1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_solvers_against_slsqp(seed: int) -> None:
    tasks = 2 + seed % 5
    gradients = torch.randn(tasks, 8, generator=seeded(seed), dtype=torch.float64) + 0.3
    nearest = MGDA().direction(gradients)
    assert float(nearest @ nearest) == pytest.approx(
        slsqp(lambda w: (w @ gradients) @ (w @ gradients), tasks), abs=1e-7
    )
    for c in (0.2, 0.5, 0.9):
        value = (gradients @ CAGrad(c, rescale=0).direction(gradients)).min()
        assert float(value) == pytest.approx(
            slsqp(lambda w, c=c: dual_value(w, gradients, c), tasks), abs=1e-7
        )


@pytest.mark.parametrize(
    ("tasks", "size", "decades"), [(200, 1000, 0), (200, 1000, 16), (128, 130, 0), (64, 20, 8)]
)
@pytest.mark.parametrize("c", [0.4, 1])
def test_cagrad_of_many(tasks: int, size: int, decades: int, c: float) -> None:
    generator = seeded(tasks)
    gradients = torch.randn(tasks, size, generator=generator, dtype=torch.float64) + 0.5
    gradients *= 10 ** (decades * (torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 0.5))
    weights = CAGrad(c, rescale=0).weights(gradients @ gradients.T)
    mean, d, added = gradients.mean(0), weights @ gradients, weights - 1 / tasks
    assert abs((d - mean).norm() / (c * mean.norm()) - 1) < 1e-9
    gap = dual_value(added / added.sum(), gradients, c) - (gradients @ d).min()
    assert gap <= 1e-9 * float(mean.norm() * gradients.norm(dim=1).max())


@given(problems(), st.sampled_from([0, 1, 2]))
def test_cagrad_without_radius_is_the_mean(gradients: Tensor, rescale: int) -> None:
    torch.testing.assert_close(
        CAGrad(c=0, rescale=rescale).weights(gradients @ gradients.T),
        mtl.Static().weights(torch.ones(len(gradients), dtype=torch.float64)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_cagrad_far_out_points_where_mgda_does(seed: int) -> None:
    """Identity 5, the end of its range."""
    gradients = torch.randn(4, 6, generator=seeded(seed), dtype=torch.float64) + 1
    far, nearest = CAGrad(c=1e6).direction(gradients), MGDA().direction(gradients)
    assert torch.nn.functional.cosine_similarity(far, nearest, dim=0) > 1 - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_cagrad_is_mgda_of_shifted_gradients(seed: int) -> None:
    """Identity 5, from the answer back: lambda is c|g_0| / |g_w|, and d lambda times the nearest point."""
    gradients, c = torch.randn(4, 6, generator=seeded(seed), dtype=torch.float64), 0.6
    mean, d = gradients.mean(0), CAGrad(c, rescale=0).direction(gradients)
    added = CAGrad(c, rescale=0).weights(gradients @ gradients.T) - 1 / 4
    factor = added.sum()
    shifted = gradients + mean / factor
    torch.testing.assert_close(MGDA().weights(shifted @ shifted.T), added / factor, rtol=0, atol=1e-9)
    torch.testing.assert_close(factor * MGDA().direction(shifted), d, rtol=0, atol=1e-9)


AROUND = [[2, 0], [-1, 0]], [[1, 0], [-1, 1], [-1, -2]], [[-1, 0], [3, 0], [-1, 0]]


@pytest.mark.parametrize("gradients", AROUND)
def test_cagrad_takes_no_step_where_all_tasks_are_in_conflict(gradients: list) -> None:
    """From c = 1 on; and the shorter the step, the closer c or the gradients are to that."""
    g = rows(gradients)
    for c in (1, 1.5, 4):
        assert not CAGrad(c).weights(g @ g.T).any()
    away = torch.tensor([0.0, 1.0], dtype=torch.float64)
    for small in (1e-2, 1e-4, 1e-6):
        assert CAGrad(1 - small, rescale=0).direction(g).norm() <= 2 * small * g.mean(0).norm()
        for side in (1, -1):
            nearby = g + side * small * away
            assert CAGrad(1, rescale=0).direction(nearby).norm() <= 3 * small**0.5
            for c in (1, 1.5, 4):
                worst = (nearby @ CAGrad(c, rescale=0).direction(nearby)).min()
                assert -1e-12 <= worst <= 20 * small


@pytest.mark.parametrize("seed", range(20))
def test_cagrad_where_no_direction_helps_harms_none_and_changes_the_mean_least(seed: int) -> None:
    """Some of the tasks are in conflict: against another solver of the projection."""
    gradients = torch.randn(2 + seed % 4, 6, generator=seeded(seed), dtype=torch.float64)
    gradients = torch.cat([gradients, -gradients[:1] * (1 + seed % 3)])
    mean = gradients.mean(0)
    taken = nnls(gradients.T.numpy(), -mean.numpy())[0]
    d = CAGrad(1, rescale=0).direction(gradients)
    torch.testing.assert_close(d, mean + torch.from_numpy(taken) @ gradients, rtol=0, atol=1e-9)
    assert (gradients @ d).min() >= -1e-9
    torch.testing.assert_close(CAGrad(1.5).direction(gradients), d / (1 + 1.5**2))


def test_cagrad_near_the_edge_of_what_helps() -> None:
    edge = rows([[1, 0], [-1, 0], [0, 1]])
    assert_exact(CAGrad(rescale=0).weights(edge @ edge.T), [1 / 3] * 3)
    still = rows([[0, 0], [0, 0]])
    assert_exact(CAGrad().weights(still @ still.T), [0.5, 0.5])
    three = rows([[-1, 0], [3, 0], [0, 0]])
    assert_exact(CAGrad(0.4, rescale=0).direction(three), [0.4, 0])
    one_sided = rows([[1, 0, 0], [-2, 0, 0], [0, 3, 0]])
    radius = (1 / 10) ** 0.5  # from here on the ball holds a direction that harms none
    for c in (radius - 1e-9, radius, radius + 1e-9, 0.9):
        d = CAGrad(c, rescale=0).direction(one_sided)
        torch.testing.assert_close(d, rows([[0, 1, 0]])[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CAGrad(c=-1),
        lambda: CAGrad(c=math.nan),
        lambda: CAGrad(rescale=3),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_few_nearest_points_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secants find the radius: bisection alone would take about forty points."""
    asked = []

    def counted(*args: Tensor, **options: Tensor) -> Tensor:
        asked.append(args)
        return min_norm(*args, **options)

    monkeypatch.setattr(cagrad, "min_norm", counted)
    generator = seeded(0)
    for _ in range(50):
        g = torch.randn(4, 6, generator=generator, dtype=torch.float64)
        CAGrad(c=0.5).weights(g @ g.T)
    assert len(asked) < 50 * 12
