"""The lazy state of one training step: forward pass, losses, and gradients at the representation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.func import functional_call

from mtlcore.models import MultiTaskModel
from mtlcore.signals.origin import Origin
from mtlcore.signals.precision import Precision
from mtlcore.signals.trunk import Passes, Trunk, gram, vjp
from mtlcore.tasks.batch import Batch
from mtlcore.tasks.task import Task

Level = Literal["parameters", "features"]
"""Where inner products of task gradients are taken: on the shared parameters, or at the representation."""

Gradients = list[Tensor | None]
"""A gradient for each parameter; None where no loss reaches it."""


class NonFiniteError(ValueError):
    """A loss or a gradient is not finite."""


def check_level(level: Level) -> Level:
    """Return the level if it is one of the two.

    Parameters
    ----------
    level : {"parameters", "features"}
        What to check.

    Returns
    -------
    level : {"parameters", "features"}
        The same.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if level not in ("parameters", "features"):
        raise ValueError(f"level is 'parameters' or 'features', not {level!r}")
    return level


class Problem:
    """What the questions of a step are about: some tasks of a model, and what is counted.

    Parameters
    ----------
    model : MultiTaskModel
        The network.
    tasks : sequence of Task
        The T tasks, one for each head.
    validation : Batch or None
        A batch of the validation split.
    precision : Precision
        Of the forward passes.
    """

    def __init__(
        self, model: MultiTaskModel, tasks: Sequence[Task], validation: Batch | None, precision: Precision
    ) -> None:
        self.model, self.tasks, self.validation = model, tuple(tasks), validation
        self.precision, self.passes = precision, Passes()
        self.shared = list(model.shared_parameters())
        self.heads = model.head_parameters()
        self.head_params = [p for head in self.heads for p in head]
        self.kept: Sequence[int] = range(len(tasks))
        self.root = self
        self.spent = False

    def keep(self, kept: Sequence[int]) -> None:
        """Go on with some of the tasks."""
        self.tasks = tuple(self.tasks[i] for i in kept)
        self.heads = [self.heads[i] for i in kept]
        self.head_params = [p for head in self.heads for p in head]
        self.kept = [self.kept[i] for i in kept]

    @property
    def sizes(self) -> list[int]:
        """Number of entries of each shared parameter; their sum is D."""
        return [p.numel() for p in self.shared]

    def split(self, direction: Tensor) -> list[Tensor]:
        """A direction (D,), cut into the shape of each shared parameter."""
        pieces = direction.split(self.sizes)
        return [v.view_as(p) for v, p in zip(pieces, self.shared, strict=True)]

    @property
    def losses(self) -> Tensor:
        """(T,) mean losses over the labelled samples; NaN for a task without a label."""
        return self._checked[0]

    @property
    def present(self) -> tuple[bool, ...]:
        """Whether each task has a label."""
        return self._checked[1]

    @cached_property
    def _checked(self) -> tuple[Tensor, tuple[bool, ...]]:
        """The losses and which tasks have a label, as :func:`check_losses` finds."""
        raise NotImplementedError


class Forward(NamedTuple):
    """A forward pass that is cut at the representation.

    With one copy a head, one backward pass from the sum of the losses through all heads leaves each task's
    own gradient at its copy: the tasks do not mix before the trunk.

    Parameters
    ----------
    features : tuple of Tensor
        The T representations with their graph: T times the same tensor, or one an input.
    cuts : list of Tensor
        A detached leaf for each of them, or one if they are the same.
    copies : list of Tensor
        What the T heads read: views of the leaves.
    values, labelled : Tensor
        As :meth:`Step.evaluate` returns them.
    """

    features: tuple[Tensor, ...]
    cuts: list[Tensor]
    copies: list[Tensor]
    values: Tensor
    labelled: Tensor


