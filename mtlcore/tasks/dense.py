"""Tasks whose labels are images: segmentation, depth and surface normals."""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore.tasks.labels import labelled, refuse
from mtlcore.tasks.losses import check_real, cross_entropy
from mtlcore.tasks.metrics import Metrics
from mtlcore.tasks.task import Task

THRESHOLDS = (11.25, 22.5, 30.0)
"""The angles, in degrees, below which a surface normal counts as right."""

UNIT = 0.1
"""By how much lengths of normals differ from 1 at most, in the median: they may be shorter where resizing
mixed two, and angles do not depend on lengths."""


def segmentation(classes: int, name: str = "segmentation") -> Task:
    """Pixel-wise cross-entropy.

    Parameters
    ----------
    classes : int
        Number of classes.
    name : str, default "segmentation"
        Name of the task.

    Returns
    -------
    task : Task
        For logits (N, classes, H, W) and class indices (N, H, W), -100 where there is no label. Its metrics
        are ``miou``, the intersection over union of each class, averaged over the classes that occur among
        labels or predictions, and ``pixel_accuracy``; both count all labelled pixels of the split.
    """
    metrics = Metrics(
        {"miou": True, "pixel_accuracy": True}, partial(_confusion, classes=classes), _segmentation
    )
    return Task(name, partial(_pixel_cross_entropy, classes=classes), metrics)


def depth(name: str = "depth") -> Task:
    """Absolute error of depths.

    Parameters
    ----------
    name : str, default "depth"
        Name of the task.

    Returns
    -------
    task : Task
        For outputs and targets (N, 1, H, W), positive numbers, NaN where there is no label. Its metrics are
        the mean absolute error, ``absolute``, and the mean relative one, ``relative``, over all labelled
        pixels of the split.
    """
    metrics = Metrics({"absolute": False, "relative": False}, _depth_errors, _depth)
    return Task(name, _absolute_error, metrics, check=_check_depths)


def log_depth(alpha: float = 0.5, name: str = "depth") -> Task:
    r"""Scale-invariant error of logarithms of depths.

    .. math:: \frac1n \sum_i d_i^2 - \frac{\alpha}{n^2} \Big(\sum_i d_i\Big)^2, \qquad
              d_i = o_i - \log y_i

    over the n labelled pixels of an image.

    Parameters
    ----------
    alpha : float, default 0.5
        At 1 the loss does not change when all depths of an image are multiplied by one factor.
    name : str, default "depth"
        Name of the task.

    Returns
    -------
    task : Task
        For outputs (N, 1, H, W), logarithms, and depths of that shape, NaN where there is no label. Its
        metric is ``accuracy``, the share of labelled pixels whose predicted depth is between 0.8 and 1.25
        times the true one.

    References
    ----------
    Eigen et al. 2014, Equation 4; SLAW paper, Section 4.2.
    """
    metrics = Metrics.mean("accuracy", _ratio_hits, higher_is_better=True)
    return Task(name, partial(_scale_invariant, alpha=alpha), metrics, check=_check_depths)


def normals(factor: float = 1.0, name: str = "normals") -> Task:
    """One minus the cosine of predicted and true surface normals.

    Parameters
    ----------
    factor : float, default 1
        Factor of the loss.
    name : str, default "normals"
        Name of the task.

    Returns
    -------
    task : Task
        For outputs of any length and unit normals, both (N, 3, H, W); a pixel whose normal is NaN has no
        label. Its metrics are the ``mean`` and ``median`` angle in degrees, and the shares of pixels within
        11.25, 22.5 and 30 degrees, over all labelled pixels of the split.

    Notes
    -----
    The median needs the angle, one float, of every labelled pixel of the split.
    """
    within = {f"within_{angle:g}": True for angle in THRESHOLDS}
    metrics = Metrics({"mean": False, "median": False, **within}, _angles, _angular)
    loss = partial(_one_minus_cosine, factor=factor)
    return Task(name, loss, metrics, labelled=_labelled_normals, check=_check_normals)


