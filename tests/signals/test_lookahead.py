"""Signals that look ahead."""

from __future__ import annotations

import pytest
from helpers.networks import TASKS, batch, make_model

import mtlcore as mtl


@pytest.mark.parametrize("normalise", [True, False])
def test_first_order_gains_are_the_limit_of_small_steps(normalise: bool) -> None:
    data = batch()
    held_out = mtl.Batch(data.inputs.flip(0) * 0.7, data.targets)
    errors = []
    for lr in (1e-3, 1e-4):
        signals = mtl.Signals(make_model(), data, TASKS, held_out)
        gains, _ = signals.gains(lr, normalise=normalise)
        errors.append((gains / lr - signals.first_order_gains(1.0, normalise=normalise)).abs().max())
    assert errors[1] < errors[0] / 5 < 1e-2
