"""Task gradients on the shared parameters: sent through the trunk, measured, compared, combined.

Inner products do not need the Jacobian (T, D). A linear layer that read A (R, in) and gets the signals S
(R, out) back has the weight gradient AᵀS, which lies in the span of the R rows of A. With the triangular
factor of Aᵀ = QU, the product US (R, out) holds its coordinates in the orthonormal basis Q: norms and
inner products are the same, and R x out numbers stand for in x out. Where R is the larger one, and in
every use of a parameter other than by one linear layer, the gradient itself is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, Node

BLOCK_BYTES = 600_000_000
"""Gradients are compared block by block: tasks whose gradients, or coordinates, fill so many bytes."""


@dataclass
class Passes:
    """How often a step went through the network.

    A backward pass is one pass back through the trunk; the heads' own backward, once for all tasks,
    comes with the first of them. A partial one stops at chosen layers on the way.
    """

    forward: int = 0
    backward: int = 0
    forward_mode: int = 0
    partial: int = 0


@dataclass(frozen=True)
class Part:
    """One parameter's share of a task gradient: where autograd finds it, and its coordinates."""

    source: Tensor | GradientEdge
    coordinates: Callable[[Tensor], Tensor]
    bytes: int


class Trunk:
    """The way of T task gradients from the shared representation back to the shared parameters.

    Parameters
    ----------
    features : T representations, one a head: T times the same tensor, or one an input.
    sent : T gradients at them.
    parameters : the shared parameters.
    passes : where passes are counted.

    Raises
    ------
    ValueError : there is no shared parameter.
    """

    def __init__(
        self,
        features: Sequence[Tensor],
        sent: Sequence[Tensor],
        parameters: Sequence[Tensor],
        passes: Passes,
    ) -> None:
        if not parameters:
            raise ValueError("the trunk has no trainable parameter, so the tasks share nothing")
        self.features, self.parameters, self.passes = features, parameters, passes
        self.sent = [g.to(z.dtype) for g, z in zip(sent, features, strict=True)]
        self.one_input = all(z is features[0] for z in features)
        self._whole: Sequence[Tensor] | None = None

    def gradient(self, task: int) -> Tensor:
        """(D,) gradient of one task."""
        self.passes.backward += 1
        return torch.cat([g.flatten() for g in self._back(task, self.parameters)])

    def jacobian(self) -> Tensor:
        """(T, D) gradients of all tasks."""
        jacobian = torch.stack([self.gradient(task) for task in range(len(self.sent))])
        self._whole = jacobian.split([p.numel() for p in self.parameters], 1)
        return jacobian

    def combination(self, weights: Tensor, keep: bool = False) -> list[Tensor]:
        """Weighted sum of the gradients on each parameter: one pass, or none where all are there."""
        if self._whole is not None:
            pairs = zip(self._whole, self.parameters, strict=True)
            return [(weights.to(rows) @ rows).view_as(p) for rows, p in pairs]
        if self.one_input:
            features, sent = self.features[:1], [_weighted_sum(weights, self.sent)]
        else:
            features = self.features
            sent = [w.to(g) * g for w, g in zip(weights, self.sent, strict=True)]
        self.passes.backward += 1
        found = torch.autograd.grad(
            features, self.parameters, sent, retain_graph=keep, materialize_grads=True
        )
        return list(found)

    def norms(self, parameters: Sequence[Tensor]) -> Tensor:
        """(T,) norms of the gradients on some of the parameters, in T passes that stop there."""
        parts = self._parts(parameters)
        if len(parameters) == len(self.parameters):
            self.passes.backward += len(self.sent)
        else:
            self.passes.partial += len(self.sent)
        rows = [self._coordinates(task, parts) for task in range(len(self.sent))]
        return torch.stack([torch.stack([c.norm() for c in row]).norm() for row in rows])

    def gramian(self) -> Tensor:
        """(T, T) inner products of the gradients, in T passes, or more where T fills several blocks."""
        parts, tasks = self._parts(self.parameters), range(len(self.sent))
        size = max(1, BLOCK_BYTES // sum(part.bytes for part in parts))
        blocks = [tasks[start : start + size] for start in range(0, len(tasks), size)]
        gramian = self.parameters[0].new_zeros(len(tasks), len(tasks))
        for n, first in enumerate(blocks):
            rows = self._rows(first, parts)
            for second in blocks[n:]:
                others = rows if second == first else self._rows(second, parts)
                products = torch.stack(
                    [inner_products(*pair) for pair in zip(rows, others, strict=True)]
                ).sum(0)
                gramian[first.start : first.stop, second.start : second.stop] = products
                gramian[second.start : second.stop, first.start : first.stop] = products.T
        if len(blocks) == 1 and all(part.coordinates is _unchanged for part in parts):
            self._whole = rows
        return gramian

    def _rows(self, tasks: Sequence[int], parts: Sequence[Part]) -> list[Tensor]:
        """Coordinates of some tasks' gradients, one tensor (tasks, n) a part."""
        self.passes.backward += len(tasks)
        rows: list[Tensor] = []
        for place, task in enumerate(tasks):
            found = self._coordinates(task, parts)
            rows = rows or [c.new_empty(len(tasks), c.numel()) for c in found]
            for row, c in zip(rows, found, strict=True):
                row[place] = c.flatten()
        return rows

    def _coordinates(self, task: int, parts: Sequence[Part]) -> list[Tensor]:
        found = self._back(task, [part.source for part in parts])
        return [part.coordinates(g) for part, g in zip(parts, found, strict=True)]

    def _back(self, task: int, sources: Sequence[Any]) -> tuple[Tensor, ...]:
        return torch.autograd.grad(
            self.features[task], sources, self.sent[task], retain_graph=True, materialize_grads=True
        )

    def _parts(self, parameters: Sequence[Tensor]) -> list[Part]:
        layers = _linear_layers(self.features[0]) if self.one_input else {}
        return [self._part(p, *layers.get(p, (None, None))) for p in parameters]

    def _part(self, parameter: Tensor, layer: Node | None, read: Tensor | None) -> Part:
        if layer is not None and read is not None:
            rows, (size, wide) = len(read), parameter.shape
            saved, spent = len(self.features) * size * (wide - rows), 8 * rows * wide
            if saved > spent and read.dtype in (torch.float32, torch.float64):
                factor = torch.linalg.qr(read.detach().T, mode="r").R
                in_span = partial(_upper_triangular, factor)
                return Part(GradientEdge(layer, 0), in_span, rows * size * read.element_size())
        return Part(parameter, _unchanged, parameter.nbytes)


def _linear_layers(features: Tensor) -> dict[Tensor, tuple[Node, Tensor | None]]:
    """The parameters that the tape shows as the weight of one linear layer and nowhere else: that layer,
    and what it read, (R, in)."""
    users: defaultdict[Node, list[tuple[Node, int]]] = defaultdict(list)
    assert features.grad_fn is not None
    waiting = [features.grad_fn]
    while waiting:
        node = waiting.pop()
        for slot, (source, _) in enumerate(node.next_functions):
            if source is not None:
                if source not in users:
                    waiting.append(source)
                users[source].append((node, slot))
    layers: dict[Tensor, tuple[Node, Tensor | None]] = {}
    for leaf in list(users):
        match [(user.name(), users[user]) for user, _ in users[leaf]]:
            case [("TBackward0", [(layer, slot)])] if hasattr(leaf, "variable"):
                if (layer.name(), slot) == ("AddmmBackward0", 2) and getattr(layer, "_saved_alpha", 0) == 1:
                    layers[leaf.variable] = layer, getattr(layer, "_saved_mat1", None)
                elif (layer.name(), slot) == ("MmBackward0", 1):
                    layers[leaf.variable] = layer, getattr(layer, "_saved_self", None)
    return layers


def inner_products(rows: Tensor, others: Tensor) -> Tensor:
    """Inner products of the rows of two matrices; of a matrix with itself, each once."""
    if rows is not others:
        return rows @ others.T
    products = rows.new_zeros(len(rows), len(rows))
    for start in range(0, len(rows), 64):
        products[start : start + 64, start:] = rows[start : start + 64] @ rows[start:].T
    return products.triu() + products.triu(1).T


def _upper_triangular(factor: Tensor, signals: Tensor) -> Tensor:
    """Product with an upper triangular matrix, without most of its zeros."""
    starts = range(0, len(factor), -(-len(factor) // 4))
    blocks = zip(starts, factor.split(starts.step), strict=True)
    return torch.cat([block[:, start:] @ signals[start:] for start, block in blocks])


def _unchanged(gradient: Tensor) -> Tensor:
    return gradient


def _weighted_sum(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(tensors[0])
    for w, t in zip(weights.to(total), tensors, strict=True):
        total.addcmul_(t, w)
    return total