def _pixel_cross_entropy(outputs: Tensor, targets: Tensor, classes: int) -> Tensor:
    _check_logits(outputs, classes)
    return cross_entropy(outputs, targets)


def _check_logits(outputs: Tensor, classes: int) -> None:
    if outputs.shape[1] != classes:
        raise TypeError(f"a segmentation into {classes} classes has {classes} logits a pixel")


def _confusion(outputs: Tensor, targets: Tensor, classes: int) -> Tensor:
    """(classes, classes) counts of the labelled pixels: true class, predicted class."""
    _check_logits(outputs, classes)
    present = labelled(targets)
    pairs = classes * targets[present] + outputs.argmax(1)[present]
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def _segmentation(kept: list[Tensor]) -> dict[str, float]:
    counts = torch.stack(kept).sum(0).double()
    right = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - right
    return {
        "miou": (right / union)[union > 0].mean().item(),
        "pixel_accuracy": (right.sum() / counts.sum()).item(),
    }


def _check_depths(targets: Tensor) -> None:
    wrong = (targets <= 0) | targets.isinf()
    refuse(wrong, targets, "depths are positive finite numbers, or NaN where one is missing")


def _absolute_error(outputs: Tensor, targets: Tensor) -> Tensor:
    check_real(outputs, targets)
    return F.l1_loss(outputs, targets, reduction="none")


def _depth_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """(3,) sums of the absolute and of the relative errors, and their number."""
    present = labelled(targets)
    truth = targets[present].double()
    errors = (outputs[present] - truth).abs()
    return torch.stack([errors.sum(), (errors / truth).sum(), errors.new_tensor(len(errors))])


def _depth(kept: list[Tensor]) -> dict[str, float]:
    absolute, relative, pixels = torch.stack(kept).sum(0)
    return {"absolute": (absolute / pixels).item(), "relative": (relative / pixels).item()}


def _ratio_hits(outputs: Tensor, targets: Tensor) -> Tensor:
    present = labelled(targets)
    return (outputs[present] - targets[present].log()).abs() < math.log(1.25)


def _scale_invariant(outputs: Tensor, targets: Tensor, alpha: float) -> Tensor:
    """One term a pixel, whose mean over an image's labelled pixels is the loss of :func:`log_depth`."""
    check_real(outputs, targets)
    present = targets > 0  # a missing depth comes as 0
    gap = torch.where(present, outputs - torch.where(present, targets, 1).log(), 0)
    pixels = present.sum((1, 2, 3), keepdim=True).clamp(min=1)
    return gap * (gap - alpha * gap.sum((1, 2, 3), keepdim=True) / pixels)


def _check_normals(targets: Tensor) -> None:
    lengths = targets.norm(dim=1)
    refuse(lengths == 0, lengths, "normals have length 1, and are NaN where one is missing")
    gap = (lengths - 1).abs().nanmedian()
    refuse(gap > UNIT, gap, f"the lengths of normals differ from 1 by {UNIT} at most")


def _one_minus_cosine(outputs: Tensor, targets: Tensor, factor: float) -> Tensor:
    check_real(outputs, targets)
    return factor * (1 - F.cosine_similarity(outputs, targets, dim=1)[:, None])


def _labelled_normals(targets: Tensor) -> Tensor:
    return labelled(targets).all(1, keepdim=True)


def _angles(outputs: Tensor, targets: Tensor) -> Tensor:
    """Angles of the labelled pixels, in degrees."""
    present = _labelled_normals(targets)[:, 0]
    cosines = F.cosine_similarity(outputs.double(), targets.double(), dim=1)[present]
    return cosines.clamp(-1, 1).acos().rad2deg().float()


def _angular(kept: list[Tensor]) -> dict[str, float]:
    angles = torch.cat(kept)
    within = {f"within_{angle:g}": (angles < angle).double().mean().item() for angle in THRESHOLDS}
    return {"mean": angles.double().mean().item(), "median": angles.median().item(), **within}
