"""Aligned-MTL: numbers by hand, what is aligned, whom it harms, and how far it goes."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, H, rows, seeded

from mtlcore.methods.gradients.alignedmtl import AlignedMTL
from mtlcore.methods.gradients.mgda import MGDA

GOLDEN = (5**0.5 - 1) / 2


@pytest.mark.parametrize(
    ("gradients", "expected"),
    [
        (A, [4 * GOLDEN / 5**0.5, 3 * GOLDEN / 5**0.5]),  # 1/sqrt(K) is [[3, 1], [1, 2]] / sqrt(5)
        (H, [1 / 30, 1]),
        (IDENTICAL, [1, 1]),
        (OPPOSITE, [0, 0]),
        (ZERO, [1, 0]),
        ([[0, 0], [0, 0]], [1, 1]),
        ([[3, 4]], [1]),
    ],
    ids=repr,
)
def test_reference_weights(gradients: list, expected: list) -> None:
    g = rows(gradients)
    assert_exact(AlignedMTL().weights(g @ g.T), expected)


@pytest.mark.parametrize("tasks", [2, 3, 6])
def test_the_direction_is_the_sum_of_the_nearest_orthogonal_gradients(tasks: int) -> None:
    """By the singular values of the gradients themselves: all of them become the least one."""
    gradients = torch.randn(tasks, 9, generator=seeded(tasks), dtype=torch.float64) + 0.3
    u, sigma, vt = torch.linalg.svd(gradients, full_matrices=False)
    aligned = sigma[-1] * u @ vt
    products = aligned @ aligned.T
    torch.testing.assert_close(products, sigma[-1] ** 2 * torch.eye(tasks, dtype=torch.float64))
    torch.testing.assert_close(AlignedMTL().direction(gradients), aligned.sum(0))
    turned = torch.linalg.qr(torch.randn(tasks, tasks, generator=seeded(0), dtype=torch.float64))[0]
    nearest = (gradients - aligned).norm()
    assert (gradients - sigma[-1] * turned @ u @ vt).norm() > nearest


def test_it_may_harm_a_task() -> None:
    """A short gradient against a long one; MGDA of the same two harms none."""
    short_and_long = rows([[0.2, 0], [-0.9, 0.19**0.5]])
    gains = short_and_long @ AlignedMTL().direction(short_and_long)
    assert gains[0] < 0 < gains[1]
    assert (short_and_long @ MGDA().direction(short_and_long) >= -1e-12).all()


def test_nearly_the_same_gradients_make_a_short_step() -> None:
    same = AlignedMTL().direction(rows([[1, 0], [1, 0]]))
    assert_exact(same, [2, 0])
    for small in (1e-1, 1e-2):
        step = AlignedMTL().direction(rows([[1, small], [1, -small]])).norm()
        assert float(step) == pytest.approx(2 * small)


def test_what_single_precision_does_not_tell_from_zero_has_no_part() -> None:
    g = rows([[1, 0], [0, 1e-3]])
    assert_exact(AlignedMTL().weights(g @ g.T), [1e-3, 1])
    g = rows([[1, 0], [0, 4e-4]])
    assert_exact(AlignedMTL().weights(g @ g.T), [1, 0])
