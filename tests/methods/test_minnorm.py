"""The exact nearest point of a hull, against enumeration and hard cases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from helpers.asserts import assert_exact, assert_nearest
from helpers.gradients import problems, rows, seeded
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mtlcore.methods import _minnorm as minnorm
from mtlcore.methods._minnorm import factor_gramian, min_norm, non_negative, norms_and_cosines


def nearest_by_enumeration(gradients: Tensor) -> float:
    """Least norm over the hull: the best of the affine hulls' nearest points that lie in it."""
    best = math.inf
    for size in range(1, len(gradients) + 1):
        for chosen in itertools.combinations(range(len(gradients)), size):
            g = gradients[list(chosen)].numpy()
            edges = (g[1:] - g[0]).T
            steps = np.linalg.lstsq(edges, -g[0], rcond=None)[0] if size > 1 else np.zeros(0)
            weights = np.r_[1 - steps.sum(), steps]
            if (weights >= 0).all():
                best = min(best, float(np.linalg.norm(weights @ g)))
    return best


@given(problems())
def test_min_norm_against_enumeration(gradients: Tensor) -> None:
    weights = min_norm(factor_gramian(gradients @ gradients.T))
    assert_nearest(weights, gradients, 1e-10)
    least = nearest_by_enumeration(gradients)
    norm, rounding = float((weights @ gradients).norm()), 1e-10 * float(weights @ gradients.norm(dim=1))
    assert norm**2 <= least**2 * (1 + 1e-7) + rounding**2


@given(problems(), st.integers(0, 2**31))
def test_min_norm_does_not_depend_on_its_start(gradients: Tensor, seed: int) -> None:
    start = torch.rand(len(gradients), generator=seeded(seed)) < 0.5
    start[seed % len(gradients)] = True
    found = min_norm(gradients, start) @ gradients
    slack = 1e-9 * float(gradients.norm(dim=1).max())
    torch.testing.assert_close(found, min_norm(gradients) @ gradients, rtol=1e-6, atol=slack)


@pytest.mark.parametrize(
    ("tasks", "size", "decades"), [(200, 1000, 0), (200, 1000, 16), (200, 150, 0), (200, 20, 16), (128, 1, 8)]
)
@pytest.mark.parametrize("shift", [0, 1])
def test_min_norm_of_many(tasks: int, size: int, decades: int, shift: int) -> None:
    generator = seeded(tasks + size)
    gradients = torch.randn(tasks, size, generator=generator, dtype=torch.float64) + shift
    gradients *= 10 ** (decades * (torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 0.5))
    assert_nearest(min_norm(factor_gramian(gradients @ gradients.T)), gradients)


def test_min_norm_hard_cases() -> None:
    """Answers known beforehand: duplicates, one line, great and small, a zero."""
    twice = rows([[2, 0], [2, 0], [0, 1], [0, 1]])
    assert_exact(min_norm(factor_gramian(twice @ twice.T)) @ twice, [0.4, 0.8])
    line = rows([[3], [1], [2]])
    assert_exact(min_norm(factor_gramian(line @ line.T)), [0, 1, 0])
    around = rows([[-1], [1], [2]])
    assert_exact(min_norm(factor_gramian(around @ around.T)) @ around, [0])
    far = rows([[1e8, 0], [0, 1e-8]])
    w = min_norm(factor_gramian(far @ far.T))
    torch.testing.assert_close(w @ far, rows([[1e-24, 1e-8]])[0], rtol=1e-9, atol=0)
    against = rows([[1e4, 1], [-1e4, 1], [0, 2]])
    norm = (min_norm(factor_gramian(against @ against.T)) @ against).norm()
    assert float(norm) == pytest.approx(1, rel=1e-7)
    assert_exact(min_norm(rows([[1, 0], [0, 0], [0, 0]])), [0, 0.5, 0.5])


def test_min_norm_stops_whatever_it_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even least squares that are all noise keep it from ending."""
    solved, generator = [], seeded(0)

    def noise(columns: Tensor, target: Tensor) -> tuple[Tensor, bool]:
        solved.append(columns)
        return torch.randn(columns.shape[1], generator=generator, dtype=torch.float64), False

    monkeypatch.setattr(minnorm, "_least_squares", noise)
    min_norm(torch.randn(30, 40, generator=generator, dtype=torch.float64))
    assert len(solved) <= 10 * 30 + 1


def test_where_no_column_helps_all_are_zero() -> None:
    """A product that is zero but for rounding may let a column in that helps nothing."""
    target = torch.tensor([-1.0, -1e-17], dtype=torch.float64)
    for free in ([False, False], [False, True], [True, True]):
        found = non_negative(torch.eye(2, dtype=torch.float64), target, torch.tensor(free))
        assert torch.equal(found, torch.zeros(2, dtype=torch.float64))


@given(problems())
def test_roots_have_the_inner_products(gradients: Tensor) -> None:
    gramian = gradients @ gradients.T
    norms = gradients.norm(dim=1)
    error = (factor_gramian(gramian) @ factor_gramian(gramian).T - gramian).abs()
    assert (error <= 1e-13 * torch.outer(norms, norms)).all()


def test_what_rounding_did_to_a_gramian_is_undone() -> None:
    """A square below zero is a zero vector, and no cosine is beyond one."""
    norms, cosines = norms_and_cosines(rows([[-1e-20, 1e-12], [1e-12, 4]]))
    assert_exact(norms, [0, 2])
    assert_exact(cosines, [[0, 0], [0, 1]])
    _, cosines = norms_and_cosines(rows([[1, 1 + 1e-9, 0], [1 + 1e-9, 1, -1 - 1e-9], [0, -1 - 1e-9, 1]]))
    assert torch.equal(cosines, rows([[1, 1, 0], [1, 1, -1], [0, -1, 1]]))


def test_roots_have_no_dimension_that_rounding_made() -> None:
    gradients = torch.randn(8, 2, generator=seeded(0), dtype=torch.float64)
    values = torch.linalg.svdvals(factor_gramian(gradients @ gradients.T))
    assert values[1] > 0.1
    assert (values[2:] < 1e-12).all()
