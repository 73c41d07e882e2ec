"""IMTL-G: reference numbers, equal projections and nearly parallel gradients."""

from __future__ import annotations

import math

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import ASCENDS, IDENTICAL, OPPOSITE, ZERO, A, C, H, jacobians, rows, seeded
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from mtlcore.methods.base import Method
from mtlcore.methods.gradients.imtlg import IMTLG


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (IMTLG(), A, [0.5857864376, 0.4142135624]),
        (IMTLG(), C, [0.3746450258, 0.4394974310, 0.1858575432]),
        (IMTLG(), H, [0.0322580645, 0.9677419355]),
        (IMTLG(), ASCENDS, [-1.5, -1.5, 4]),
        (IMTLG(sign_fix=True), ASCENDS, [1.5, 1.5, -4]),
        (IMTLG(), OPPOSITE, [0, 0]),
        (IMTLG(), IDENTICAL, [0.5, 0.5]),
        (IMTLG(), ZERO, [1, 0]),
        (IMTLG(scale="sum"), ZERO, [2, 0]),
    ],
    ids=repr,
)
def test_reference_weights(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.weights(rows(gradients) @ rows(gradients).T), expected)


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (IMTLG(), A, [0.1715728753, 0.4142135624]),
        (IMTLG(), C, [0.0280763664, 0.0677823446, 0.1858575432]),
        (IMTLG(), H, [0.0967741935, 0.0967741935]),
        (IMTLG(), ASCENDS, [-0.1, -0.1, 0.2828427125]),
        (IMTLG(sign_fix=True), ASCENDS, [0.1, 0.1, -0.2828427125]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


@given(jacobians(least=2))
def test_imtlg_projects_alike(gradients: Tensor) -> None:
    assume(len(gradients) <= gradients.shape[1])
    weights = IMTLG().weights(gradients @ gradients.T)
    units = gradients / gradients.norm(dim=1, keepdim=True)
    projections = units @ (weights @ gradients)
    assert abs(weights.sum() - 1) < 1e-12 * weights.abs().sum()
    slack = 1e-7 * (weights.abs() @ gradients.norm(dim=1))
    assert (projections - projections.mean()).abs().max() <= slack
    turned = IMTLG(sign_fix=True).direction(gradients)
    assert (units @ turned >= -slack).all()


@given(jacobians(least=2, most=2))
def test_imtlg_of_two_weighs_by_inverse_norms(gradients: Tensor) -> None:
    """Identity 2: whatever the angle, and with the shares of SLAW's Equation 4."""
    assume(torch.nn.functional.cosine_similarity(*gradients, dim=0) >= -1 + 1e-9)
    inverse = 1 / gradients.norm(dim=1)
    torch.testing.assert_close(IMTLG().weights(gradients @ gradients.T), inverse / inverse.sum())


@pytest.mark.parametrize("angle", [0, 1e-12, 1e-8, 1e-4, 1, 3])
def test_imtlg_of_two_nearly_parallel(angle: float) -> None:
    gradients = rows([[1, 0], [2 * math.cos(angle), 2 * math.sin(angle)]])
    assert_exact(IMTLG().weights(gradients @ gradients.T), [2 / 3, 1 / 3])


@pytest.mark.parametrize("length", [1, 3, 1e5])
def test_imtlg_where_no_sum_of_one_is_possible(length: float) -> None:
    """Opposite gradients have no common projection, and weights that cancel are not blown up."""
    opposite = rows([[1, 2], [-length, -2 * length]])
    assert_exact(IMTLG().weights(opposite @ opposite.T), [0, 0])
    cancelling = rows(ASCENDS) * rows([[1], [1], [4 / 3]])  # in ASCENDS the weights are -1.5, -1.5 and 4
    cancelling = length * cancelling
    assert_exact(IMTLG().weights(cancelling @ cancelling.T), [0, 0, 0])


@given(jacobians(least=3), st.integers(0, 2**31))
def test_imtlg_keeps_its_line_when_tasks_are_scaled(gradients: Tensor, seed: int) -> None:
    assume(len(gradients) <= gradients.shape[1])
    scale = 10 ** (4 * torch.rand(len(gradients), 1, generator=seeded(seed), dtype=torch.float64) - 2)
    one, other = IMTLG().direction(gradients), IMTLG().direction(scale * gradients)
    # torch's cosine_similarity is wrong for vectors shorter than 1e-8.
    assert (one @ other / one.norm() / other.norm()).abs() > 1 - 1e-9
