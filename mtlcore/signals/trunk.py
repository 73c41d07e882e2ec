"""Vector-Jacobian products through the trunk: task gradients, their norms, inner products and sums.

Inner products do not need the Jacobian (T, D). A linear layer that read A (R, in) and gets the signals S
(R, out) back has the weight gradient AᵀS, which lies in the span of the R rows of A. With the triangular
factor of Aᵀ = QU, the product US (R, out) holds its coordinates in the orthonormal basis Q: norms and
inner products are the same, and R x out numbers stand for in x out. Where R is the larger one, and in
every use of a parameter other than by one linear layer, the gradient itself is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, Node

BLOCK_BYTES = 600_000_000
"""Gradients are compared block by block: tasks whose gradients, or coordinates, fill so many bytes."""


SPENT = (
    "this step has filled .grad already: make a new Signals for each step, and give it a sequence of batches "
    "to accumulate gradients"
)
"""The message of a question that needs the graph, after the step."""


@dataclass
class Passes:
    """Numbers of passes through the network in one step.

    Parameters
    ----------
    forward : int, default 0
        Forward passes through trunk and heads.
    backward : int, default 0
        Backward passes through the whole trunk. The backward pass through the heads, one for all tasks,
        counts as part of the first of them.
    forward_mode : int, default 0
        Passes that compute a Jacobian-vector product.
    partial : int, default 0
        Backward passes that stop at chosen layers of the trunk.
    """

    forward: int = 0
    backward: int = 0
    forward_mode: int = 0
    partial: int = 0


@dataclass(frozen=True)
class Part:
    """What stands for one parameter in the row of a task: the parameter's gradient, or its coordinates.

    Parameters
    ----------
    source : Tensor or GradientEdge
        What autograd differentiates by: the parameter, or the output of its layer.
    size : int
        Numbers that the part has in a row.
    write : callable
        ``write(gradient at the source, row of this size)`` fills the row.
    """

    source: Tensor | GradientEdge
    size: int
    write: Callable[[Tensor, Tensor], object]


class Trunk:
    """Vector-Jacobian products through the trunk for T task gradients.

    Parameters
    ----------
    features : sequence of Tensor
        T representations, one a head: T times the same tensor, or one an input.
    sent : sequence of Tensor
        T gradients at them.
    parameters : sequence of Tensor
        The shared parameters.
    passes : Passes
        Where passes are counted.
    scale : Tensor, shape (), optional
        Factor of the gradients on their way through the trunk, taken out again behind it, so that they do not
        underflow in float16.
    """

    def __init__(
        self,
        features: Sequence[Tensor],
        sent: Sequence[Tensor],
        parameters: Sequence[Tensor],
        passes: Passes,
        scale: Tensor | None = None,
    ) -> None:
        self.features, self.sent, self.parameters, self.passes = features, sent, parameters, passes
        self.scale = scale
        self.one_input = all(z is features[0] for z in features)
        self._reached: set[Tensor] = set()
        self._known: dict[Tensor, Tensor] = {}  # rows, without their factors
        self._factors = torch.ones(len(sent), dtype=torch.float64, device=sent[0].device)

    def gradient(self, task: int) -> Tensor:
        """(D,) gradient of one task."""
        self._check_parameters()
        self.passes.backward += 1
        return flat(self._back(task, self.parameters, self.sent[task]), self.parameters)

    def jacobian(self) -> Tensor:
        """(T, D) gradients of all tasks."""
        jacobian = torch.stack([self.gradient(task) for task in range(len(self.sent))])
        columns = jacobian.split([p.numel() for p in self.parameters], 1)
        self._known = dict(zip(self.parameters, columns, strict=True))
        self._factors = torch.ones_like(self._factors)
        return jacobian

    def rows(self, parameters: Sequence[Tensor]) -> Tensor:
        """(T, d) gradients of all tasks on some of the parameters, in T passes that stop there."""
        self._check_parameters()
        self.passes.partial += len(self.sent)
        found = [self._back(task, parameters, sent) for task, sent in enumerate(self.sent)]
        return torch.stack([flat(gradients, parameters) for gradients in found])

    def reaches(self, parameter: Tensor) -> bool:
        """Whether a gradient has reached a parameter in the passes so far."""
        return parameter in self._reached

    def combination(self, weights: Tensor, keep: bool = False) -> list[Tensor | None]:
        """Weighted sum of the task gradients on each parameter; None where no task reaches it.

        One pass, as far back as the parameters whose T gradients are not known already, or none. ``keep``
        keeps the graph.
        """
        found: dict[Tensor, Tensor | None] = {}
        if self._known:
            scaled = weights.double() * self._factors
            with torch.autocast(weights.device.type, enabled=False):
                for p, rows in self._known.items():
                    reached = p in self._reached
                    found[p] = (scaled.to(rows) @ rows).view_as(p).to(p.dtype) if reached else None
        missing = [p for p in self.parameters if p not in found]
        if missing:
            features, sent = self.features, self.sent
            if self.one_input:  # the product is linear: sum at the representation, then one pass
                features, sent = features[:1], [_weighted_sum(weights, sent)]
            else:
                sent = [w.to(g) * g for w, g in zip(weights, sent, strict=True)]
            self.passes.backward += 1
            found |= zip(missing, self._pull(features, missing, sent, keep), strict=True)
        return [found[p] for p in self.parameters]

    def norms(self, parameters: Sequence[Tensor]) -> Tensor:
        """(T,) norms of the gradients on some of the parameters, in T passes that stop there."""
        self._check_parameters()
        parts, tasks = self._parts(parameters), len(self.sent)
        whole = len(parameters) == len(self.parameters)
        self.passes.backward += tasks if whole else 0
        self.passes.partial += 0 if whole else tasks
        sent, factors = self._normalised()
        rows = (self._rows(range(task, task + 1), parts, sent) for task in range(tasks))
        norms = torch.stack([torch.stack([part.norm() for part in row]).norm() for row in rows])
        return norms.double() * factors

    def gramian(self) -> Tensor:
        """(T, T) inner products of the gradients in float64: T passes, or more where T fills several blocks.

        The gradients are divided by powers of two on the way, so that their products neither overflow nor
        underflow.
        """
        self._check_parameters()
        parts, tasks = self._parts(self.parameters), range(len(self.sent))
        bytes_a_task = sum(part.size for part in parts) * self._kind.itemsize
        size = max(1, BLOCK_BYTES // bytes_a_task)
        blocks = [tasks[start : start + size] for start in range(0, len(tasks), size)]
        self.passes.backward += sum((n + 1) * len(block) for n, block in enumerate(blocks))
        sent, factors = self._normalised()
        gramian = factors.new_zeros(len(tasks), len(tasks))
        for n, first in enumerate(blocks):
            rows = self._rows(first, parts, sent)
            for second in blocks[n:]:
                others = rows if second == first else self._rows(second, parts, sent)
                products = torch.stack(
                    [inner_products(*pair) for pair in zip(rows, others, strict=True)]
                ).sum(0)
                gramian[first.start : first.stop, second.start : second.stop] = products
                gramian[second.start : second.stop, first.start : first.stop] = products.T
        if len(blocks) == 1:  # what was not taken in coordinates need not be computed again
            pairs = zip(self.parameters, parts, rows, strict=True)
            self._known = {p: row for p, part, row in pairs if part.source is p}
            self._factors = factors
        return gramian * torch.outer(factors, factors)

    def _check_parameters(self) -> None:
        if not self.parameters:
            raise ValueError("the trunk has no trainable parameter, so the tasks share nothing")

    def _normalised(self) -> tuple[list[Tensor], Tensor]:
        """The gradients at the representation over powers of two that bring them into range, and these (T,).

        Where a loss scale keeps them in range already, the powers are 1.
        """
        factors = None
        if self.scale is None:
            factors = powers(torch.stack([largest(g) for g in self.sent]), self.sent[0].dtype)
        if factors is None:
            return list(self.sent), torch.ones_like(self._factors)
        return [g * (1 / f).to(torch.float32) for g, f in zip(self.sent, factors, strict=True)], factors

    @property
    def _kind(self) -> torch.dtype:
        """The type of rows that are compared: at least float32."""
        return torch.promote_types(self.parameters[0].dtype, torch.float32)

    def _rows(self, tasks: Sequence[int], parts: Sequence[Part], sent: Sequence[Tensor]) -> list[Tensor]:
        """Some tasks' gradients, or their coordinates: one tensor (tasks, size) a part, at least float32."""
        like = self.parameters[0]
        rows = [
            like.new_empty(len(tasks), part.size, dtype=self._kind, requires_grad=False) for part in parts
        ]
        for place, task in enumerate(tasks):
            found = self._back(task, [part.source for part in parts], sent[task])
            for part, row, gradient in zip(parts, rows, found, strict=True):
                if gradient is None:
                    row[place] = 0
                else:
                    part.write(gradient, row[place])
        return rows

    def _back(self, task: int, sources: Sequence[Any], sent: Tensor) -> list[Tensor | None]:
        return self._pull([self.features[task]], sources, [sent], keep=True)

    def _pull(
        self, features: Sequence[Tensor], sources: Sequence[Any], sent: Sequence[Tensor], keep: bool
    ) -> list[Tensor | None]:
        """Gradients at the sources, None where there is no way to them."""
        pairs = [(z, g) for z, g in zip(features, sent, strict=True) if z.requires_grad]
        if not pairs:
            return [None] * len(sources)
        scaled = [(g if self.scale is None else g * self.scale).to(z.dtype) for z, g in pairs]
        found = vjp([z for z, _ in pairs], sources, scaled, keep)
        if self.scale is not None:
            found = [None if g is None else g / self.scale for g in found]
        self._reached.update(p for p, g in zip(sources, found, strict=True) if g is not None)
        return found

    def _parts(self, parameters: Sequence[Tensor]) -> list[Part]:
        with _of_a_graph():
            layers = _linear_layers(self.features[0]) if self.one_input else {}
        return [self._part(p, *layers.get(p, (None, None))) for p in parameters]

    def _part(self, parameter: Tensor, layer: Node | None, read: Tensor | None) -> Part:
        """The coordinates of a parameter's gradient where they are cheaper, else the gradient itself.

        A is ``read`` (R, in), and the weight is (out, in). A gradient takes R x out x in multiplications a
        task, its coordinates US take R x R x out: they save R out (in - R) a task. The factor U takes about
        R x R x in once, which counts eight times, since factorisations are slower than products. Divided by
        R: coordinates are cheaper where T out (in - R) > 8 R in. A hook on the parameter may change its
        gradient, so there the gradient is taken.
        """
        if layer is not None and read is not None and not parameter._backward_hooks:
            rows, (size, wide) = len(read), parameter.shape
            saves = len(self.features) * size * (wide - rows) > 8 * rows * wide
            if saves and read.dtype == parameter.dtype and read.dtype in (torch.float32, torch.float64):
                factor = triangular_factor(read.detach())
                return Part(GradientEdge(layer, 0), rows * size, partial(_write_coordinates, factor))
        return Part(parameter, parameter.numel(), _copy)


