"""Nash-MTL: numbers by hand, the bargain itself, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, B, H, problems, rows, seeded
from hypothesis import assume, given
from scipy.optimize import minimize
from torch import Tensor

from mtlcore.methods.gradients.imtlg import IMTLG
from mtlcore.methods.gradients.mgda import MGDA
from mtlcore.methods.gradients.nashmtl import NashMTL


def bargain(gradients: Tensor) -> Tensor:
    return NashMTL().weights(gradients @ gradients.T)


@pytest.mark.parametrize(
    ("gradients", "expected"),
    [
        (A, [2 - 2**0.5, 2**0.5 - 1]),
        (B, [2 - 2**0.5, 2**0.5 - 1]),
        (H, [1 / 31, 30 / 31]),
        ([[2, 0, 0], [0, 1, 0], [0, 0, 4]], [2 / 7, 4 / 7, 1 / 7]),
        (IDENTICAL, [0.5, 0.5]),
        (ZERO, [1, 0]),
        ([[0, 0], [0, 0]], [0.5, 0.5]),
        (OPPOSITE, [0.5, 0.5]),
        ([[3, 4]], [1]),
    ],
    ids=repr,
)
def test_reference_weights(gradients: list, expected: list) -> None:
    assert_exact(bargain(rows(gradients)), expected)


@given(problems())
def test_every_task_has_the_same_share_and_gains(gradients: Tensor) -> None:
    """w_i (K w)_i is one number for all tasks, as the paper's Claim 3.1 says."""
    norms = gradients.norm(dim=1)
    units = gradients / norms[:, None]
    assume(bool((norms > 0).all()) and float(MGDA().direction(units).norm()) > 1e-3)
    weights = bargain(gradients)
    gains = gradients @ (weights @ gradients)
    assert (weights > 0).all() and (gains > 0).all()
    shares = weights * gains
    torch.testing.assert_close(shares, shares.mean().expand_as(shares), rtol=1e-7, atol=0)


@pytest.mark.parametrize("seed", range(8))
def test_no_direction_has_a_greater_product_of_gains(seed: int) -> None:
    """Against a general solver, which looks for the direction and not for the weights."""
    gradients = torch.randn(2 + seed % 3, 5, generator=seeded(seed), dtype=torch.float64) + 0.4
    start = MGDA().direction(gradients).numpy()
    matrix = gradients.numpy()

    def loss(d: np.ndarray) -> float:
        gains = matrix @ d / np.linalg.norm(d)
        return -np.log(gains).sum() if (gains > 0).all() else np.inf

    found = minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxfev": 20000}
    )
    d = NashMTL().direction(gradients).numpy()
    assert loss(d) <= found.fun + 1e-12
    assert loss(d) == pytest.approx(found.fun, abs=1e-6)


@given(problems())
def test_the_units_of_the_losses_do_not_turn_the_direction(gradients: Tensor) -> None:
    norms = gradients.norm(dim=1)
    assume(bool((norms > 0).all()))
    units = torch.linspace(0.1, 10, len(gradients), dtype=torch.float64)[:, None]
    before, after = (
        NashMTL().direction(g / g.norm(dim=1, keepdim=True)) for g in (gradients, units * gradients)
    )
    torch.testing.assert_close(before, after, rtol=1e-7, atol=1e-9)
    weights, other = bargain(gradients), bargain(units * gradients)
    if float(MGDA().direction(gradients / norms[:, None]).norm()) > 1e-3:
        scaled = weights / units[:, 0]
        torch.testing.assert_close(other, scaled / scaled.sum(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_two_tasks_are_weighted_as_by_imtl_g(seed: int) -> None:
    """By inverse norms, whatever the angle; three are not."""
    gradients = torch.randn(2, 4, generator=seeded(seed), dtype=torch.float64)
    torch.testing.assert_close(bargain(gradients), IMTLG().weights(gradients @ gradients.T))
    three = torch.randn(3, 4, generator=seeded(seed), dtype=torch.float64) + 0.5
    assert (bargain(three) - IMTLG().weights(three @ three.T)).abs().max() > 1e-3


def test_towards_a_stationary_point_the_step_gets_shorter() -> None:
    """The paper's update is the square root of T long there as everywhere."""
    last = 1.0
    for small in (1e-1, 1e-3, 1e-5):
        gradients = rows([[1, small], [-1, small]])
        length = float(NashMTL().direction(gradients).norm())
        assert length == pytest.approx(small) and length < last
        last = length
    three = rows([[1, 0], [-1, 2], [-1, -2]])
    assert_exact(NashMTL().direction(three), [0, 0])


def test_many_tasks() -> None:
    gradients = (
        torch.randn(128, 300, generator=seeded(0), dtype=torch.float64)
        * 10 ** torch.linspace(-3, 3, 128)[:, None]
    )
    shares = bargain(gradients) * (gradients @ (bargain(gradients) @ gradients))
    torch.testing.assert_close(shares, shares.mean().expand_as(shares), rtol=1e-7, atol=0)
