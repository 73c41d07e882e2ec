"""The widget of random weights shows the distributions' own draws."""

import numpy as np
import pytest
import torch

from mtlcore.book.widgets import (
    Simplex,
    simplex,
)
from mtlcore.methods.losses.rlw import DISTRIBUTIONS, draw


def test_simplex_shows_the_methods_own_draws():
    data = Simplex().data
    for name, entry in zip(DISTRIBUTIONS, data["distributions"], strict=True):
        drawn = draw(name, 3, torch.Generator().manual_seed(0), simplex.SIMULATED)
        assert np.allclose(entry["draws"], drawn[:400, :2], atol=5e-4)
        assert np.allclose([sum(shares) for shares in entry["shares"]], 1, atol=5e-3)


@pytest.mark.parametrize(
    ("tasks", "factors"),
    [
        (2, (0.5195419722, 0.6368381540, 0.6666666667, 0.8333333333, 1)),
        (3, (0.3512441661, 0.4815657208, 0.5, 0.6904761905, 1)),
    ],
)
def test_noise_factors(tasks, factors):
    for name, factor in zip(DISTRIBUTIONS, factors, strict=True):
        tolerance = 1e-9 if name in simplex.EXACT else 2e-3
        assert simplex.noise_factor(name, tasks) == pytest.approx(factor, abs=tolerance)
        drawn = draw(name, tasks, torch.Generator().manual_seed(1), 20_000)
        assert drawn.square().sum(1).mean() == pytest.approx(factor, abs=5e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distribution": "gamma"}, "gamma"),
        ({"tasks": 4}, "one of.*not 4"),
        ({"count": 0}, "between 1 and 400"),
    ],
)
def test_simplex_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Simplex(**arguments)