class Step(Problem):
    """What is computed once a step, on demand, and shared by all views of the step.

    Task losses carry no weights here: weights are applied by :class:`mtlcore.Signals`. Gradients carry no
    loss scale. :class:`mtlcore.signals.combined.Combined` answers the same questions for several batches.

    Parameters
    ----------
    model, batch, tasks, validation
        Those of :class:`mtlcore.Signals`.
    precision : Precision
        Of the forward passes.
    """

    processes = 1

    def __init__(
        self,
        model: MultiTaskModel,
        batch: Batch,
        tasks: Sequence[Task],
        validation: Batch | None,
        precision: Precision,
    ) -> None:
        if not len(model.heads) == len(tasks) == len(batch.targets):
            raise ValueError(
                f"the model has {len(model.heads)} heads, the batch {len(batch.targets)} sets of "
                f"labels, and there are {len(tasks)} tasks; the three must be one number"
            )
        super().__init__(model, tasks, validation, precision)
        self.batch = batch
        self.origin: Origin | None = None

    def only(self, kept: Sequence[int]) -> Step:
        """The step of some of the tasks; the forward pass is shared."""
        part, index = copy.copy(self), list(kept)
        part.keep(kept)
        part.forget()
        part.__dict__.pop("_checked", None)
        if "counts" in self.__dict__:
            part.__dict__["counts"] = self.counts[index]
        if "_forward" in self.__dict__:
            whole = self._forward
            part.__dict__["_forward"] = Forward(
                tuple(whole.features[i] for i in index),
                whole.cuts if len(whole.cuts) < len(whole.copies) else [whole.cuts[i] for i in index],
                [whole.copies[i] for i in index],
                whole.values[index],
                whole.labelled[index],
            )
        return part

    # Forward pass --------------------------------------------------------------------------------

    @cached_property
    def _forward(self) -> Forward:
        self.passes.forward += 1
        if self.origin is None:
            self.origin = Origin(self.model)  # before the pass, so that a replay is the same
            with self.precision.forward():
                return self._both_halves(self.model)
        found: Forward = self.replay(self._both_halves)
        return found

    def _both_halves(self, model: MultiTaskModel) -> Forward:
        features = model.features(self.batch.inputs)
        one = all(z is features[0] for z in features)
        cuts = [z.detach().requires_grad_() for z in (features[:1] if one else features)]
        copies = [cut.view_as(cut) for cut in (cuts * len(features) if one else cuts)]
        values, labelled = self.evaluate(model.outputs(copies))
        kept = self.kept
        return Forward(
            tuple(features[i] for i in kept),
            cuts if one else [cuts[i] for i in kept],
            [copies[i] for i in kept],
            values,
            labelled,
        )

    def forget(self) -> None:
        """Drop the graph and all that needs it; the next question makes the forward pass again."""
        for name in ("_forward", "_sums", "_means", "_head_backward", "trunk", "jacobian", "gramian"):
            self.__dict__.pop(name, None)

    def evaluate(self, outputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """(T, N) sample losses, zero where there is no label, and which of them have a label."""
        rows = [
            task.sample_losses(outputs[i], self.batch.targets[i])
            for task, i in zip(self.tasks, self.kept, strict=True)
        ]
        if len({len(losses) for losses, _ in rows}) > 1:
            raise ValueError("in one batch every task needs the same number of samples")
        losses, labelled = zip(*rows, strict=True)
        return torch.stack(losses), torch.stack(labelled)

    def losses_of(self, model: MultiTaskModel) -> Tensor:
        """(T, N) sample losses in one pass from the inputs to the end."""
        return self.evaluate(model.outputs(model.features(self.batch.inputs)))[0]

    @property
    def features(self) -> tuple[Tensor, ...]:
        """T representations with their graph: T times the same tensor, or one an input."""
        return self._forward.features

    @property
    def sample_losses(self) -> Tensor:
        """(T, N) sample losses, zero where there is no label."""
        return self._forward.values.detach()

    @property
    def labelled(self) -> Tensor:
        """(T, N) which samples have a label."""
        return self._forward.labelled

    @cached_property
    def counts(self) -> Tensor:
        """(T,) numbers of samples that the means are taken over."""
        return self.labelled.sum(1)

    @cached_property
    def _sums(self) -> Tensor:
        """(T,) sums of the sample losses, with their graph."""
        return self._forward.values.sum(1)

    @cached_property
    def _means(self) -> Tensor:
        """(T,) the batch's part of the mean losses, with its graph; zero for a task without a label."""
        return self._sums / (self.counts if all(self.present) else self.counts.clamp(min=1))

    @cached_property
    def _checked(self) -> tuple[Tensor, tuple[bool, ...]]:
        losses = self._sums.detach() / self.counts
        return losses, check_losses(losses, self.counts, self.tasks)

    # Backward passes -----------------------------------------------------------------------------

    @property
    def feature_grads(self) -> tuple[Tensor, ...]:
        """T gradients of the task losses at the representation."""
        return self._head_backward[0]

    @property
    def head_grads(self) -> list[Gradients]:
        """Gradient of each task loss on its own head's parameters."""
        return self._head_backward[1]

    @cached_property
    def _head_backward(self) -> tuple[tuple[Tensor, ...], list[Gradients]]:
        return self._through_heads(self._means.sum(), self._forward.copies)

    def _through_heads(
        self, objective: Tensor, points: Sequence[Tensor]
    ) -> tuple[tuple[Tensor, ...], list[Gradients]]:
        """Gradients of a scalar at points before the heads, and on each head's parameters."""
        scale = self.precision.scale
        if scale is not None:
            objective = objective * scale
        gradients = iter(vjp([objective], [*points, *self.head_params], None, keep=True))
        if scale is not None:
            gradients = iter([None if g is None else at_least_single(g) / scale for g in gradients])
        there = tuple(
            torch.zeros_like(z) if g is None else g for z, g in zip(points, gradients, strict=False)
        )
        return there, [[next(gradients) for _ in head] for head in self.heads]

    def _backward(self, objective: Tensor, keep: bool = False) -> tuple[Gradients, list[Gradients]]:
        """Gradients of a scalar on the shared parameters, and on each head's."""
        at_cuts, heads = self._through_heads(objective, self._forward.cuts)
        return self.features_backward(at_cuts, keep), heads

    @cached_property
    def trunk(self) -> Trunk:
        """The trunk with the T task gradients at the representation."""
        return Trunk(self.features, self.feature_grads, self.shared, self.passes, self.precision.scale)

    @cached_property
    def jacobian(self) -> Tensor:
        """(T, D) task gradients on the shared parameters: T passes through the trunk."""
        return self.trunk.jacobian()

    def gradient(self, task: int) -> Tensor:
        """(D,) one row of the Jacobian: one pass, or none where the Jacobian is there already."""
        return self.jacobian[task] if "jacobian" in self.__dict__ else self.trunk.gradient(task)

    @cached_property
    def gramian(self) -> Tensor:
        """(T, T) inner products on the shared parameters, without the Jacobian unless it is there already."""
        return gram(self.jacobian) if "jacobian" in self.__dict__ else self.trunk.gramian()

    def feature_gramian(self) -> Tensor:
        """(T, T) inner products at the representation."""
        return gram(torch.stack([g.flatten() for g in self.feature_grads]))

    def norms(self, parameters: Sequence[Tensor] | None) -> Tensor:
        """(T,) norms of the task gradients on some parameters, by default those of the last layer used."""
        return self.trunk.norms(self.last_layer() if parameters is None else parameters)

    def last_layer(self) -> list[nn.Parameter]:
        """The trainable parameters of the layer of the trunk that is nearest to the representation."""
        return last_layer(self.model.trunk, self.features[0])

    def combination(self, weights: Tensor, keep: bool = False) -> Gradients:
        """Weighted sum of the task gradients on the shared parameters; ``keep`` keeps the graph."""
        return self.trunk.combination(weights, keep or is_compiled(self.model.trunk)) if self.shared else []

    def combination_and_heads(self, weights: Tensor) -> tuple[Gradients, list[Gradients]]:
        """Weighted sum of the task gradients on the shared parameters, and the heads' own gradients."""
        return self.combination(weights), self.head_grads

    def direction(self, direction: Tensor) -> Gradients:
        """A direction (D,) in pieces; None for a parameter that the Jacobian does not reach."""
        known = "jacobian" in self.__dict__
        pieces = zip(self.split(direction), self.shared, strict=True)
        return [v if not known or self.trunk.reaches(p) else None for v, p in pieces]

    def losses_backward(self, weights: Tensor) -> tuple[Gradients, list[Gradients]]:
        """Gradients of the weighted sum of the losses, on the shared parameters and on the heads."""
        if "_head_backward" in self.__dict__:
            return self.combination(weights), weighted(weights, self.head_grads)
        return self._backward((weights.to(self._means) * self._means).sum())

    def samples_backward(self, weights: Tensor, keep: bool = False) -> tuple[Gradients, list[Gradients]]:
        """Gradients of the sum of the sample losses with weights (T, N)."""
        values = self._forward.values
        return self._backward((weights.to(values) * values).sum(), keep)

    def features_backward(self, gradients: Sequence[Tensor], keep: bool = False) -> Gradients:
        """What gradients at the representation, T or their sum, become on the shared parameters."""
        if not self.shared:
            return []
        features = self.features[: len(gradients)]
        trunk = Trunk(features, gradients, self.shared, self.passes, self.precision.scale)
        ones = torch.ones(len(gradients), device=gradients[0].device)
        return trunk.combination(ones, keep or is_compiled(self.model.trunk))

    # Directions and replays ----------------------------------------------------------------------

    def replay(
        self, question: Callable[[MultiTaskModel], Any], parameters: dict[str, Tensor] | None = None
    ) -> Any:
        """What a function of the model answers; buffers and random state stay as they are.

        Random state and buffers are those of the step's own forward pass, so that dropout draws the same
        masks. ``parameters`` by name replace those of the model.
        """
        if self.origin is None:
            _ = self._forward
        assert self.origin is not None
        replaced = {**dict(self.model.named_parameters()), **(parameters or {}), **self.origin.buffers()}
        asking = _Asking(self.model, question)
        with self.origin.random_state(), self.precision.forward():
            return functional_call(asking, {f"model.{name}": v for name, v in replaced.items()}, ())

    def outputs(self, parameters: dict[str, Tensor], batch: Batch) -> list[Tensor]:
        """Outputs of the T tasks for a batch, with other parameters."""
        outputs = self.replay(lambda model: model.outputs(model.features(batch.inputs)), parameters)
        return [outputs[i] for i in self.kept]

    def second_losses(self) -> Tensor:
        """(T, N) sample losses of a second forward pass, whose graph runs from parameters to losses.

        Raises
        ------
        RuntimeError
            If they are not those of the first.
        """
        values = self.replay(self.losses_of)
        self.passes.forward += 1
        first = self.sample_losses
        if not torch.allclose(values.detach(), first, rtol=1e-2, atol=1e-6, equal_nan=True):
            raise RuntimeError(
                "a second forward pass on the same batch gives other losses, so gradients of single samples "
                "cannot be taken: the model draws random numbers or keeps state outside torch's generators "
                "and its buffers"
            )
        result: Tensor = values
        return result

    def values_now(self) -> Tensor:
        """(T, N) sample losses at the parameters as they are now, of one forward pass without a graph."""
        self.passes.forward += 1
        with torch.no_grad(), self.precision.fresh():
            values: Tensor = self.replay(self.losses_of)
        return values

    def losses_now(self) -> Tensor:
        """(T,) mean losses at the parameters as they are now; NaN for a task without a label."""
        counts = self.counts  # first, since the step's own pass needs its graph
        return self.values_now().sum(1) / counts

    # One batch in one process --------------------------------------------------------------------

    def each(self, question: Callable[[Step], Tensor], samples: bool = False) -> Tensor:
        """What a question about this one batch answers."""
        return question(self)

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes; here there is one."""
        return tensor

    def agreed(self, tensor: Tensor) -> Tensor:
        """The tensor of process 0; here there is one."""
        return tensor


class _Asking(nn.Module):
    """A function of a model as a module, so that ``functional_call`` can replace the model's tensors."""

    def __init__(self, model: MultiTaskModel, question: Callable[[MultiTaskModel], Any]) -> None:
        super().__init__()
        self.model, self.question = model, question

    def forward(self) -> Any:
        return self.question(self.model)


def scale(rows: Tensor, weights: Tensor | None) -> Tensor:
    """T rows, (T, ...), times weights (T,); unchanged, not copied, where there are none."""
    return rows if weights is None else rows * weights.to(rows).view(-1, *[1] * (rows.dim() - 1))


def weighted(weights: Tensor, heads: Sequence[Gradients]) -> list[Gradients]:
    """The gradients of each head times its task's weight."""
    pairs = zip(weights, heads, strict=True)
    return [[None if g is None else w * g for g in own] for w, own in pairs]


def at_least_single(tensor: Tensor) -> Tensor:
    """The tensor in float32 if its type is a shorter one."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def check_losses(losses: Tensor, counts: Tensor, tasks: Sequence[Task]) -> tuple[bool, ...]:
    """Which tasks have a label, from mean losses (T,) that are NaN for those that have none.

    Raises
    ------
    NonFiniteError
        For the first task with a label whose loss is not finite.
    """
    if torch.isfinite(losses).all():  # the one time that a step waits for a GPU
        return (True,) * len(tasks)
    for task, count, loss in zip(tasks, counts.tolist(), losses.tolist(), strict=True):
        if count and (loss != loss or abs(loss) == float("inf")):
            raise NonFiniteError(
                f"the loss of task {task.name!r} is {loss}; lower the learning rate or check its inputs and "
                "labels"
            )
    return tuple((counts > 0).tolist())


def check_samples(losses: Tensor, tasks: Sequence[Task]) -> None:
    """A NonFiniteError for the first sample whose loss, of (T, N), is not finite."""
    finite = torch.isfinite(losses)
    if not finite.all():
        task, sample = (~finite).nonzero()[0].tolist()
        raise NonFiniteError(
            f"the loss of sample {sample} of task {tasks[task].name!r} is {losses[task, sample].item()}; "
            "check its input and label, or lower the learning rate"
        )


def is_compiled(module: nn.Module) -> bool:
    """Whether a module has a compiled part; its graph is kept, since a pass compiled without never can."""
    return any(
        type(m).__name__ == "OptimizedModule" or m._compiled_call_impl is not None for m in module.modules()
    )


def last_layer(trunk: nn.Module, features: Tensor) -> list[nn.Parameter]:
    """The trainable parameters of the layer that is nearest to the representation in its graph.

    Of several that are equally near, that which the trunk declares last.
    """
    layers = [[p for p in m.parameters(recurse=False) if p.requires_grad] for m in trunk.modules()]
    layers = [layer for layer in layers if layer]
    nodes: list[Node] = [] if features.grad_fn is None else [features.grad_fn]
    seen: set[Node] = set()
    while nodes:
        here = {leaf for node in nodes if (leaf := getattr(node, "variable", None)) is not None}
        for layer in reversed(layers):
            if not here.isdisjoint(layer):
                return layer
        seen.update(nodes)
        after = [n for node in nodes for n, _ in node.next_functions if n is not None and n not in seen]
        nodes = list(dict.fromkeys(after))
    if not layers:
        raise ValueError("the trunk has no trainable parameter, so the tasks share nothing")
    return layers[-1]
