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
    inputs : Tensor, shape (N, ...), or tuple of Tensor
        One tensor that every task reads, or T tensors, one for each task.
    targets : tuple or list of Tensor
        The labels of the T tasks; the first dimension of each is that of its inputs. A list becomes a tuple.

    Raises
    ------
    TypeError
        If inputs or targets are something else, such as a dictionary.
    ValueError
        If a tuple of inputs does not have one tensor for each task.
    """

    inputs: Tensor | tuple[Tensor, ...]
    targets: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        _check_tensors(self)
        if isinstance(self.inputs, tuple) and len(self.inputs) != len(self.targets):
            raise ValueError(
                f"{len(self.inputs)} inputs but {len(self.targets)} sets of labels: a batch has one "
                "input for all tasks (a tensor) or one a task (a tuple)"
            )

    def to(self, device: torch.device | str) -> Batch:
        """Copy the batch to another device.

        Parameters
        ----------
        device : torch.device or str
            Device of torch.

        Returns
        -------
        batch : Batch
            The same batch there.
        """
        inputs = self.inputs
        moved = tuple(x.to(device) for x in inputs) if isinstance(inputs, tuple) else inputs.to(device)
        return Batch(moved, tuple(y.to(device) for y in self.targets))


@dataclass(frozen=True)
class Split:
    """One split of a data set, held in memory as tensors.

    Images may be stored as bytes (uint8); they are read as floats in [0, 1]. Fingerprints may be stored as
    truth values (bool); they are read as 0.0 and 1.0. With one input for each task the tasks may differ in
    length: an epoch then is one pass over the longest, and the shorter ones start again.

    Parameters
    ----------
    inputs : Tensor, shape (N, ...), or tuple of Tensor
        One tensor that every task reads, or T tensors, one for each task.
    targets : tuple or list of Tensor
        The labels of the T tasks; the first dimension of each is that of its inputs. A list becomes a tuple.

    Raises
    ------
    TypeError
        If inputs or targets are something else, such as a dictionary.
    ValueError
        If a task does not have as many labels as inputs.

    Examples
    --------
    >>> pixels = torch.tensor([[0], [51], [255]], dtype=torch.uint8)
    >>> split = mtl.Split(pixels, (torch.arange(3), torch.ones(3)))
    >>> len(split), split.tasks
    (3, 2)
    >>> split.read(slice(1, 3)).inputs
    tensor([[0.2000],
            [1.0000]])
    """

    inputs: Tensor | tuple[Tensor, ...]
    targets: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        _check_tensors(self)
        inputs = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,) * self.tasks
        sizes = [len(x) for x in inputs], [len(y) for y in self.targets]
        if sizes[0] != sizes[1]:
            raise ValueError(
                "every task of a split needs as many labels as it has inputs, but there are "
                f"{sizes[0]} inputs and {sizes[1]} labels"
            )

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.targets)

    def __len__(self) -> int:
        return max(len(y) for y in self.targets)

    def to(self, device: torch.device | str) -> Split:
        """Copy the split to another device.

        Parameters
        ----------
        device : torch.device or str
            Device of torch.

        Returns
        -------
        split : Split
            The same split there.
        """
        whole = Batch(self.inputs, self.targets).to(device)
        return Split(whole.inputs, whole.targets)

    def read(self, index: Tensor | slice) -> Batch:
        """Read the samples at some positions.

        Parameters
        ----------
        index : Tensor of int64, shape (N,), or slice
            Positions. Those past the last sample of a task start again at its first.

        Returns
        -------
        batch : Batch
            The samples, with inputs as floats.
        """
        if isinstance(index, slice):
            index = torch.arange(len(self))[index]
        inputs = self.inputs
        picked = tuple(_pick(x, index) for x in inputs) if isinstance(inputs, tuple) else _pick(inputs, index)
        return Batch(picked, tuple(_take(y, index) for y in self.targets))

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Read all samples once, in mini-batches.

        Parameters
        ----------
        batch_size : int
            Number of samples of a batch; the last one may be smaller.
        generator : torch.Generator, optional
            Source of a random order; by default the order is that of the split.

        Yields
        ------
        batch : Batch
            The next mini-batch.

        Raises
        ------
        ValueError
            If the batch size is less than 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        order = (
            torch.arange(len(self)) if generator is None else torch.randperm(len(self), generator=generator)
        )
        for index in order.split(batch_size):
            yield self.read(index)


def _check_tensors(data: Batch | Split) -> None:
    """Make targets a tuple; TypeError for anything but tensors."""
    kind = type(data).__name__
    inputs = data.inputs if isinstance(data.inputs, tuple) else (data.inputs,)
    if not all(isinstance(x, Tensor) for x in inputs):
        raise TypeError(
            f"the inputs of a {kind} are one tensor, or a tuple with one tensor for each task, not "
            f"{_described(data.inputs)}; stack what one trunk reads into one tensor, and take it apart in "
            "the trunk, as mtlcore.models.bert does"
        )
    if not isinstance(data.targets, (tuple, list)) or not all(isinstance(y, Tensor) for y in data.targets):
        raise TypeError(
            f"the targets of a {kind} are a tuple with one tensor for each task, in the order of the tasks, "
            f"not {_described(data.targets)}"
        )
    object.__setattr__(data, "targets", tuple(data.targets))  # the dataclass is frozen


def _described(given: object) -> str:
    """The type of an object, and those of its entries."""
    name = type(given).__name__
    if isinstance(given, dict):
        return f"a {name} with the keys {', '.join(map(repr, given))}"
    if isinstance(given, (list, tuple)):
        return f"a {name} of {', '.join(sorted({type(entry).__name__ for entry in given})) or 'nothing'}"
    return f"a {name}"


def _take(data: Tensor, index: Tensor) -> Tensor:
    return data.index_select(0, (index % len(data)).to(data.device))


def _pick(data: Tensor, index: Tensor) -> Tensor:
    picked = _take(data, index)
    if picked.dtype == torch.bool:
        return picked.float()
    return picked.float().div_(255) if picked.dtype == torch.uint8 else picked


@dataclass(frozen=True)
class MultiTaskData:
    """A data set: three splits and their tasks. :func:`mtlcore.load` returns one.

    Parameters
    ----------
    name : str
        Name of the data set.
    train : Split
        Samples to train on.
    validation : Split
        Samples that decide when to stop, and that methods with a validation batch look at.
    test : Split
        Samples to test on.
    tasks : tuple of Task
        The T tasks.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    tasks: tuple[Task, ...]
