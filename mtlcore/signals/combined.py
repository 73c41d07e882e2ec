"""A step of several batches: micro-batches one after the other, and those of other processes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

from mtlcore.signals.processes import Processes
from mtlcore.signals.step import Gradients, Problem, Step, check_losses, weighted
from mtlcore.signals.trunk import flat, gram
from mtlcore.tasks.batch import Batch

Answer = TypeVar("Answer")


class Combined(Problem):
    """One step on several batches: every answer is that for the batch which they make together.

    The mean losses of the whole batch, and their gradients, are sums over the parts, if each part divides its
    sums by the numbers of samples of the whole. Between two questions a micro-batch keeps no graph: its
    forward pass is made again, with the same random numbers and buffers.

    Parameters
    ----------
    parts : sequence of Step
        The micro-batches of this process.
    group : Processes
        The processes that have further micro-batches.
    """

    def __init__(self, parts: Sequence[Step], group: Processes) -> None:
        first = parts[0]
        super().__init__(first.model, first.tasks, first.validation, first.precision)
        self.parts, self.group, self.processes = list(parts), group, group.number
        for part in parts:
            part.passes = self.passes

    def only(self, kept: Sequence[int]) -> Combined:
        """The step of some of the tasks."""
        view = copy.copy(self)
        view.keep(kept)
        view.parts = [part.only(kept) for part in self.parts]
        for name in ("head_grads", "feature_grads", "_rows", "gramian", "sample_losses", "labelled"):
            view.__dict__.pop(name, None)
        losses, found = self._checked
        view.__dict__["_checked"] = losses[list(kept)], tuple(found[i] for i in kept)
        values, labelled = self._entries
        view.__dict__["_entries"] = values[list(kept)], labelled[list(kept)]
        return view

    def _ask(self, question: Callable[[Step], Answer]) -> Iterator[Answer]:
        """What each micro-batch of this process answers."""
        _ = self._checked  # from then on the parts know the numbers of samples of the whole
        return self._first_ask(question)

    def _first_ask(self, question: Callable[[Step], Answer]) -> Iterator[Answer]:
        for part in self.parts:
            yield question(part)
            if len(self.parts) > 1:
                part.forget()

    def _total(self, question: Callable[[Step], Tensor]) -> Tensor:
        return self.group.sum(_add(self._ask(question)))

    # Forward pass --------------------------------------------------------------------------------

    @cached_property
    def _entries(self) -> tuple[Tensor, Tensor]:
        """(T, N) losses and labels of the samples of this process."""
        rows = list(self._first_ask(lambda part: (part.sample_losses, part.labelled)))
        losses, labelled = zip(*rows, strict=True)
        return torch.cat(losses, 1), torch.cat(labelled, 1)

    @cached_property
    def _checked(self) -> tuple[Tensor, tuple[bool, ...]]:
        values, labelled = self._entries
        sums = self.group.sum(torch.stack([values.double().sum(1), labelled.double().sum(1)]))
        losses, counts = (sums[0] / sums[1]).to(values.dtype), sums[1].long()
        found = check_losses(losses, counts, self.tasks)
        for part in self.parts:
            part.__dict__["counts"] = counts
        return losses, found

    @cached_property
    def sample_losses(self) -> Tensor:
        """(T, N) sample losses, zero where there is no label."""
        return self.group.concatenated(self._entries[0], 1)

    @cached_property
    def labelled(self) -> Tensor:
        """(T, N) which samples have a label."""
        return self.group.concatenated(self._entries[1].to(torch.uint8), 1).bool()

    @property
    def features(self) -> tuple[Tensor, ...]:
        """T representations, without a graph."""
        return self._side_by_side(lambda part: [z.detach() for z in part.features])

    def losses_now(self) -> Tensor:
        """(T,) mean losses at the parameters as they are now; NaN for a task without a label."""
        sums = self._total(lambda part: part.values_now().double().sum(1))
        return (sums / self.parts[0].counts).to(self.losses.dtype)

    # Backward passes -----------------------------------------------------------------------------

    @cached_property
    def feature_grads(self) -> tuple[Tensor, ...]:
        """T gradients of the task losses at the representation."""
        return self._side_by_side(lambda part: part.feature_grads)

    def _side_by_side(self, question: Callable[[Step], Sequence[Tensor]]) -> tuple[Tensor, ...]:
        found = zip(*self._ask(question), strict=True)
        return tuple(self.group.concatenated(torch.cat(rows), 0) for rows in found)

    @cached_property
    def head_grads(self) -> list[Gradients]:
        """Gradient of each task loss on its own head's parameters."""
        return self._per_head(self._reduced(self._ask(_of_heads), self.head_params))

    @cached_property
    def _rows(self) -> tuple[Tensor, list[bool]]:
        """The Jacobian (T, D), and which parameters a loss reaches."""
        reached = torch.zeros(len(self.shared), device=self.losses.device)

        def question(part: Step) -> Tensor:
            jacobian = part.trunk.jacobian()
            reached.add_(torch.tensor([part.trunk.reaches(p) for p in self.shared]).to(reached))
            heads.append(_of_heads(part))
            return jacobian

        heads: list[Gradients] = []
        jacobian = self._total(question)
        if "head_grads" not in self.__dict__:
            self.__dict__["head_grads"] = self._per_head(self._reduced(heads, self.head_params))
        return jacobian, [bool(n) for n in self.group.sum(reached).tolist()]

    @property
    def jacobian(self) -> Tensor:
        """(T, D) task gradients on the shared parameters."""
        return self._rows[0]

    @cached_property
    def gramian(self) -> Tensor:
        """(T, T) inner products on the shared parameters."""
        return gram(self.jacobian)

    def gradient(self, task: int) -> Tensor:
        """(D,) one row of the Jacobian."""
        if "_rows" in self.__dict__:
            return self.jacobian[task]
        return self._total(lambda part: part.gradient(task))

    def feature_gramian(self) -> Tensor:
        """(T, T) inner products at the representation."""
        return self._total(lambda part: part.feature_gramian())

    def norms(self, parameters: Sequence[Tensor] | None) -> Tensor:
        """(T,) norms of the task gradients on some parameters, by default those of the last layer used."""
        rows = self._total(
            lambda part: part.trunk.rows(part.last_layer() if parameters is None else parameters)
        )
        return gram(rows).diagonal().sqrt()

    def combination(self, weights: Tensor, keep: bool = False) -> Gradients:
        """Weighted sum of the task gradients on the shared parameters."""
        if "_rows" not in self.__dict__:
            return self._reduced(self._ask(lambda part: part.combination(weights, keep)), self.shared)
        with torch.autocast(weights.device.type, enabled=False):
            return self.direction(weights.to(self.jacobian) @ self.jacobian)

    def direction(self, direction: Tensor) -> Gradients:
        """A direction (D,) in pieces; None for a parameter that the Jacobian does not reach."""
        reached = self._rows[1] if "_rows" in self.__dict__ else [True] * len(self.shared)
        return [v if here else None for v, here in zip(self.split(direction), reached, strict=True)]

    def combination_and_heads(self, weights: Tensor) -> tuple[Gradients, list[Gradients]]:
        """Weighted sum of the task gradients on the shared parameters, and the heads' own gradients."""
        if "head_grads" in self.__dict__:
            return self.combination(weights), self.head_grads
        return self._both(lambda part: part.combination_and_heads(weights))

    def losses_backward(self, weights: Tensor) -> tuple[Gradients, list[Gradients]]:
        """Gradients of the weighted sum of the losses, on the shared parameters and on the heads."""
        if "_rows" not in self.__dict__:
            return self._both(lambda part: part.losses_backward(weights))
        return self.combination(weights), weighted(weights, self.head_grads)

    def samples_backward(self, weights: Tensor) -> tuple[Gradients, list[Gradients]]:
        """Gradients of the sum of the sample losses with weights (T, N)."""
        pieces = self._own(weights, 1)
        return self._both(lambda part: part.samples_backward(next(pieces)))

    def features_backward(self, gradients: Sequence[Tensor]) -> Gradients:
        """What T gradients at the representation become on the shared parameters."""
        pieces = zip(*(self._own(g, 0) for g in gradients), strict=True)
        return self._reduced(self._ask(lambda part: part.features_backward(next(pieces))), self.shared)

    def _own(self, tensor: Tensor, dim: int) -> Iterator[Tensor]:
        """The pieces of a tensor over all samples that belong to this process's micro-batches."""
        sizes = [len(part.batch.targets[0]) for part in self.parts]
        start = sum(self.group.sizes(sum(sizes), tensor.device)[: self.group.rank])
        return iter(tensor.narrow(dim, start, sum(sizes)).split(sizes, dim))

    def _both(
        self, question: Callable[[Step], tuple[Gradients, list[Gradients]]]
    ) -> tuple[Gradients, list[Gradients]]:
        def in_one_list(part: Step) -> Gradients:
            shared, heads = question(part)
            return [*shared, *(g for head in heads for g in head)]

        found = self._reduced(self._ask(in_one_list), [*self.shared, *self.head_params])
        return found[: len(self.shared)], self._per_head(found[len(self.shared) :])

    def _reduced(self, found: Iterable[Gradients], parameters: Sequence[Tensor]) -> Gradients:
        """The sum of the gradients of all parts; None where no part reaches a parameter."""
        total: Gradients = [None] * len(parameters)
        for gradients in found:
            total = [
                old if new is None else new if old is None else old + new
                for old, new in zip(total, gradients, strict=True)
            ]
        if self.processes == 1 or not parameters:
            return total
        reached = torch.tensor([float(g is not None) for g in total], device=parameters[0].device)
        reached = self.group.sum(reached)
        pieces = self.group.sum(flat(total, parameters)).split([p.numel() for p in parameters])
        return [
            g.view_as(p) if here else None
            for g, p, here in zip(pieces, parameters, reached.tolist(), strict=True)
        ]

    def _per_head(self, gradients: Gradients) -> list[Gradients]:
        remaining = iter(gradients)
        return [[next(remaining) for _ in head] for head in self.heads]

    # All parts -----------------------------------------------------------------------------------

    def each(self, question: Callable[[Step], Tensor], samples: bool = False) -> Tensor:
        """What the parts answer: the sum, or with ``samples`` (T, N) side by side."""
        if not samples:
            return self._total(question)
        return self.group.concatenated(torch.cat(list(self._ask(question)), 1), 1)

    def outputs(self, parameters: dict[str, Tensor], batch: Batch) -> list[Tensor]:
        """Outputs of the T tasks for a batch, with other parameters."""
        _ = self._checked
        return self.parts[0].outputs(parameters, batch)

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes."""
        return self.group.sum(tensor)

    def agreed(self, tensor: Tensor) -> Tensor:
        """The tensor of process 0."""
        return self.group.first(tensor)


def _of_heads(part: Step) -> Gradients:
    return [g for head in part.head_grads for g in head]


def _add(tensors: Iterator[Tensor]) -> Tensor:
    total = next(tensors)
    for tensor in tensors:
        total = total + tensor
    return total
