"""A task: a loss that keeps one value an entry, metrics, and which labels are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from mtlcore.tasks.labels import check_finite, labelled
from mtlcore.tasks.losses import cross_entropy, logistic, squared_error, weighted_cross_entropy
from mtlcore.tasks.metrics import Metrics, area_under_roc, average_precision, hits, squared_errors


@dataclass(frozen=True)
class Task:
    """One task of a multi-task problem.

    Parameters
    ----------
    name : str
        What the history and the error messages call it.
    loss : callable ``(outputs, targets) -> Tensor``
        One loss an entry, shape (N, ...), not reduced. Trailing dimensions (pixels, coordinates) are averaged
        over the labelled entries of a sample.
    metrics : Metrics
        What is measured on a split, on labelled entries only.
    main : str, optional
        The metric that decides which of two models is better; by default the first.
    labelled : callable ``(targets) -> Tensor``, optional
        Mask of the entries of ``targets`` that carry a label; by default not NaN and not -100.
    check : callable ``(targets) -> None``, optional
        Raises a ValueError for targets that are no labels of this task; called for every batch. The losses of
        classification check the class indices themselves.

    Raises
    ------
    TypeError
        If ``metrics`` is no :class:`Metrics`.
    ValueError
        If ``main`` is not one of the metrics.

    Examples
    --------
    A task of your own: the absolute error, measured by its mean.

    >>> def absolute(outputs, targets):
    ...     return (outputs - targets).abs()
    >>> task = mtl.Task("height", absolute, mtl.Metrics.mean("error", absolute, higher_is_better=False))
    >>> task.main, task.higher_is_better
    ('error', False)
    >>> losses, mask = task.sample_losses(torch.tensor([1.0, 2.0]), torch.tensor([1.5, torch.nan]))
    >>> losses, mask
    (tensor([0.5000, 0.0000]), tensor([ True, False]))
    """

    name: str
    loss: Callable[[Tensor, Tensor], Tensor]
    metrics: Metrics
    main: str = None  # type: ignore[assignment]  # a string from __post_init__ on
    labelled: Callable[[Tensor], Tensor] = labelled
    check: Callable[[Tensor], None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.metrics, Metrics):
            raise TypeError(
                f"task {self.name!r}: metrics is a Metrics; make one of a function of all outputs and "
                "targets by Metrics.whole(name, function, higher_is_better)"
            )
        names = list(self.metrics.higher_is_better)
        if self.main is None:
            object.__setattr__(self, "main", names[0])  # the dataclass is frozen
        if self.main not in names:
            raise ValueError(f"task {self.name!r}: main is one of {', '.join(names)}, not {self.main!r}")

    @property
    def higher_is_better(self) -> bool:
        """Direction of the main metric."""
        return self.metrics.higher_is_better[self.main]

    @classmethod
    def classification(cls, name: str) -> Task:
        """Cross-entropy on class indices, measured by accuracy.

        Parameters
        ----------
        name : str
            Name of the task.

        Returns
        -------
        task : Task
            For logits (N, C, ...) and class indices (N, ...) from 0 to C - 1, -100 where there is no label.

        Examples
        --------
        >>> task = mtl.Task.classification("digit")
        >>> outputs, targets = torch.tensor([[0.0, 0.0], [9.0, 0.0]]), torch.tensor([1, -100])
        >>> losses, mask = task.sample_losses(outputs, targets)
        >>> losses, mask
        (tensor([0.6931, 0.0000]), tensor([ True, False]))
        >>> task.metrics(outputs, targets)
        {'accuracy': 0.0}
        """
        return cls(name, cross_entropy, Metrics.mean("accuracy", hits, higher_is_better=True))

    @classmethod
    def regression(cls, name: str) -> Task:
        """Squared error, averaged over the coordinates, measured by its mean.

        Parameters
        ----------
        name : str
            Name of the task.

        Returns
        -------
        task : Task
            For outputs and targets (N, ...), finite numbers, NaN where there is no label.
        """
        metrics = Metrics.mean("mse", squared_errors, higher_is_better=False)
        return cls(name, squared_error, metrics, check=check_finite)

    @classmethod
    def binary(cls, name: str, weights: tuple[float, float] = (1.0, 1.0)) -> Task:
        """Cross-entropy on two logits, each class with a weight, measured by average precision.

        Parameters
        ----------
        name : str
            Name of the task.
        weights : tuple of two floats, default (1, 1)
            Factors of the losses of label 0 and of label 1.

        Returns
        -------
        task : Task
            For logits (N, 2) and labels (N,): 0, 1, or -100 where there is none.
        """
        loss = partial(weighted_cross_entropy, weights=weights)
        return cls(name, loss, Metrics.whole("average_precision", average_precision, higher_is_better=True))

    @classmethod
    def logistic(cls, name: str) -> Task:
        """Binary cross-entropy on one logit, measured by the area under the ROC curve.

        Parameters
        ----------
        name : str
            Name of the task.

        Returns
        -------
        task : Task
            For log-odds (N, 1) and labels (N,): 0, 1, or -100 where there is none.
        """
        return cls(name, logistic, Metrics.whole("auc", area_under_roc, higher_is_better=True))

    def sample_losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of every sample and the mask of the samples that have a label.

        Parameters
        ----------
        outputs : Tensor, shape (N, ...)
            The task's outputs for one batch.
        targets : Tensor, shape (N, ...)
            Its targets.

        Returns
        -------
        losses : Tensor, shape (N,)
            Zero where a sample has no label, never NaN for a missing one.
        mask : Tensor of bool, shape (N,)
            Which samples have a label.

        Raises
        ------
        ValueError
            If the batch is empty, outputs and targets do not fit the loss, or a label is none of its values.
        """
        if not len(targets):
            raise ValueError(f"task {self.name!r}: the batch is empty; drop empty batches")
        if len(outputs) != len(targets):
            raise ValueError(
                f"task {self.name!r}: {len(outputs)} outputs but {len(targets)} targets in one batch"
            )
        present = self.labelled(targets)
        # Asking a GPU whether all labels are there would wait for it, so there the mask is always applied.
        missing = None if targets.device.type == "cpu" and present.all() else ~present
        try:
            entries = self.loss(outputs, targets if missing is None else targets.masked_fill(missing, 0))
            if self.check is not None:
                self.check(targets)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            raise ValueError(
                f"task {self.name!r}: outputs {tuple(outputs.shape)} {outputs.dtype} and targets "
                f"{tuple(targets.shape)} {targets.dtype} do not fit its loss: {error}"
            ) from error
        if entries.shape != present.shape:
            raise ValueError(
                f"task {self.name!r}: its loss must keep one value an entry, shape "
                f"{tuple(present.shape)}, but returned {tuple(entries.shape)}; use reduction='none'"
            )
        if present.dim() == 1:
            return (entries if missing is None else entries.masked_fill(missing, 0)), present
        if missing is None:
            return entries.reshape(len(targets), -1).mean(1), present.reshape(len(targets), -1)[:, 0]
        entries = entries.masked_fill(missing, 0).reshape(len(targets), -1)
        present = present.reshape(len(targets), -1)
        return entries.sum(1) / present.sum(1).clamp(min=1), present.any(1)
