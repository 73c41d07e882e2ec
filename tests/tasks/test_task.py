"""Tasks with missing labels, their metrics, and the relative improvement over a baseline."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import mtlcore as mtl
from mtlcore.tasks.task import (
    UNLABELLED,
    Task,
    accuracy,
    area_under_roc,
    average_precision,
    mean_squared_error,
)

UP, DOWN = True, False


def test_delta_p_reproduces_the_random_weighting_papers_table_1() -> None:
    """RLW on NYUv2: the printed +1.04% needs the sign that the formula does not print."""
    equal = [[53.77, 75.45], [0.3845, 0.1605], [23.5737, 17.0438, 35.04, 60.93, 72.07]]
    rlw = [[54.11, 75.77], [0.3809, 0.1575], [23.3777, 16.7385, 35.71, 61.52, 72.45]]
    better = [[UP, UP], [DOWN, DOWN], [DOWN, DOWN, UP, UP, UP]]
    assert mtl.delta_p(rlw, equal, better) == pytest.approx(1.046, abs=5e-4)
    assert mtl.delta_p(equal, equal, better) == 0


def test_delta_p_weighs_tasks_alike_however_many_metrics_they_have() -> None:
    assert mtl.delta_p([[1.1], [1, 1, 1.3]], [[1], [1, 1, 1]], [[UP], [UP, UP, UP]]) == pytest.approx(10)


@pytest.mark.parametrize(
    "arguments", [([], [], []), ([[1]], [[1, 2]], [[UP]]), ([[1]], [[0]], [[UP]]), ([[1]], [[1]], [[]])]
)
def test_delta_p_refuses(arguments: tuple) -> None:
    with pytest.raises(ValueError, match="delta_p"):
        mtl.delta_p(*arguments)


def test_missing_pixels_are_left_out_of_a_samples_mean() -> None:
    task = mtl.Task.classification("segmentation")
    outputs = torch.randn(2, 3, 4, 4)
    targets = torch.randint(3, (2, 4, 4))
    targets[0, :2] = UNLABELLED
    losses, mask = task.sample_losses(outputs, targets)
    expected = torch.nn.functional.cross_entropy(outputs[:1], targets[:1], ignore_index=UNLABELLED)
    torch.testing.assert_close(losses[0], expected)
    assert mask.tolist() == [True, True]


def test_metrics_count_labelled_entries_only() -> None:
    outputs = torch.tensor([[2.0, 1], [0, 1], [5, 0]])
    assert accuracy(outputs, torch.tensor([0, 0, UNLABELLED])) == 0.5
    assert mean_squared_error(torch.tensor([1.0, 2]), torch.tensor([torch.nan, 4])) == 4


def test_a_loss_that_reduces_is_refused() -> None:
    task = mtl.Task("reduced", torch.nn.functional.mse_loss, mean_squared_error, "mse", False)
    with pytest.raises(ValueError, match="reduction='none'"):
        task.sample_losses(torch.ones(3), torch.ones(3))


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


def test_average_precision_by_hand() -> None:
    """Ranked 1, 0, 1, 0: the mean of 1/1 and 2/3. A row without a label is nowhere."""
    scores, labels = torch.tensor([2.0, 4.0, 3.0, 1.0, 5.0]), torch.tensor([1, 1, 0, 0, UNLABELLED])
    outputs = torch.stack([torch.full_like(scores, 7), scores + 7], 1)
    assert average_precision(outputs, labels) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(outputs.flip(1), labels) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert np.isnan(average_precision(outputs, torch.tensor([0, 0, 0, 0, UNLABELLED])))
    assert np.isnan(average_precision(outputs, torch.full((5,), UNLABELLED)))


def test_a_log_odds_by_hand() -> None:
    task = Task.logistic("attractive")
    outputs, targets = torch.tensor([[0.0], [2.0], [2.0], [5.0]]), torch.tensor([1, 1, 0, UNLABELLED])
    losses, mask = task.sample_losses(outputs, targets)
    expected = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), 0]
    assert losses.tolist() == pytest.approx(expected, rel=1e-5) and mask.tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="class labels must be integers"):
        task.sample_losses(outputs, torch.ones(4))


def test_area_under_roc_by_hand() -> None:
    """Of the pairs (positive, negative), 3 of 4 are in order; the last entry has no label."""
    outputs = torch.tensor([[0.9], [0.3], [0.5], [0.1], [7.0]])
    assert area_under_roc(outputs, torch.tensor([1, 1, 0, 0, UNLABELLED])) == 0.75
    assert math.isnan(area_under_roc(outputs, torch.tensor([1, 1, 1, UNLABELLED, 1])))
