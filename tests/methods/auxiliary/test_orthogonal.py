"""Orthogonal: reference numbers, invariants and options."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, ZERO, A, B, C, jacobians, rows
from hypothesis import given
from torch import Tensor

from mtlcore.methods.auxiliary.orthogonal import Orthogonal
from mtlcore.methods.base import Method


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (Orthogonal(), A, [1, 1]),
        (Orthogonal(), B, [1, 1]),
        (Orthogonal(), C, [1, -1, 1]),
        (Orthogonal(lam=0.1), A, [1, 0.1]),
        (Orthogonal(), IDENTICAL, [1, 2]),
        (Orthogonal(main=1), ZERO, [1, 0]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


@given(jacobians(least=2))
def test_orthogonal_invariants(gradients: Tensor) -> None:
    main, size = gradients[0], gradients.shape[1]
    slack = 1e-9 * float(gradients.norm() * main.norm())
    for method in (Orthogonal(), Orthogonal(per="variable")):
        d = method.direction(gradients, [1, size - 1])
        assert abs(d @ main - main @ main) <= slack
        again = method.direction(torch.stack([main, d - main]), [1, size - 1])
        torch.testing.assert_close(again, d, rtol=1e-9, atol=1e-9 * float(gradients.norm()))
    torch.testing.assert_close(
        Orthogonal(lam=0.7).weights(gradients @ gradients.T) @ gradients,
        Orthogonal(lam=0.7).direction(gradients),
        rtol=1e-7,
        atol=1e-9 * float(gradients.norm()),
    )


def test_orthogonal_per_variable_and_smoothed() -> None:
    jacobian = rows([[1, 0, 1], [-1, 1, 2]])
    assert_exact(Orthogonal(per="variable").direction(jacobian, [2, 1]), [1, 1, 1])
    assert_exact(Orthogonal().direction(jacobian), [-0.5, 1, 2.5])
    with pytest.raises(ValueError, match="sizes"):
        Orthogonal(per="variable").direction(jacobian)
    method = Orthogonal(smoothing=0.5)
    method.direction(rows([[2, 0], [1, 1]]))
    assert_exact(method.reference, [1, 0])
    assert_exact(method.direction(rows([[0, 1], [1, 3]])), [-1, 2])
    assert_exact(method.reference, [0.5, 0.5])
    method.reset()
    assert len(method.reference) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Orthogonal(lam=-1),
        lambda: Orthogonal(per="layer"),
        lambda: Orthogonal(smoothing=0),
        lambda: Orthogonal(main=3).weights(torch.eye(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
