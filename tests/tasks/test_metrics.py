"""Metrics of labelled entries, batch by batch, and the relative improvement over a baseline."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

import mtlcore as mtl
from mtlcore.tasks import UNLABELLED, accuracy, area_under_roc, average_precision, mean_squared_error

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


def test_metrics_count_labelled_entries_only() -> None:
    outputs = torch.tensor([[2.0, 1], [0, 1], [5, 0]])
    assert accuracy(outputs, torch.tensor([0, 0, UNLABELLED])) == 0.5
    assert mean_squared_error(torch.tensor([1.0, 2]), torch.tensor([torch.nan, 4])) == 4


def test_average_precision_by_hand() -> None:
    """Ranked 1, 0, 1, 0: the mean of 1/1 and 2/3. A row without a label is nowhere."""
    scores, labels = torch.tensor([2.0, 4.0, 3.0, 1.0, 5.0]), torch.tensor([1, 1, 0, 0, UNLABELLED])
    outputs = torch.stack([torch.full_like(scores, 7), scores + 7], 1)
    assert average_precision(outputs, labels) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(outputs.flip(1), labels) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert np.isnan(average_precision(outputs, torch.tensor([0, 0, 0, 0, UNLABELLED])))
    assert np.isnan(average_precision(outputs, torch.full((5,), UNLABELLED)))


def test_area_under_roc_by_hand() -> None:
    """Of the pairs (positive, negative), 3 of 4 are in order; the last entry has no label."""
    outputs = torch.tensor([[0.9], [0.3], [0.5], [0.1], [7.0]])
    assert area_under_roc(outputs, torch.tensor([1, 1, 0, 0, UNLABELLED])) == 0.75
    assert math.isnan(area_under_roc(outputs, torch.tensor([1, 1, 1, UNLABELLED, 1])))


def test_area_under_roc_is_scikit_learn_s_with_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randint(0, 9, (200, 1), generator=generator).float()
    targets = torch.randint(0, 2, (200,), generator=generator)
    expected = roc_auc_score(targets.numpy(), outputs[:, 0].numpy())
    assert area_under_roc(outputs, targets) == pytest.approx(expected, abs=1e-12)


def test_metrics_of_one_task_together() -> None:
    both = mtl.Task.classification("").metrics | mtl.Metrics.whole("n", lambda o, y: float(len(y)), False)
    outputs, targets = torch.eye(3), torch.tensor([0, 1, 1])
    assert both(outputs, targets) == {"accuracy": pytest.approx(2 / 3), "n": 3}
    parts = [both.collect(outputs[i : i + 1], targets[i : i + 1]) for i in range(3)]
    assert both.conclude(parts) == both(outputs, targets)
    assert both.higher_is_better == {"accuracy": True, "n": False}


def test_metrics_that_are_refused() -> None:
    accuracies = mtl.Task.classification("").metrics
    with pytest.raises(ValueError, match="two metrics of one task are called 'accuracy'"):
        accuracies | accuracies
    with pytest.raises(ValueError, match="cannot be called 'loss'"):
        mtl.Metrics.mean("loss", lambda o, y: o, higher_is_better=False)
    with pytest.raises(ValueError, match="at least one metric"):
        mtl.Metrics({}, lambda o, y: None, lambda kept: {})


def test_what_to_install_for_the_average_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(ImportError, match=r"needs scikit-learn: pip install 'mtlcore\[train\]'"):
        average_precision(torch.zeros(2, 2), torch.tensor([0, 1]))
