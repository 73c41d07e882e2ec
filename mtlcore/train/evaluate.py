"""Mean losses and metrics on a split, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from mtlcore.models import MultiTaskModel
from mtlcore.tasks import Split, Task


@torch.no_grad()
def evaluate(
    model: MultiTaskModel, split: Split, tasks: Sequence[Task], batch_size: int = 500
) -> dict[str, float]:
    """Measure the mean loss and all metrics of every task on a split.

    Parameters
    ----------
    model : MultiTaskModel
        What is measured. It is in evaluation mode meanwhile.
    split : Split
        On which data. The batches are moved to the device of the model.
    tasks : sequence of T Task
        The tasks of the split.
    batch_size : int, default 500
        Samples a forward pass. The results do not depend on it, but for rounding.

    Returns
    -------
    results : dict from str to float
        ``"loss.TASK"``, the mean loss over the labelled samples, then ``"METRIC.TASK"`` for each metric, task
        by task. The loss is NaN for a task without a label in the split.

    Raises
    ------
    ValueError
        If the number of tasks is not that of the split or the model, or outputs and targets do not fit a
        task's loss.

    Notes
    -----
    Cost: 1 forward pass over the split. Outputs are dropped after each batch, except those of a task with a
    metric that needs all of them (:meth:`mtlcore.Metrics.whole`). Sums are taken in float64. With one input a
    task, a shorter task's samples count once.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> data = mtl.load("digits", train=100, validation=50, test=50)
    >>> model = mtl.models.lenet(size=11, kernels=(3, 3))
    >>> list(mtl.evaluate(model, data.test, data.tasks))
    ['loss.top-left', 'accuracy.top-left', 'loss.bottom-right', 'accuracy.bottom-right']
    """
    if len(tasks) != split.tasks:
        raise ValueError(f"{len(tasks)} tasks, but the split has targets of {split.tasks}")
    device = _device(model)
    sums = [torch.zeros((), dtype=torch.float64, device=device) for _ in tasks]
    counts = [torch.zeros((), dtype=torch.int64, device=device) for _ in tasks]
    kept: list[list[Any]] = [[] for _ in tasks]
    start = 0
    with model.evaluating():
        for batch in split.batches(batch_size):
            here = batch if device is None else batch.to(device)
            for t, (task, outputs, targets) in enumerate(
                zip(tasks, model(here.inputs), here.targets, strict=True)
            ):
                # Past its end a shorter task starts again: its repeated samples do not count.
                fresh = len(split.targets[t]) - start
                if fresh <= 0:
                    continue
                outputs, targets = outputs[:fresh], targets[:fresh]
                losses, present = task.sample_losses(outputs, targets)
                sums[t] += losses.double().sum()  # zero where there is no label
                counts[t] += present.sum()
                kept[t].append(task.metrics.collect(outputs, targets))
            start += batch_size
    results = {}
    for t, task in enumerate(tasks):
        results[f"loss.{task.name}"] = (sums[t] / counts[t]).item()
        for metric, value in task.metrics.conclude(kept[t]).items():
            results[f"{metric}.{task.name}"] = value
    return results


def _device(model: MultiTaskModel) -> torch.device | None:
    """Where the model's parameters, or else its buffers, are."""
    tensor: Tensor | None = next(chain(model.parameters(), model.buffers()), None)
    return None if tensor is None else tensor.device
