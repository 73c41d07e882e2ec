"""What a task is: a loss an entry, a metric a split, and which labels are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

UNLABELLED = -100
"""The class index that marks an entry without a label (torch's own convention)."""


def labelled(targets: Tensor) -> Tensor:
    """Mask of the entries that carry a label: not NaN for real targets, not -100 for classes."""
    if targets.is_floating_point():
        return ~torch.isnan(targets)
    return targets != UNLABELLED


@dataclass(frozen=True)
class Task:
    """One task of a multi-task problem.

    Parameters
    ----------
    name : what the history and the error messages call it.
    loss : ``(outputs, targets) -> (N, ...)``, one loss an entry, not reduced. Trailing dimensions (pixels,
        coordinates) are averaged over the labelled entries of a sample.
    metric : ``(outputs, targets) -> float`` on a whole split, labelled samples only.
    metric_name : what the metric is called.
    higher_is_better : direction of the metric.
    labelled : mask of the entries of ``targets`` that carry a label.
    """

    name: str
    loss: Callable[[Tensor, Tensor], Tensor]
    metric: Callable[[Tensor, Tensor], float]
    metric_name: str
    higher_is_better: bool
    labelled: Callable[[Tensor], Tensor] = labelled

    @classmethod
    def classification(cls, name: str) -> Task:
        """Cross-entropy on class indices, measured by accuracy. Label -100 means unlabelled."""
        return cls(name, _cross_entropy, accuracy, "accuracy", higher_is_better=True)

    @classmethod
    def regression(cls, name: str) -> Task:
        """Squared error, averaged over the coordinates, measured by its mean. NaN means unlabelled."""
        return cls(name, _squared_error, mean_squared_error, "mse", higher_is_better=False)

    @classmethod
    def binary(cls, name: str, weights: tuple[float, float] = (1.0, 1.0)) -> Task:
        """Cross-entropy on two outputs, each class with a weight, measured by average precision.

        Labels are 0, 1 or -100 (unlabelled); ``weights`` are those of label 0 and of label 1.
        """
        loss = partial(_weighted_cross_entropy, weights=weights)
        return cls(name, loss, average_precision, "average_precision", higher_is_better=True)

    @classmethod
    def logistic(cls, name: str) -> Task:
        """Cross-entropy on one output (N, 1), a log-odds, measured by the area under the ROC curve.

        Labels are 0, 1 or -100 (unlabelled).
        """
        return cls(name, _logistic, area_under_roc, "auc", higher_is_better=True)

    def sample_losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of every sample and the mask of the samples that have a label.

        Returns
        -------
        losses : (N,), zero where a sample has no label, never NaN for a missing one.
        mask : (N,), boolean.

        Raises
        ------
        ValueError : the batch is empty, or outputs and targets do not fit the loss.
        """
        if not len(targets):
            raise ValueError(f"task {self.name!r}: the batch is empty; drop empty batches")
        if len(outputs) != len(targets):
            raise ValueError(
                f"task {self.name!r}: {len(outputs)} outputs but {len(targets)} targets in one batch"
            )
        present = self.labelled(targets)
        # On a GPU the question would wait for the device, so there the mask is always applied.
        missing = None if targets.device.type == "cpu" and present.all() else ~present
        try:
            entries = self.loss(outputs, targets if missing is None else targets.masked_fill(missing, 0))
        except (RuntimeError, IndexError, TypeError) as error:
            raise ValueError(
                f"task {self.name!r}: outputs {tuple(outputs.shape)} {outputs.dtype} and targets "
                f"{tuple(targets.shape)} {targets.dtype} do not fit its loss: {error}"
            ) from error
        if entries.shape != present.shape:
            raise ValueError(
                f"task {self.name!r}: its loss must keep one value an entry, shape "
                f"{tuple(present.shape)}, but returned {tuple(entries.shape)}; use reduction='none'"
            )
        if missing is None:
            return entries.reshape(len(targets), -1).mean(1), present.reshape(len(targets), -1)[:, 0]
        entries = entries.masked_fill(missing, 0).reshape(len(targets), -1)
        present = present.reshape(len(targets), -1)
        return entries.sum(1) / present.sum(1).clamp(min=1), present.any(1)


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        raise TypeError("class labels must be integers")
    return F.cross_entropy(outputs, targets, reduction="none")


def _weighted_cross_entropy(outputs: Tensor, targets: Tensor, weights: tuple[float, float]) -> Tensor:
    entries = _cross_entropy(outputs, targets)
    return torch.where(targets == 1, weights[1] * entries, weights[0] * entries)


def _logistic(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        raise TypeError("class labels must be integers")
    return F.binary_cross_entropy_with_logits(outputs.squeeze(1), targets.to(outputs), reduction="none")


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    if not targets.is_floating_point():
        raise TypeError("regression targets must be real numbers")
    if outputs.shape != targets.shape:
        raise TypeError("outputs and targets must have one shape")
    return F.mse_loss(outputs, targets, reduction="none")


def accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Share of labelled entries whose largest output is the right class, in [0, 1]."""
    present = labelled(targets)
    return (outputs.argmax(1) == targets)[present].double().mean().item()


def average_precision(outputs: Tensor, targets: Tensor) -> float:
    """Area under precision against recall as steps, of outputs (N, 2) and labels (N,), labelled entries only.

    Entries are ranked by the second output minus the first. NaN without a positive label.
    """
    from sklearn.metrics import average_precision_score  # here, because it takes most of a second

    present = labelled(targets)
    labels = targets[present].cpu().numpy()
    scores = (outputs[:, 1] - outputs[:, 0])[present].detach().cpu().numpy()
    return float(average_precision_score(labels, scores)) if labels.any() else float("nan")


def area_under_roc(outputs: Tensor, targets: Tensor) -> float:
    """Area under true against false positives, of outputs (N, 1) and labels (N,), labelled entries only.

    NaN where all labels are of one class.
    """
    from sklearn.metrics import roc_auc_score  # here, because it takes most of a second

    present = labelled(targets)
    labels = targets[present].cpu().numpy()
    scores = outputs[:, 0][present].detach().cpu().numpy()
    return float(roc_auc_score(labels, scores)) if 0 < labels.sum() < len(labels) else float("nan")


def mean_squared_error(outputs: Tensor, targets: Tensor) -> float:
    """Mean squared error over the labelled entries."""
    present = labelled(targets)
    return (outputs - targets)[present].double().square().mean().item()


def delta_p(
    values: Sequence[Sequence[float]],
    baseline: Sequence[Sequence[float]],
    higher_is_better: Sequence[Sequence[bool]],
) -> float:
    r"""Mean relative improvement over a baseline, in per cent (random-weighting paper, Section 5).

    .. math:: \Delta_p = 100\,\% \cdot \frac1T \sum_t \frac1{N_t} \sum_n
              \pm\frac{M_{t,n} - M^{\mathrm{base}}_{t,n}}{M^{\mathrm{base}}_{t,n}}

    with + where higher is better. (The paper prints the opposite sign in the formula and this one in
    its tables.) Each argument has one sequence a task, with one entry a metric of that task.

    Raises
    ------
    ValueError : the three arguments differ in shape, there is no task, or a baseline is zero.
    """
    if not values or not (
        [len(row) for row in values]
        == [len(row) for row in baseline]
        == [len(row) for row in higher_is_better]
    ):
        raise ValueError("delta_p needs, for every task, as many values as baselines and directions")
    if any(b == 0 for row in baseline for b in row):
        raise ValueError("delta_p divides by the baseline, and one baseline value is zero")
    tasks = [
        sum((m - b) / b * (1 if up else -1) for m, b, up in zip(*rows, strict=True)) / len(rows[0])
        for rows in zip(values, baseline, higher_is_better, strict=True)
    ]
    return 100 * sum(tasks) / len(tasks)
