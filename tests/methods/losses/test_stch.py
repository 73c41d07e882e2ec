"""STCH: reference numbers, its objective's gradient, and both ends of mu."""

from __future__ import annotations

import math

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector

import mtlcore as mtl


def test_stch_reference() -> None:
    """exp(2 log 2), exp(log 2) and 1 have the sum 7."""
    losses = vector(2 * math.log(2), math.log(2), 0)
    assert_exact(mtl.STCH().weights(losses), 4 / 7, 2 / 7, 1 / 7)
    assert_exact(mtl.STCH(0.5).weights(losses), 16 / 21, 4 / 21, 1 / 21)
    assert_exact(mtl.STCH(scale="sum").weights(losses), 12 / 7, 6 / 7, 3 / 7)
    assert_exact(mtl.STCH(preference=(1, 2, 3)).weights(losses), 4 / 9, 8 / 9, 1 / 3)
    assert_exact(mtl.STCH(ideal=(math.log(2), 0, 0)).weights(losses), 0.4, 0.4, 0.2)


def test_weights_are_the_gradient_of_the_objective() -> None:
    losses, preference, ideal, mu = vector(1.3, 0.2, 2.1).requires_grad_(), vector(0.5, 3, 1), 0.1, 0.7
    objective = mu * (preference * (losses - ideal) / mu).logsumexp(0)
    (slope,) = torch.autograd.grad(objective, losses)
    method = mtl.STCH(mu, preference=preference.tolist(), ideal=ideal)
    torch.testing.assert_close(method.weights(losses), slope)


def test_both_ends_of_mu() -> None:
    """All weight on the worst loss, in the order of the preferred differences; or that of the preferences."""
    losses = vector(2, 1.5, -1)
    assert_exact(mtl.STCH(1e-300).weights(losses), 1, 0, 0)
    assert_exact(mtl.STCH(1e-300, preference=(1, 2, 1)).weights(losses), 0, 2, 0)
    assert_exact(mtl.STCH(1e300, preference=(1, 2, 6)).weights(losses), 1 / 3, 2 / 3, 2)


def test_nothing_overflows() -> None:
    assert_exact(mtl.STCH().weights(vector(1e308, 1e308, -1e300)), 0.5, 0.5, 0)


def test_a_preference_of_one_over_the_unit_undoes_the_unit() -> None:
    losses, unit = vector(2, 1), vector(100, 1)
    here = mtl.STCH(preference=(0.01, 1)).weights(unit * losses) * unit
    torch.testing.assert_close(here, mtl.STCH().weights(losses))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mu": 0.0}, "mu must be positive"),
        ({"mu": math.inf}, "mu must be positive and finite"),
        ({"mu": math.nan}, "mu must be positive"),
        ({"preference": (1.0, 0.0)}, "every preference must be positive"),
        ({"preference": (1.0, math.inf)}, "every preference must be positive and finite"),
        ({"ideal": (0.0, math.nan)}, "ideal must be finite"),
    ],
)
def test_options_out_of_range(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mtl.STCH(**options)


def test_one_value_a_task() -> None:
    with pytest.raises(ValueError, match="2 values for 3 tasks"):
        mtl.STCH(preference=(1.0, 2.0)).weights(vector(1, 2, 3))
