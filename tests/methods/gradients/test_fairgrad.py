"""FairGrad: numbers by hand, its limits, and the utility itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, C, H, problems, rows, seeded
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch import Tensor

from mtlcore.methods import _dual_cone
from mtlcore.methods.gradients.fairgrad import FairGrad
from mtlcore.methods.gradients.mgda import MGDA
from mtlcore.methods.gradients.nashmtl import NashMTL


def unit(direction: Tensor) -> Tensor:
    return direction / direction.norm()


@pytest.mark.parametrize(
    ("alpha", "gradients", "expected"),
    [
        (2, H, [1 / (1 + 30 ** (4 / 3)), 1 / (1 + 30 ** (-4 / 3))]),
        (0.5, H, [1 / (1 + 30 ** (2 / 3)), 1 / (1 + 30 ** (-2 / 3))]),
        (2, IDENTICAL, [0.5, 0.5]),
        (2, OPPOSITE, [0.5, 0.5]),
        (2, ZERO, [1, 0]),
        (2, [[0, 0], [0, 0]], [0.5, 0.5]),
        (2, [[3, 4]], [1]),
    ],
    ids=repr,
)
def test_reference_weights(alpha: float, gradients: list, expected: list) -> None:
    """Orthogonal gradients weigh by their norms to the power -2 alpha / (1 + alpha)."""
    g = rows(gradients)
    assert_exact(FairGrad(alpha).weights(g @ g.T), expected)


def test_two_tasks_by_hand() -> None:
    """For A and alpha = 2, the ratio r of the weights solves (r - 1)^2 r = (2 - r)^2."""
    ratio = next(r.real for r in np.roots([1, -3, 5, -4]) if abs(r.imag) < 1e-12)
    weights = FairGrad(2).weights(rows(A) @ rows(A).T)
    assert float(weights[0] / weights[1]) == pytest.approx(ratio, abs=1e-9)


@given(problems(), st.sampled_from([0.3, 0.5, 1, 2, 5]))
def test_gains_and_weights_are_in_the_paper_s_relation(gradients: Tensor, alpha: float) -> None:
    """Equation 4: (K w)_i is proportional to w_i^(-1/alpha)."""
    norms = gradients.norm(dim=1)
    assume(bool((norms > 0).all()) and float(norms.max() / norms.min()) < 1e3)
    assume(float(MGDA().direction(gradients / norms[:, None]).norm()) > 1e-2)
    weights = FairGrad(alpha).weights(gradients @ gradients.T)
    gains = gradients @ (weights @ gradients)
    assert (weights > 0).all()
    assert (gains > -1e-12 * norms * norms.max()).all()
    seen = gains > 1e-6 * norms * norms.max()  # for small alpha a gain may be smaller than rounding
    constant = (gains.log() + weights.log() / alpha)[seen]
    torch.testing.assert_close(constant, constant.mean().expand_as(constant), rtol=0, atol=1e-5)


@pytest.mark.parametrize("alpha", [0.5, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_no_direction_has_a_greater_utility(seed: int, alpha: float) -> None:
    gradients = torch.randn(2 + seed % 3, 4, generator=seeded(seed), dtype=torch.float64) + 0.4
    matrix = gradients.numpy()

    def loss(d: np.ndarray) -> float:
        gains = matrix @ d / np.linalg.norm(d)
        return -(gains ** (1 - alpha) / (1 - alpha)).sum() if (gains > 0).all() else np.inf

    start = MGDA().direction(gradients).numpy()
    found = minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxfev": 20000}
    )
    d = FairGrad(alpha).direction(gradients).numpy()
    assert loss(d) <= found.fun + 1e-10 * abs(found.fun)
    assert loss(d) == pytest.approx(found.fun, rel=1e-2)


@given(problems())
def test_one_is_nash_mtl(gradients: Tensor) -> None:
    gramian = gradients @ gradients.T
    torch.testing.assert_close(FairGrad(1).weights(gramian), NashMTL().weights(gramian), rtol=0, atol=0)


@pytest.mark.parametrize("seed", range(6))
def test_towards_infinity_it_points_where_mgda_does(seed: int) -> None:
    gradients = torch.randn(3, 4, generator=seeded(seed), dtype=torch.float64) + 0.5
    nearest = unit(MGDA().direction(gradients))
    gaps = [float((unit(FairGrad(alpha).direction(gradients)) - nearest).norm()) for alpha in (5, 50, 500)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 1e-2


@pytest.mark.parametrize("gradients", [A, C, [[1, 0], [1, 1]], [[5, 0], [-1, 1]]], ids=repr)
def test_towards_zero_it_is_the_mean_or_what_of_it_harms_none(gradients: list) -> None:
    g = rows(gradients)
    mean = torch.full((1, len(g)), 1 / len(g), dtype=torch.float64)
    limit = unit(_dual_cone.project(g, mean)[0] @ g)
    gaps = [float((unit(FairGrad(alpha).direction(g)) - limit).norm()) for alpha in (0.2, 0.05, 0.02)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.06


def test_other_units_turn_it() -> None:
    g = rows(A)
    before, after = (unit(FairGrad(2).direction(x)) for x in (g, rows([[10], [1]]) * g))
    assert (before - after).norm() > 0.01
