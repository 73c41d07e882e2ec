"""The distributions of random weights, against their moments."""

from __future__ import annotations

import pytest
import torch
from helpers.gradients import seeded

import mtlcore as mtl
from mtlcore.methods.losses.rlw import DISTRIBUTIONS, draw

NOISE_FACTORS = {  # E sum lambda^2 with two and with three tasks
    "uniform": (0.5195419722, 0.3512441661),
    "normal": (0.6368381540, 0.4815657208),
    "dirichlet": (2 / 3, 0.5),
    "bernoulli": (5 / 6, 0.6904761905),
    "c-bernoulli": (1, 1),
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("tasks", [2, 3])
def test_random_weights(distribution: str, tasks: int) -> None:
    size = 200_000
    weights = draw(distribution, tasks, seeded(0), size)
    assert weights.shape == (size, tasks)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(size, dtype=torch.float64))
    error = 5 * weights.std(0) / size**0.5 + 1e-12
    assert ((weights.mean(0) - 1 / tasks).abs() < error).all()
    squares = (weights**2).sum(1)
    expected = NOISE_FACTORS[distribution][tasks - 2]
    assert abs(squares.mean() - expected) < 5 * squares.std() / size**0.5 + 1e-9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.RLW("gaussian"),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_one_draw_is_the_first_of_many(distribution: str) -> None:
    assert torch.equal(draw(distribution, 4, seeded(0)), draw(distribution, 4, seeded(0), 1)[0])
