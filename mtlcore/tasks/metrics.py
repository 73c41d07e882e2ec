"""Metrics of a task over a split, collected batch by batch, and the relative improvement over a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mtlcore._optional import needed_by
from mtlcore.tasks.labels import labelled


@dataclass(frozen=True)
class Metrics:
    """One or several metrics of a task, computed from a split's batches.

    What ``collect`` keeps of a batch is all that stays in memory, so a metric that is a sum over samples or
    pixels never needs the outputs of a whole split at once.

    Parameters
    ----------
    higher_is_better : Mapping from str to bool
        The names of the metrics and their directions. The first one decides, unless a task says otherwise.
    collect : callable ``(outputs, targets) -> Any``
        What has to be kept of one batch.
    conclude : callable ``(list of Any) -> dict from str to float``
        From what was kept of all batches to the metrics, by name.

    Raises
    ------
    ValueError
        If there is no metric, or one is called "loss", which is the name of the task's mean loss.

    Examples
    --------
    The largest error of a split; of each batch one number is kept:

    >>> worst = mtl.Metrics(
    ...     {"worst": False},
    ...     collect=lambda outputs, targets: (outputs - targets).abs().max(),
    ...     conclude=lambda kept: {"worst": torch.stack(kept).max().item()},
    ... )
    >>> worst(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 2.0]))
    {'worst': 0.5}
    """

    higher_is_better: Mapping[str, bool]
    collect: Callable[[Tensor, Tensor], Any]
    conclude: Callable[[list[Any]], dict[str, float]]

    def __post_init__(self) -> None:
        if not self.higher_is_better:
            raise ValueError("Metrics needs at least one metric in higher_is_better")
        if "loss" in self.higher_is_better:
            raise ValueError("a metric cannot be called 'loss': that is the name of the task's mean loss")

    def __call__(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """Return the metrics of one batch, by name."""
        return self.conclude([self.collect(outputs, targets)])

    def __or__(self, other: Metrics) -> Metrics:
        """Return the metrics of both, this one's first."""
        twice = sorted(set(self.higher_is_better) & set(other.higher_is_better))
        if twice:
            raise ValueError(f"two metrics of one task are called {twice[0]!r}")
        return Metrics(
            {**self.higher_is_better, **other.higher_is_better},
            partial(_collect_both, first=self, second=other),
            partial(_conclude_both, first=self, second=other),
        )

    @classmethod
    def whole(cls, name: str, function: Callable[[Tensor, Tensor], float], higher_is_better: bool) -> Metrics:
        """A metric that needs the outputs and targets of all samples together.

        Parameters
        ----------
        name : str
            What the metric is called.
        function : callable ``(outputs, targets) -> float``
            The metric; labels may be missing among the targets.
        higher_is_better : bool
            Its direction.

        Returns
        -------
        metrics : Metrics

        Notes
        -----
        The outputs of the whole split are kept in memory. Where the metric is a mean over entries, take
        :meth:`mean`.

        Examples
        --------
        >>> top = mtl.Metrics.whole("range", lambda o, y: (o.max() - o.min()).item(), False)
        >>> top(torch.tensor([1.0, 3.0]), torch.zeros(2))
        {'range': 2.0}
        """
        return cls({name: higher_is_better}, _keep, partial(_conclude_whole, name=name, function=function))

    @classmethod
    def mean(cls, name: str, entries: Callable[[Tensor, Tensor], Tensor], higher_is_better: bool) -> Metrics:
        """A metric that is the mean over the labelled entries of a split; only sums are kept.

        Parameters
        ----------
        name : str
            What the metric is called.
        entries : callable ``(outputs, targets) -> Tensor``
            The values of the labelled entries, in any shape.
        higher_is_better : bool
            Its direction.

        Returns
        -------
        metrics : Metrics
            NaN for a split without a label.

        Examples
        --------
        >>> absolute = mtl.Metrics.mean("absolute", lambda o, y: (o - y).abs(), higher_is_better=False)
        >>> absolute(torch.tensor([1.0, 3.0]), torch.zeros(2))
        {'absolute': 2.0}
        """
        return cls(
            {name: higher_is_better},
            partial(_sum_and_count, entries=entries),
            partial(_conclude_mean, name=name),
        )


