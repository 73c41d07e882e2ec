"""Tasks with missing labels, and the relative improvement over a baseline."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl
from mtlcore.tasks.task import UNLABELLED, accuracy, mean_squared_error

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
