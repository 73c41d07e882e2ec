"""Tasks whose labels are images: segmentation, depth, surface normals; and several numbers of one task.

A :class:`Measure` collects what it needs from one batch after another, so that the outputs of a whole split,
gigabytes of them, are never in memory at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore.tasks.task import Task, labelled

THRESHOLDS = (11.25, 22.5, 30.0)
"""The angles, in degrees, below which a surface normal counts as right."""


@dataclass(frozen=True)
class Measure:
    """Several numbers of one task over a split.

    Parameters
    ----------
    higher_is_better : the names of the numbers and their directions.
    collect : ``(outputs, targets)`` of one batch to what has to be kept of it.
    conclude : what was kept of all batches to the numbers, by name.
    """

    higher_is_better: Mapping[str, bool]
    collect: Callable[[Tensor, Tensor], Any]
    conclude: Callable[[Sequence[Any]], dict[str, float]]

    def __call__(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """The numbers of one batch."""
        return self.conclude([self.collect(outputs, targets)])


@dataclass(frozen=True, kw_only=True)
class MeasuredTask(Task):
    """A task with several numbers, of which the metric is one."""

    measure: Measure


def measure_of(task: Task) -> Measure:
    """The numbers of a task: its own measure, or its one metric on all outputs together."""
    if isinstance(task, MeasuredTask):
        return task.measure

    def conclude(kept: Sequence[tuple[Tensor, Tensor]]) -> dict[str, float]:
        outputs, targets = (torch.cat(part) for part in zip(*kept, strict=True))
        return {task.metric_name: task.metric(outputs, targets)}

    return Measure({task.metric_name: task.higher_is_better}, lambda o, y: (o, y), conclude)


def segmentation(classes: int, name: str = "segmentation") -> Task:
    """Pixel-wise cross-entropy of outputs (N, classes, H, W) and classes (N, H, W), -100 where unlabelled.

    Measured by ``miou``, the intersection over union of each class, averaged over the classes that occur
    among labels or predictions, and ``pixel_accuracy``; both count all labelled pixels of the split. The
    metric is ``miou``.
    """
    measure = Measure(
        {"miou": True, "pixel_accuracy": True}, partial(_confusion, classes=classes), _segmentation
    )
    return _task(name, Task.classification(name).loss, measure, "miou")


def depth(name: str = "depth") -> Task:
    """Absolute error of outputs and targets (N, 1, H, W), NaN where unlabelled.

    Measured by the mean absolute error ``absolute`` and the mean relative one, ``relative``, over all
    labelled pixels of the split. The metric is ``absolute``.
    """
    measure = Measure({"absolute": False, "relative": False}, _depth_errors, _depth)
    return _task(name, partial(F.l1_loss, reduction="none"), measure, "absolute")


def log_depth(alpha: float = 0.5, name: str = "depth") -> Task:
    r"""Scale-invariant error of outputs (N, 1, H, W), which are logarithms, and depths, NaN where unlabelled.

    .. math:: \frac1n \sum_i d_i^2 - \frac{\alpha}{n^2} \Big(\sum_i d_i\Big)^2, \qquad
              d_i = o_i - \log y_i

    over the n labelled pixels of an image (Eigen et al. 2014, Equation 4; SLAW paper, Section 4.2).
    Measured by ``accuracy``, the share of labelled pixels whose predicted depth is between 0.8 and 1.25
    times the true one.
    """
    measure = Measure({"accuracy": True}, _ratio_hits, _mean("accuracy"))
    return _task(name, partial(_scale_invariant, alpha=alpha), measure, "accuracy")


def normals(factor: float = 1.0, name: str = "normals") -> Task:
    """``factor`` times one minus the cosine of outputs, of any length, and unit normals, both (N, 3, H, W).

    A pixel whose normal is NaN is unlabelled. Measured by the ``mean`` and ``median`` angle in degrees and
    the share of pixels within 11.25, 22.5 and 30 degrees, over all labelled pixels of the split. The metric
    is ``mean``.
    """
    within = {f"within_{angle:g}": True for angle in THRESHOLDS}
    measure = Measure({"mean": False, "median": False, **within}, _angles, _angular)
    loss = partial(_one_minus_cosine, factor=factor)
    return _task(name, loss, measure, "mean", labelled=lambda y: labelled(y[:, :1]))


def _task(
    name: str, loss: Callable[[Tensor, Tensor], Tensor], measure: Measure, metric: str, **others: Any
) -> MeasuredTask:
    return MeasuredTask(
        name,
        loss,
        lambda outputs, targets: measure(outputs, targets)[metric],
        metric,
        measure.higher_is_better[metric],
        measure=measure,
        **others,
    )


def _confusion(outputs: Tensor, targets: Tensor, classes: int) -> Tensor:
    """(classes, classes) counts of the labelled pixels: true class, predicted class."""
    present = labelled(targets)
    pairs = classes * targets[present] + outputs.argmax(1)[present]
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def _segmentation(kept: Sequence[Tensor]) -> dict[str, float]:
    counts = torch.stack(list(kept)).sum(0).double()
    right = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - right
    return {
        "miou": (right / union)[union > 0].mean().item(),
        "pixel_accuracy": (right.sum() / counts.sum()).item(),
    }


def _depth_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Sums of the absolute and of the relative errors, and their number."""
    present = labelled(targets)
    truth = targets[present].double()
    errors = (outputs[present] - truth).abs()
    return torch.stack([errors.sum(), (errors / truth).sum(), errors.new_tensor(len(errors))])


def _depth(kept: Sequence[Tensor]) -> dict[str, float]:
    absolute, relative, pixels = torch.stack(list(kept)).sum(0)
    return {"absolute": (absolute / pixels).item(), "relative": (relative / pixels).item()}


def _ratio_hits(outputs: Tensor, targets: Tensor) -> Tensor:
    present = labelled(targets)
    return (outputs[present] - targets[present].log()).abs() < math.log(1.25)


def _mean(name: str) -> Callable[[Sequence[Tensor]], dict[str, float]]:
    return lambda kept: {name: torch.cat(list(kept)).double().mean().item()}


def _scale_invariant(outputs: Tensor, targets: Tensor, alpha: float) -> Tensor:
    present = targets > 0  # a missing depth comes as 0
    gap = torch.where(present, outputs - torch.where(present, targets, 1).log(), 0)
    pixels = present.sum((1, 2, 3), keepdim=True).clamp(min=1)
    return gap * (gap - alpha * gap.sum((1, 2, 3), keepdim=True) / pixels)


def _one_minus_cosine(outputs: Tensor, targets: Tensor, factor: float) -> Tensor:
    return factor * (1 - F.cosine_similarity(outputs, targets, dim=1)[:, None])


def _angles(outputs: Tensor, targets: Tensor) -> Tensor:
    """Angles of the labelled pixels, in degrees."""
    present = labelled(targets[:, 0])
    cosines = F.cosine_similarity(outputs.double(), targets.double(), dim=1)[present]
    return cosines.clamp(-1, 1).acos().rad2deg().float()


def _angular(kept: Sequence[Tensor]) -> dict[str, float]:
    angles = torch.cat(list(kept))
    within = {f"within_{angle:g}": (angles < angle).double().mean().item() for angle in THRESHOLDS}
    return {"mean": angles.double().mean().item(), "median": angles.median().item(), **within}