def _keep(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    return outputs, targets


def _conclude_whole(
    kept: list[tuple[Tensor, Tensor]], name: str, function: Callable[[Tensor, Tensor], float]
) -> dict[str, float]:
    outputs, targets = (torch.cat(part) for part in zip(*kept, strict=True))
    return {name: function(outputs, targets)}


def _sum_and_count(
    outputs: Tensor, targets: Tensor, entries: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, int]:
    values = entries(outputs, targets)
    return values.double().sum(), values.numel()


def _conclude_mean(kept: list[tuple[Tensor, int]], name: str) -> dict[str, float]:
    sums, counts = zip(*kept, strict=True)
    return {name: (torch.stack(sums).sum() / sum(counts)).item()}


def _collect_both(outputs: Tensor, targets: Tensor, first: Metrics, second: Metrics) -> tuple[Any, Any]:
    return first.collect(outputs, targets), second.collect(outputs, targets)


def _conclude_both(kept: list[tuple[Any, Any]], first: Metrics, second: Metrics) -> dict[str, float]:
    ours, theirs = zip(*kept, strict=True)
    return first.conclude(list(ours)) | second.conclude(list(theirs))


def hits(outputs: Tensor, targets: Tensor) -> Tensor:
    """Whether the largest output is the right class, for the labelled entries only.

    Parameters
    ----------
    outputs : Tensor, shape (N, C, ...)
        Logits.
    targets : Tensor of int64, shape (N, ...)
        Class indices, -100 where there is no label.

    Returns
    -------
    hits : Tensor of bool, shape (number of labelled entries,)
    """
    return (outputs.argmax(1) == targets)[labelled(targets)]


def accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Share of the labelled entries whose largest output is the right class.

    Parameters
    ----------
    outputs : Tensor, shape (N, C, ...)
        Logits.
    targets : Tensor of int64, shape (N, ...)
        Class indices, -100 where there is no label.

    Returns
    -------
    accuracy : float
        In [0, 1]; NaN without a label.

    Examples
    --------
    >>> from mtlcore.tasks import accuracy
    >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 1.0], [5.0, 0.0]]), torch.tensor([0, 0, -100]))
    0.5
    """
    return hits(outputs, targets).double().mean().item()


def average_precision(outputs: Tensor, targets: Tensor) -> float:
    """Area under the step function of precision against recall, over the labelled entries.

    Parameters
    ----------
    outputs : Tensor, shape (N, 2)
        Logits; entries are ranked by the second minus the first.
    targets : Tensor of int64, shape (N,)
        Labels 0 and 1, -100 where there is none.

    Returns
    -------
    average_precision : float
        In [0, 1]; NaN without a positive label.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    with needed_by("the average precision", "train"):
        from sklearn.metrics import average_precision_score  # takes most of a second
    present = labelled(targets)
    labels = targets[present].cpu().numpy()
    scores = (outputs[:, 1] - outputs[:, 0])[present].detach().cpu().numpy()
    return float(average_precision_score(labels, scores)) if labels.any() else float("nan")


def area_under_roc(outputs: Tensor, targets: Tensor) -> float:
    """Area under the curve of true against false positive rate, over the labelled entries.

    Parameters
    ----------
    outputs : Tensor, shape (N, 1)
        Log-odds of label 1.
    targets : Tensor of int64, shape (N,)
        Labels 0 and 1, -100 where there is none.

    Returns
    -------
    area : float
        In [0, 1]; NaN where all labels are of one class.

    Notes
    -----
    The share of the pairs of a positive and a negative entry in which the positive one has the larger output;
    a tie counts half.
    """
    present = labelled(targets)
    scores, positive = outputs[:, 0][present].detach(), targets[present] == 1
    above, below = scores[positive], scores[~positive].sort().values
    if not len(above) or not len(below):
        return float("nan")
    wins = torch.searchsorted(below, above) + torch.searchsorted(below, above, right=True)
    return wins.sum().item() / (2 * len(above) * len(below))


def squared_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Squared errors of the labelled entries, in float64.

    Parameters
    ----------
    outputs, targets : Tensor, both of shape (N, ...)
        Real numbers; a target that is NaN has no label.

    Returns
    -------
    errors : Tensor of float64, shape (number of labelled entries,)
    """
    return (outputs - targets)[labelled(targets)].double().square()


def mean_squared_error(outputs: Tensor, targets: Tensor) -> float:
    """Mean squared error over the labelled entries.

    Parameters
    ----------
    outputs, targets : Tensor, both of shape (N, ...)
        Real numbers; a target that is NaN has no label.

    Returns
    -------
    error : float
        NaN without a label.

    Examples
    --------
    >>> from mtlcore.tasks import mean_squared_error
    >>> mean_squared_error(torch.tensor([1.0, 2.0]), torch.tensor([torch.nan, 4.0]))
    4.0
    """
    return squared_errors(outputs, targets).mean().item()


def delta_p(
    values: Sequence[Sequence[float]],
    baseline: Sequence[Sequence[float]],
    higher_is_better: Sequence[Sequence[bool]],
) -> float:
    r"""Mean relative improvement over a baseline, in per cent.

    .. math:: \Delta_p = 100\,\% \cdot \frac1T \sum_t \frac1{N_t} \sum_n
              \pm\frac{M_{t,n} - M^{\mathrm{base}}_{t,n}}{M^{\mathrm{base}}_{t,n}}

    with + where higher is better. Every task counts alike, however many metrics it has.

    Parameters
    ----------
    values : sequence of T sequences of float
        The metrics M of every task.
    baseline : sequence of T sequences of float
        Those of the baseline, none of them zero.
    higher_is_better : sequence of T sequences of bool
        The direction of every metric.

    Returns
    -------
    improvement : float
        In per cent; positive is better than the baseline.

    Raises
    ------
    ValueError
        If the three arguments differ in shape, there is no task, or a baseline is zero.

    Notes
    -----
    The paper prints the opposite sign in the formula and this one in its tables.

    References
    ----------
    Random-weighting paper, Section 5.

    Examples
    --------
    An accuracy 10% up, and an error 20% down:

    >>> round(mtl.delta_p([[0.55], [0.8]], [[0.5], [1.0]], [[True], [False]]), 6)
    15.0
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
