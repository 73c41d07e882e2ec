"""Tasks: sample losses with missing labels, metrics, messages."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import mtlcore as mtl
from mtlcore.tasks import UNLABELLED
from mtlcore.tasks.dense import segmentation


def test_missing_pixels_are_left_out_of_a_samples_mean() -> None:
    task = mtl.Task.classification("segmentation")
    outputs = torch.randn(2, 3, 4, 4)
    targets = torch.randint(3, (2, 4, 4))
    targets[0, :2] = UNLABELLED
    losses, mask = task.sample_losses(outputs, targets)
    expected = torch.nn.functional.cross_entropy(outputs[:1], targets[:1], ignore_index=UNLABELLED)
    torch.testing.assert_close(losses[0], expected)
    assert mask.tolist() == [True, True]


def test_a_loss_that_reduces_is_refused() -> None:
    task = mtl.Task("reduced", torch.nn.functional.mse_loss, mtl.Task.regression("").metrics)
    with pytest.raises(ValueError, match="reduction='none'"):
        task.sample_losses(torch.ones(3), torch.ones(3))


def test_the_main_metric_is_the_first_unless_it_is_named() -> None:
    metrics = segmentation(3).metrics
    loss = mtl.Task.classification("").loss
    assert mtl.Task("s", loss, metrics).main == "miou"
    errors = mtl.Metrics.mean("error", lambda o, y: o.argmax(1) != y, higher_is_better=False)
    task = mtl.Task("s", loss, metrics | errors, main="error")
    assert task.main == "error" and not task.higher_is_better
    assert replace(task, name="other").main == "error"
    with pytest.raises(ValueError, match="'s': main is one of miou, pixel_accuracy, not 'auc'"):
        mtl.Task("s", loss, metrics, main="auc")


def test_a_function_is_no_metrics() -> None:
    with pytest.raises(TypeError, match=r"'t': metrics is a Metrics; .* Metrics\.whole\(name, function"):
        mtl.Task("t", torch.nn.functional.mse_loss, lambda o, y: 0.0)
