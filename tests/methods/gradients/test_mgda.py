"""MGDA: reference numbers, invariants, the features, and rows of the Gramian."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from helpers.asserts import assert_exact, assert_nearest
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, B, C, H, jacobians, problems, rows, seeded
from helpers.networks import TASKS, batch, gradients_by_hand, make_model
from helpers.trunks import FIVE_TASKS, SAMPLES, T, make_problem
from hypothesis import given
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.base import Method
from mtlcore.methods.gradients.mgda import MGDA


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (MGDA(), A, [0.6, 0.4]),
        (MGDA(scale="sum"), A, [1.2, 0.8]),
        (MGDA(), B, [1, 0]),
        (MGDA(), C, [0.3861386139, 0.4356435644, 0.1782178218]),
        (MGDA(), H, [0.0011098779, 0.9988901221]),
        (MGDA(), ZERO, [0, 1]),
    ],
    ids=repr,
)
def test_reference_weights(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.weights(rows(gradients) @ rows(gradients).T), expected)


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (MGDA(), A, [0.2, 0.4]),
        (MGDA(), B, [1, 0]),
        (MGDA(), C, [0.0396039604, 0.0792079208, 0.1782178218]),
        (MGDA(), OPPOSITE, [0, 0]),
        (MGDA(), ZERO, [0, 0]),
        (MGDA(), IDENTICAL, [1, 2]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


@given(problems())
def test_mgda_invariants(gradients: Tensor) -> None:
    d = MGDA().direction(gradients)
    assert_nearest(MGDA().weights(gradients @ gradients.T), gradients, 1e-10)
    assert d.norm() <= gradients.norm(dim=1).min() * (1 + 1e-9)
    order = torch.arange(len(gradients) - 1, -1, -1)
    slack = 1e-7 * float(gradients.norm(dim=1).min())
    torch.testing.assert_close(MGDA().direction(gradients[order]), d, rtol=1e-7, atol=slack)


@pytest.mark.parametrize("tasks", [2, 5, 40])
def test_mgda_of_float32_gramians_that_are_not_quite_positive(tasks: int) -> None:
    """More tasks than dimensions: rounding makes eigenvalues of either sign."""
    gradients = torch.randn(tasks, 3, generator=seeded(tasks))
    weights = MGDA().weights(gradients @ gradients.T)
    assert (weights >= 0).all()
    assert weights.sum().item() == pytest.approx(1, abs=1e-6)
    least = MGDA().direction(gradients.double()).norm()
    assert (weights @ gradients).norm() <= least + 1e-2


@given(jacobians(least=2, most=2))
def test_mgda_of_two_is_the_clipped_fraction(gradients: Tensor) -> None:
    first, second = gradients
    share = ((second - first) @ second / (first - second).norm() ** 2).clip(0, 1)
    weights = MGDA().weights(gradients @ gradients.T)
    torch.testing.assert_close(weights, torch.stack([share, 1 - share]), rtol=1e-7, atol=1e-12)


def test_mgda_on_features_is_one_pass() -> None:
    """MGDA-UB: weights from the gradients at z, and one pass back through the trunk."""
    model, data = make_model(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    weights = MGDA(level="features").backward(signals)
    assert weights is not None
    torch.testing.assert_close(weights, MGDA().weights(signals.gramian("features")))
    assert signals.passes.backward == 1
    filled = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(filled, weights @ jacobian)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MGDA(level="heads"),
        lambda: MGDA(scale="median"),
        lambda: MGDA().weights(torch.ones(2, 3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_a_batch_through_mgda_by_rows() -> None:
    model, data = make_problem()
    exact, by_rows, early = (
        method.backward(mtl.Signals(model, data, FIVE_TASKS))
        for method in (mtl.MGDA(), mtl.MGDA(gap=0), mtl.MGDA(gap=0.5))
    )
    torch.testing.assert_close(by_rows, exact, rtol=1e-6, atol=1e-8)
    gramian = mtl.Signals(model, data, FIVE_TASKS).gramian()
    square = early @ gramian @ early
    assert square - (gramian @ early).min() <= 0.5 * square
    with pytest.raises(ValueError, match="gap"):
        mtl.MGDA(gap=-1)


@pytest.mark.parametrize(
    ("gap", "asked", "expected"),
    [(0.26, [0], [1, 0, 0]), (0.25, [0], [1, 0, 0]), (0.24, [0, 1], [6 / 7, 1 / 7, 0])],
)
def test_mgda_by_rows_stops_at_its_gap(gap: float, asked: list, expected: list) -> None:
    """With the first row, |d|^2 is 4 and the least inner product 3: a gap of 1/4."""
    gramian = rows([[4, 3, 4], [3, 9, 4], [4, 4, 9]])
    seen: list[int] = []
    signals = SimpleNamespace(gramian_row=lambda i: (seen.append(i), gramian[i])[1], losses=gramian[0])
    assert_exact(MGDA(gap=gap).step_weights(signals), expected)
    assert seen == asked


def test_mgda_by_rows_asks_for_few_where_few_decide() -> None:
    """One gradient is short and all others point its way: two rows settle it."""
    model, data = make_problem()
    outputs = model(data.inputs)
    shift = torch.randn(SAMPLES, 2, dtype=torch.float64)
    with torch.no_grad():
        for head in model.heads[1:]:
            head.load_state_dict(model.heads[0].state_dict())
    outputs = model(data.inputs)
    targets = tuple((o + (t + 1) * shift).detach() for t, o in enumerate(outputs))
    signals = mtl.Signals(model, mtl.Batch(data.inputs, targets), FIVE_TASKS)
    weights = mtl.MGDA(gap=1e-9).backward(signals)
    torch.testing.assert_close(weights, torch.eye(T, dtype=torch.float64)[0])
    assert signals.passes.forward_mode <= 2