def vjp(
    outputs: Sequence[Tensor], sources: Sequence[Any], sent: Sequence[Tensor] | None, keep: bool
) -> list[Tensor | None]:
    """Gradients of outputs at sources, None where there is no way; never under autocast.

    Where the outputs have several elements, ``sent`` are the gradients at them.
    """
    with torch.autocast(outputs[0].device.type, enabled=False), _of_a_graph():
        return list(torch.autograd.grad(outputs, sources, sent, retain_graph=keep, allow_unused=True))


@contextmanager
def _of_a_graph() -> Iterator[None]:
    """Say in our own words that the graph is gone, or that a compiled function cannot keep it."""
    try:
        yield
    except RuntimeError as error:
        if "graph a second time" in str(error):
            raise RuntimeError(SPENT) from None
        if "donated buffer" in str(error):
            raise RuntimeError(
                "a function that torch.compile made cannot be passed backwards twice: compile a module, such "
                "as the trunk, or set torch._functorch.config.donated_buffer = False"
            ) from error
        raise


def _linear_layers(features: Tensor) -> dict[Tensor, tuple[Node, Tensor | None]]:
    """The parameters that the graph uses as the weight of one linear layer and nowhere else.

    For each of them the node of that layer and what it read, (R, in). ``torch.nn.functional.linear`` records
    weight -> TBackward0 (transposition) -> AddmmBackward0 (with bias: bias + A Wᵀ, A is ``_saved_mat1`` and
    Wᵀ argument 2) or MmBackward0 (without: A is ``_saved_self`` and Wᵀ argument 1). These names are
    internals of autograd: where a release of torch has others, nothing matches, and gradients are taken as
    they are. The tests compare what is found with the layers of known trunks.
    """
    # All users of every node, by a walk from the representation to the leaves.
    users: defaultdict[Node, list[tuple[Node, int]]] = defaultdict(list)
    waiting = [] if features.grad_fn is None else [features.grad_fn]
    while waiting:
        node = waiting.pop()
        for slot, (source, _) in enumerate(node.next_functions):
            if source is not None:
                if source not in users:
                    waiting.append(source)
                users[source].append((node, slot))
    layers: dict[Tensor, tuple[Node, Tensor | None]] = {}
    for leaf in list(users):
        # A leaf whose only user is a transposition with one user; AccumulateGrad nodes have a ``variable``.
        match [(user.name(), users[user]) for user, _ in users[leaf]]:
            case [("TBackward0", [(layer, slot)])] if hasattr(leaf, "variable"):
                if (layer.name(), slot) == ("AddmmBackward0", 2) and getattr(layer, "_saved_alpha", 0) == 1:
                    layers[leaf.variable] = layer, getattr(layer, "_saved_mat1", None)
                elif (layer.name(), slot) == ("MmBackward0", 1):
                    layers[leaf.variable] = layer, getattr(layer, "_saved_self", None)
    return layers


