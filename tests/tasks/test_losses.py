"""Losses by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mtlcore.tasks import UNLABELLED, Task


def test_the_loss_by_hand() -> None:
    """-w_y log softmax_y, and zero where the label is missing."""
    task = Task.binary("a", weights=(0.25, 2.0))
    outputs = torch.tensor([[0.0, 0.0], [1.0, 3.0], [1.0, 3.0], [5.0, 7.0]])
    losses, labelled = task.sample_losses(outputs, torch.tensor([1, 1, 0, UNLABELLED]))
    expected = [2 * np.log(2), 2 * np.log(1 + np.exp(-2)), 0.25 * np.log(1 + np.exp(2)), 0]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert labelled.tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="do not fit its loss"):
        task.sample_losses(outputs, torch.tensor([0, 1, 2, 1]))


def test_a_log_odds_by_hand() -> None:
    task = Task.logistic("attractive")
    outputs, targets = torch.tensor([[0.0], [2.0], [2.0], [5.0]]), torch.tensor([1, 1, 0, UNLABELLED])
    losses, mask = task.sample_losses(outputs, targets)
    expected = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), 0]
    assert losses.tolist() == pytest.approx(expected, rel=1e-5) and mask.tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="class labels must be integers"):
        task.sample_losses(outputs, torch.ones(4))
