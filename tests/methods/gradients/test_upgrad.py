"""UPGrad: numbers by hand, the projections themselves, and what it harms: nothing."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import IDENTICAL, OPPOSITE, ZERO, A, B, C, H, problems, rows, seeded
from hypothesis import given
from scipy.optimize import nnls
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.gradients.upgrad import UPGrad


@pytest.mark.parametrize(
    ("gradients", "expected"),
    [
        (A, [1 / 4, 3 / 4]),  # (1/2, 1/2) and (0, 1)
        (B, [1, 1 / 2]),
        (H, [3 / 2, 1 / 20]),
        (IDENTICAL, [1, 2]),
        (OPPOSITE, [0, 0]),
        (ZERO, [1 / 2, 0]),
        ([[3, 4]], [3, 4]),
        ([[1, 0], [-1, 1], [0, 1]], [1 / 6, 5 / 6]),  # (1/2, 1/2), (0, 1) and (0, 1)
        ([[1, 0], [-1, 2], [-1, -2]], [0, 0]),
    ],
    ids=repr,
)
def test_reference_directions(gradients: list, expected: list) -> None:
    assert_exact(UPGrad().direction(rows(gradients)), expected)


@given(problems())
def test_no_task_is_harmed(gradients: Tensor) -> None:
    d, norms = UPGrad().direction(gradients), gradients.norm(dim=1)
    assert (gradients @ d >= -1e-9 * norms * norms.max()).all()


@pytest.mark.parametrize("seed", range(10))
def test_the_mean_of_the_projections(seed: int) -> None:
    """Each gradient by itself, with a general solver."""
    gradients = torch.randn(2 + seed % 5, 6, generator=seeded(seed), dtype=torch.float64)
    matrix = gradients.T.numpy()
    projections = [g + gradients.T @ torch.from_numpy(nnls(matrix, -g.numpy())[0]) for g in gradients]
    torch.testing.assert_close(UPGrad().direction(gradients), torch.stack(projections).mean(0))


@pytest.mark.parametrize("seed", range(6))
def test_of_two_tasks_it_is_pcgrad(seed: int) -> None:
    gradients = torch.randn(2, 4, generator=seeded(seed), dtype=torch.float64)
    torch.testing.assert_close(UPGrad(scale="sum").direction(gradients), mtl.PCGrad().direction(gradients))


def test_of_three_tasks_it_does_not_harm_where_pcgrad_does() -> None:
    g = rows(C)
    harmed = [(g @ mtl.PCGrad(generator=seeded(k)).direction(g)).min() < 0 for k in range(10)]
    assert all(harmed)
    assert (g @ UPGrad().direction(g) >= 0).all()


def test_many_tasks() -> None:
    gradients = torch.randn(60, 100, generator=seeded(0), dtype=torch.float64)
    gradients *= 10 ** torch.linspace(-2, 2, 60)[:, None]
    assert (gradients @ UPGrad().direction(gradients) > -1e-9 * gradients.norm(dim=1)).all()