def flat(tensors: Sequence[Tensor | None], like: Sequence[Tensor]) -> Tensor:
    """All entries in one vector; zeros of the size of ``like`` for None."""
    pairs = zip(tensors, like, strict=True)
    return torch.cat([torch.zeros_like(p).flatten() if t is None else dense(t).flatten() for t, p in pairs])


def dense(gradient: Tensor) -> Tensor:
    """A gradient with all its zeros; embeddings may give sparse ones."""
    return gradient.to_dense() if gradient.is_sparse else gradient


def gram(rows: Tensor) -> Tensor:
    """Inner products of rows in float64, which neither overflow nor underflow."""
    if not rows.shape[1]:
        return rows.new_zeros(len(rows), len(rows), dtype=torch.float64)
    factors = powers(torch.stack(rows.aminmax(dim=1)).abs().amax(0), rows.dtype)
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    if factors is None:
        return inner_products(rows, rows).double()
    rows = rows * (1 / factors).float()[:, None]
    return inner_products(rows, rows).double() * torch.outer(factors, factors)


def largest(tensor: Tensor) -> Tensor:
    """The largest absolute value; not finite if one is not."""
    return torch.stack(tensor.aminmax()).abs().amax()


def powers(sizes: Tensor, dtype: torch.dtype) -> Tensor | None:
    """Those of :func:`near`, or None if products of numbers of these sizes and this type are in range."""
    if dtype == torch.float64:
        return None
    far = (sizes > 0) & ((sizes < 1e-12) | (sizes > 1e12))
    return None if dtype == torch.float32 and not far.any() else near(sizes)


