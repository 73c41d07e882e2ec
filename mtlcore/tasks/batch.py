"""Mini-batches and splits: one input with T sets of labels, or T inputs, each with its own labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mtlcore.tasks.task import Task


@dataclass(frozen=True)
class Batch:
    """One mini-batch.

    Parameters
    ----------
    inputs : a tensor (N, ...) that every task reads, or a tuple of T tensors, one a task.
    targets : T tensors, each with N entries first.
    """

    inputs: Tensor | tuple[Tensor, ...]
    targets: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        if isinstance(self.inputs, tuple) and len(self.inputs) != len(self.targets):
            raise ValueError(
                f"{len(self.inputs)} inputs but {len(self.targets)} sets of labels: a batch has one "
                "input for all tasks (a tensor) or one a task (a tuple)"
            )

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        inputs = self.inputs
        moved = tuple(x.to(device) for x in inputs) if isinstance(inputs, tuple) else inputs.to(device)
        return Batch(moved, tuple(y.to(device) for y in self.targets))


@dataclass(frozen=True)
class Split:
    """One split of a data set, held in memory as tensors.

    Images may stay bytes (uint8) here; they are read as floats in [0, 1]. Fingerprints may stay truth
    values (bool); they are read as 0.0 and 1.0.
    With one input a task the tasks may differ in length: an epoch then is one pass over the longest,
    and the shorter ones start again.
    """

    inputs: Tensor | tuple[Tensor, ...]
    targets: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        inputs = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,) * self.tasks
        if len(inputs) != self.tasks or any(
            len(x) != len(y) for x, y in zip(inputs, self.targets, strict=True)
        ):
            raise ValueError("every task of a split needs as many labels as it has inputs")

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.targets)

    def __len__(self) -> int:
        return max(len(y) for y in self.targets)

    def to(self, device: torch.device | str) -> Split:
        """The same split on another device."""
        whole = Batch(self.inputs, self.targets).to(device)
        return Split(whole.inputs, whole.targets)

    def read(self, index: Tensor | slice) -> Batch:
        """The samples at these positions; a position past a task's end starts again at its beginning."""
        if isinstance(index, slice):
            index = torch.arange(len(self))[index]
        inputs = self.inputs
        picked = tuple(_pick(x, index) for x in inputs) if isinstance(inputs, tuple) else _pick(inputs, index)
        return Batch(picked, tuple(_take(y, index) for y in self.targets))

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """All samples once, in order, or shuffled when a generator is given."""
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        order = (
            torch.arange(len(self)) if generator is None else torch.randperm(len(self), generator=generator)
        )
        for index in order.split(batch_size):
            yield self.read(index)


def _take(data: Tensor, index: Tensor) -> Tensor:
    return data.index_select(0, (index % len(data)).to(data.device))


def _pick(data: Tensor, index: Tensor) -> Tensor:
    picked = _take(data, index)
    if picked.dtype == torch.bool:
        return picked.float()
    return picked.float().div_(255) if picked.dtype == torch.uint8 else picked


@dataclass(frozen=True)
class MultiTaskData:
    """What :func:`mtlcore.load` returns: three splits and their tasks."""

    name: str
    train: Split
    validation: Split
    test: Split
    tasks: tuple[Task, ...]
