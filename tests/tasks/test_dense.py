"""Losses and metrics of images: segmentation, depth and normals by hand."""

import math

import pytest
import torch
import torch.nn.functional as F

from mtlcore.data import load
from mtlcore.tasks import UNLABELLED
from mtlcore.tasks.dense import depth, log_depth, normals, segmentation

NAN = math.nan


def logits(classes: list[list[int]], number: int) -> torch.Tensor:
    """Outputs (1, number, H, W) whose largest is the class."""
    return F.one_hot(torch.tensor([classes]), number).movedim(-1, 1).float()


def test_segmentation_by_hand() -> None:
    """Class 0: 1 of 3 pixels in the union; class 1: 2 of 4; class 2 is nowhere; one pixel has no label."""
    targets = torch.tensor([[[0, 0, 1], [1, 1, UNLABELLED]]])
    outputs = logits([[0, 1, 1], [1, 0, 2]], 3)
    task = segmentation(3)
    assert task.metrics(outputs, targets) == pytest.approx(
        {"miou": (1 / 3 + 2 / 4) / 2, "pixel_accuracy": 3 / 5}
    )
    assert task.metrics(outputs, targets)[task.main] == pytest.approx(5 / 12)
    assert task.higher_is_better and task.main == "miou"
    losses, mask = task.sample_losses(outputs, targets)
    expected = F.cross_entropy(outputs, targets, ignore_index=UNLABELLED)
    torch.testing.assert_close(losses, expected[None])
    assert mask.tolist() == [True]


def test_a_class_that_is_only_predicted_counts_against_the_mean() -> None:
    found = segmentation(3).metrics(logits([[0, 2]], 3), torch.tensor([[[0, 0]]]))
    assert found == pytest.approx({"miou": (1 / 2 + 0) / 2, "pixel_accuracy": 1 / 2})


def test_depth_by_hand() -> None:
    targets = torch.tensor([[[[1.0, 2.0, NAN, 4.0]]]])
    outputs = torch.tensor([[[[2.0, 1.0, 9.0, 4.0]]]])
    task = depth()
    assert task.metrics(outputs, targets) == pytest.approx({"absolute": 2 / 3, "relative": (1 + 0.5) / 3})
    assert task.sample_losses(outputs, targets)[0].tolist() == pytest.approx([2 / 3])
    assert not task.higher_is_better and task.main == "absolute"


def test_log_depth_by_hand() -> None:
    """Gaps 1, 3 and, without a label, any: mean square 5, half the squared mean 2."""
    targets = torch.tensor([[[[1.0, math.e, NAN]]], [[[NAN, NAN, NAN]]]])
    outputs = torch.tensor([[[[1.0, 4.0, 7.0]]], [[[1.0, 1.0, 1.0]]]])
    losses, mask = log_depth().sample_losses(outputs, targets)
    assert losses.tolist() == pytest.approx([5 - 0.5 * 4, 0]) and mask.tolist() == [True, False]
    assert log_depth(alpha=1).sample_losses(outputs, targets)[0][0].item() == pytest.approx(1)


def test_log_depth_forgets_the_scale_when_alpha_is_one() -> None:
    targets = torch.rand(2, 1, 3, 4) + 0.1
    outputs = torch.randn(2, 1, 3, 4)
    first, _ = log_depth(alpha=1).sample_losses(outputs, targets)
    second, _ = log_depth(alpha=1).sample_losses(outputs + 5, targets)
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("ratio", "right"), [(0.79, 0), (0.81, 1), (1, 1), (1.24, 1), (1.26, 0)])
def test_a_depth_is_right_within_a_quarter(ratio: float, right: int) -> None:
    targets = torch.tensor([[[[3.0, NAN]]]])
    found = log_depth().metrics(torch.full((1, 1, 1, 2), math.log(3 * ratio)), targets)
    assert found == {"accuracy": right}


def test_normals_by_hand() -> None:
    """Angles 0, 10, 20, 25 and 90 degrees, at any length; the last pixel has no label."""
    angles = torch.tensor([0.0, 10, 20, 25, 90, 45]).deg2rad()
    outputs = torch.stack([angles.cos(), angles.sin(), 0 * angles]).view(1, 3, 1, 6) * 7
    targets = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).repeat(1, 1, 1, 6)
    targets[..., 5] = NAN
    task = normals()
    expected = {"mean": 29, "median": 20, "within_11.25": 0.4, "within_22.5": 0.6, "within_30": 0.8}
    assert task.metrics(outputs, targets) == pytest.approx(expected, rel=1e-4)
    assert task.metrics(outputs, targets)[task.main] == pytest.approx(29, rel=1e-4)
    loss = 1 - angles[:5].cos().mean().item()
    assert task.sample_losses(outputs, targets)[0].item() == pytest.approx(loss, rel=1e-5)
    assert normals(factor=0.5).sample_losses(outputs, targets)[0].item() == pytest.approx(loss / 2, rel=1e-5)


def test_an_image_without_a_label_has_no_loss_and_no_gradient() -> None:
    data = load("synthetic-rooms")
    batch = data.train.read(slice(0, 3))
    for targets in batch.targets:
        targets[1] = NAN if targets.is_floating_point() else UNLABELLED
    outputs = [torch.randn(3, k, 16, 16, requires_grad=True) for k in (13, 1, 3)]
    for tasks in (data.tasks, (segmentation(13), log_depth(), normals())):
        for task, output, targets in zip(tasks, outputs, batch.targets, strict=True):
            losses, mask = task.sample_losses(output, targets)
            assert mask.tolist() == [True, False, True] and losses[1] == 0 and losses.isfinite().all()
            (gradient,) = torch.autograd.grad(losses.sum(), output)
            assert gradient.isfinite().all() and (gradient[1] == 0).all() and (gradient[0] != 0).any()
