"""DWA against reference numbers."""

from __future__ import annotations

import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector

from mtlcore.methods.losses.dwa import DWA


def test_dwa_reference() -> None:
    method = DWA()
    for losses in (vector(1, 1), vector(0.5, 1)):
        assert_exact(method.weights(losses), 1, 1)
        method.end_epoch()
    assert_exact(method.weights(vector(9, 9)), 0.8756469982, 1.1243530018)


def test_dwa_takes_the_mean_of_an_epoch_and_nothing_else() -> None:
    method = DWA()
    for losses in (vector(2, 2), vector(0, 0)):
        method.weights(losses)
    method.end_epoch()
    method.weights(vector(0.5, 1))
    method.end_epoch()
    method.end_epoch()
    assert_exact(method.weights(vector(7, 8)), 0.8756469982, 1.1243530018)


def test_dwa_of_a_solved_task() -> None:
    method = DWA()
    for losses in (vector(0, 1), vector(1, 1)):
        method.weights(losses)
        method.end_epoch()
    assert_exact(method.weights(vector(1, 1)), 1, 1)


def test_dwa_by_steps_hardly_moves() -> None:
    """Why SLAW's paper finds it equal to constant weights."""
    method, generator = DWA(pace="step"), torch.Generator().manual_seed(0)
    for step in range(300):
        noise = 0.02 * torch.randn(3, generator=generator, dtype=torch.float64)
        weights = method.weights(vector(1, 10, 100) * (0.99**step + noise.abs()))
    assert (weights - 1).abs().max() < 0.02
