"""What decides which of two epochs is better: the mean validation loss, or one task's main metric."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

from mtlcore.tasks import MultiTaskData


class Score:
    """The validation value that early stopping, and a scheduler that waits for a plateau, compare.

    The tasks that count are those with a label in the validation split. The split decides that before the
    training, so every epoch is compared by the same tasks.

    Parameters
    ----------
    data : MultiTaskData
        Its validation split and its tasks.
    monitor : str or None
        The task whose main metric decides; None for the mean loss of all tasks that count.

    Raises
    ------
    ValueError
        If the monitored task, or every task, lacks labels in the validation split.

    Warns
    -----
    UserWarning
        Once, if the mean has to leave out tasks; it names them.
    """

    def __init__(self, data: MultiTaskData, monitor: str | None) -> None:
        counted: list[str] = []
        left_out: list[str] = []
        for task, targets in zip(data.tasks, data.validation.targets, strict=True):
            (counted if task.labelled(targets).any() else left_out).append(task.name)
        if monitor is not None:
            if monitor in left_out:
                raise ValueError(
                    f"monitor={monitor!r} cannot decide which epoch is best: the task has no label in the "
                    "validation split; monitor another task"
                )
            task = next(task for task in data.tasks if task.name == monitor)
            self.parts, self.higher_is_better = [(task.main, monitor)], task.higher_is_better
            return
        if not counted:
            raise ValueError(
                "no task has a label in the validation split, so no epoch can be the best: train without "
                "patience, or give validation labels"
            )
        if left_out:
            warnings.warn(
                f"task {', '.join(map(repr, left_out))}: no label in the validation split, so the mean "
                "validation loss that decides which epoch is best is that of the other tasks",
                stacklevel=3,
            )
        self.parts, self.higher_is_better = [("loss", name) for name in counted], False

    def of(self, found: Mapping[str, float], epoch: int) -> float:
        """Return the value of an epoch.

        Parameters
        ----------
        found : Mapping from str to float
            Losses and metrics on the validation split.
        epoch : int
            Number of the epoch, from 1.

        Returns
        -------
        score : float
            NaN if a task that counts has no value; such an epoch is not better than any other.

        Raises
        ------
        ValueError
            If that is so in the first epoch.
        """
        values = [found[f"{what}.{task}"] for what, task in self.parts]
        for (what, task), value in zip(self.parts, values, strict=True):
            if epoch == 1 and math.isnan(value):
                raise ValueError(
                    f"the validation {what} of task {task!r} is NaN, so it cannot decide which epoch is "
                    "best: monitor another task, or give it labels from which the value can be computed"
                )
        return sum(values) / len(values)

    def better(self, score: float, best: float | None) -> bool:
        """Return whether a value is better than the best so far.

        Parameters
        ----------
        score : float
            The value of an epoch.
        best : float or None
            The best so far; None if there is none.

        Returns
        -------
        better : bool
            False for NaN.
        """
        if best is None:
            return not math.isnan(score)
        return score > best if self.higher_is_better else score < best