def near(sizes: Tensor) -> Tensor:
    """Powers of two near some sizes, in float64; 1 for zero and for what is not finite."""
    sizes = sizes.double()
    exponents = torch.frexp(sizes).exponent.clamp(-126, 126)  # both have an inverse in float32
    return torch.where(sizes.isfinite(), torch.ldexp(torch.ones_like(sizes), exponents), 1)


def inner_products(rows: Tensor, others: Tensor) -> Tensor:
    """Inner products of the rows of two matrices; of a matrix with itself, each once."""
    with torch.autocast(rows.device.type, enabled=False):
        if rows is not others:
            return rows @ others.T
        products = rows.new_zeros(len(rows), len(rows))
        for start in range(0, len(rows), 64):
            products[start : start + 64, start:] = rows[start : start + 64] @ rows[start:].T
        return products.triu() + products.triu(1).T


def triangular_factor(read: Tensor) -> Tensor:
    """Upper triangular U (R, R) with UᵀU = AAᵀ, from A (R, in) of rank R or less.

    In single precision it is taken from AAᵀ in double precision, where squaring costs no digits; otherwise,
    and where that has no Cholesky factor, from A itself, which is slower.
    """
    if read.dtype == torch.float32:
        wide = read.double()
        factor, failed = torch.linalg.cholesky_ex(wide @ wide.T, upper=True)
        if not failed:
            return factor.to(read.dtype)
    return torch.linalg.qr(read.T, mode="r").R


def _write_coordinates(factor: Tensor, signals: Tensor, row: Tensor) -> None:
    """Product of the upper triangular factor with the signals, without most of its zeros."""
    place = row.view_as(signals)
    step = -(-len(factor) // 4)
    for start in range(0, len(factor), step):
        rows = slice(start, start + step)
        torch.mm(factor[rows, start:], signals[start:], out=place[rows])


def _copy(gradient: Tensor, row: Tensor) -> None:
    row.copy_(dense(gradient).flatten())


def _weighted_sum(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(tensors[0], dtype=torch.promote_types(tensors[0].dtype, torch.float32))
    for w, t in zip(weights.to(total), tensors, strict=True):
        total.addcmul_(t, w)
    return total
