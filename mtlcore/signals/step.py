"""What a training step tells at the present parameters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from mtlcore.methods.base import Level, check_level
from mtlcore.models import MultiTaskModel
from mtlcore.signals.trunk import Passes, Trunk, flat, inner_products
from mtlcore.tasks.batch import Batch
from mtlcore.tasks.task import Task


class Step:
    """What a training step tells at the present parameters. Nothing is computed before it is asked for."""

    def __init__(
        self,
        model: MultiTaskModel,
        batch: Batch,
        tasks: Sequence[Task],
        validation: Batch | None = None,
    ) -> None:
        if not len(model.heads) == len(tasks) == len(batch.targets):
            raise ValueError(
                f"the model has {len(model.heads)} heads, the batch {len(batch.targets)} sets of "
                f"labels, and there are {len(tasks)} tasks; the three must be one number"
            )
        self.model = model
        self.batch = batch
        self.tasks = tuple(tasks)
        self.validation = validation
        self.passes = Passes()
        self._shared = list(model.shared_parameters())
        self._heads = model.head_parameters()
        self._own = [p for head in self._heads for p in head]

    # What the forward pass tells -----------------------------------------------------------------

    @property
    def losses(self) -> Tensor:
        """(T,) mean loss of each task over its labelled samples, detached."""
        return self._task_losses.detach()

    @property
    def sample_losses(self) -> Tensor:
        """(T, N) loss of every sample, zero where a task has no label, detached."""
        return self._entries[0].detach()

    @property
    def labelled(self) -> Tensor:
        """(T, N) mask of the samples that have a label."""
        return self._entries[1]

    @cached_property
    def _features(self) -> tuple[Tensor, ...]:
        _ = self._random_state
        self.passes.forward += 1
        return self.model.features(self.batch.inputs)

    @cached_property
    def _random_state(self) -> _RandomState:
        return _RandomState()

    @cached_property
    def _copies(self) -> list[Tensor]:
        return [z.detach().requires_grad_() for z in self._features]

    @cached_property
    def _entries(self) -> tuple[Tensor, Tensor]:
        return self._evaluate(self.model.outputs(self._copies))

    def _evaluate(self, outputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """(T, N) sample losses, and which of them have a label."""
        rows = [
            task.sample_losses(o, y)
            for task, o, y in zip(self.tasks, outputs, self.batch.targets, strict=True)
        ]
        if len({len(losses) for losses, _ in rows}) > 1:
            raise ValueError("in one batch every task needs the same number of samples")
        losses, labelled = zip(*rows, strict=True)
        return torch.stack(losses), torch.stack(labelled)

    @cached_property
    def _task_losses(self) -> Tensor:
        values, labelled = self._entries
        counts = labelled.sum(1)
        losses = values.sum(1) / counts
        if not torch.isfinite(losses).all():
            for task, count, loss in zip(self.tasks, counts, losses.tolist(), strict=True):
                if not count:
                    raise ValueError(
                        f"task {task.name!r} has no labelled entry in this batch; use larger "
                        "batches or leave the task out"
                    )
                if loss != loss or abs(loss) == float("inf"):
                    raise ValueError(
                        f"the loss of task {task.name!r} is {loss}; lower the learning rate or "
                        "check its inputs and labels"
                    )
        return losses

    # What the backward passes tell ---------------------------------------------------------------

    @cached_property
    def _cut(self) -> tuple[tuple[Tensor, ...], list[list[Tensor]]]:
        """Gradient of each task with respect to its copy of z, and to its own head's parameters."""
        return self._through_heads(self._task_losses.sum())

    def _through_heads(self, objective: Tensor) -> tuple[tuple[Tensor, ...], list[list[Tensor]]]:
        wanted = [*self._copies, *self._own]
        gradients = iter(torch.autograd.grad(objective, wanted, retain_graph=True, materialize_grads=True))
        at_features = tuple(next(gradients) for _ in self._copies)
        return at_features, [[next(gradients) for _ in head] for head in self._heads]

    @cached_property
    def _trunk(self) -> Trunk:
        return Trunk(self._features, self._cut[0], self._shared, self.passes)

    @cached_property
    def _jacobian(self) -> Tensor:
        return self._trunk.jacobian()

    @property
    def sizes(self) -> list[int]:
        """Number of entries of each shared parameter, in the order of the Jacobian's columns."""
        return [p.numel() for p in self._shared]

    def _split(self, direction: Tensor) -> list[Tensor]:
        """A direction (D,), cut into the shape of each shared parameter."""
        pieces = direction.split(self.sizes)
        return [v.view_as(p) for v, p in zip(pieces, self._shared, strict=True)]

    def gradient(self, task: int) -> Tensor:
        """(D,) gradient of one task on the shared parameters. One pass through the trunk."""
        return self._jacobian[task] if "_jacobian" in self.__dict__ else self._trunk.gradient(task)

    def features(self) -> tuple[Tensor, ...]:
        """T representations that the heads read, detached: T times the same one, or one an input."""
        return tuple(z.detach() for z in self._features)

    def feature_gradients(self) -> tuple[Tensor, ...]:
        """T gradients of the task losses at the representation that each head reads."""
        return self._cut[0]

    def norms(self, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """(T,) norms of the task gradients on some shared parameters, by default those of the last
        layer of the trunk that has any. T passes back to these parameters, and no further."""
        return self._trunk.norms(self._last_layer() if parameters is None else parameters)

    def _last_layer(self) -> list[Tensor]:
        layers = [list(m.parameters(recurse=False)) for m in self.model.trunk.modules()]
        trainable: list[list[Tensor]] = [[p for p in layer if p.requires_grad] for layer in layers]
        return next(layer for layer in reversed(trainable) if layer)

    def jacobian(self) -> Tensor:
        """(T, D) gradients of the task losses on the shared parameters. T passes through the trunk."""
        return self._jacobian

    def gramian(self, level: Level = "parameters") -> Tensor:
        """(T, T) inner products of the task gradients.

        On the shared parameters (T passes through the trunk), or, with ``level="features"``, at the
        shared representation (one pass through the heads for any number of tasks).

        Raises
        ------
        ValueError : unknown level, or features asked for when every task has an input of its own.
        """
        if check_level(level) == "parameters":
            return self._gramian
        if isinstance(self.batch.inputs, tuple):
            raise ValueError(
                "level='features' compares gradients at one shared representation, but here every "
                "task has an input of its own; use level='parameters'"
            )
        rows = torch.stack([g.flatten() for g in self._cut[0]])
        return inner_products(rows, rows)

    @cached_property
    def _gramian(self) -> Tensor:
        if "_jacobian" in self.__dict__:
            return inner_products(self._jacobian, self._jacobian)
        return self._trunk.gramian()

    def gramian_row(self, task: int) -> Tensor:
        """(T,) inner products of the task gradients with one of them: one backward, one forward-mode pass."""
        return self.alignment(self.gradient(task))

    def gramian_times(self, weights: Tensor) -> Tensor:
        """(T,) Gramian times weights (T,): inner products of the task gradients with their weighted sum. One
        backward and one forward-mode pass, and no Gramian."""
        return self.alignment(flat(self._trunk.combination(weights, keep=True)))

    # What one forward-mode pass tells ------------------------------------------------------------

    def alignment(self, direction: Tensor, of: Literal["tasks", "samples"] = "tasks") -> Tensor:
        """Inner product of every task's, or every sample's, gradient with one direction.

        One forward-mode pass gives them all, exactly, with the same dropout masks and batch statistics as the
        losses; buffers and random state stay as they are. Where a layer has no forward-mode rule,
        two nested backward passes give the same numbers (said once, as a warning). Forward mode sees through
        ``torch.no_grad``: a trunk that holds something constant should ``detach`` it.

        Parameters
        ----------
        direction : (D,) on the shared parameters, or (P,) on all of them, shared first, then head by
            head.
        of : "tasks" for (T,), "samples" for (T, N) with zeros where a label is missing.

        Raises
        ------
        ValueError : the direction has another length or is not finite, or ``of`` is something else.
        """
        if of not in ("tasks", "samples"):
            raise ValueError(f"of is 'tasks' or 'samples', not {of!r}")
        shared, heads = self._tangents(direction)
        try:
            return (
                self._along_samples(shared | heads) if of == "samples" else self._along_tasks(shared, heads)
            )
        except NotImplementedError as error:
            warnings.warn(
                f"no forward-mode rule for a layer of this model, so two nested backward passes are "
                f"used instead (same numbers): {str(error).splitlines()[0]}",
                stacklevel=2,
            )
            values = self._double_backward(shared | heads)
        return values if of == "samples" else values.sum(1) / self.labelled.sum(1)

    def _tangents(self, direction: Tensor) -> tuple[dict[Tensor, Tensor], dict[Tensor, Tensor]]:
        """What a direction is on each shared parameter, and on each of the heads'."""
        shared = sum(self.sizes)
        total = shared + sum(p.numel() for p in self._own)
        if direction.dim() != 1 or len(direction) not in (shared, total):
            raise ValueError(
                f"a direction has {shared} entries (shared parameters) or {total} (all), "
                f"not shape {tuple(direction.shape)}"
            )
        if not torch.isfinite(direction).all():
            raise ValueError("the direction is not finite")
        parameters: list[Tensor] = [*self._shared, *(self._own if len(direction) == total else [])]
        pieces = direction.detach().split([p.numel() for p in parameters])
        tangents = {p: v.view_as(p) for p, v in zip(parameters, pieces, strict=True)}
        return {p: tangents.pop(p) for p in self._shared}, tangents

    def _along_tasks(self, shared: dict[Tensor, Tensor], heads: dict[Tensor, Tensor]) -> Tensor:
        """(T,), from the trunk alone: what a change of z does to each task is known from the way back."""
        at_features, own = self._cut
        moved = self._forward_mode(_Features(self.model), shared)
        values = torch.stack([(g * v).sum() for g, v in zip(at_features, moved, strict=True)])
        for t, (head, gradients) in enumerate(zip(self._heads, own, strict=True)):
            for p, g in zip(head, gradients, strict=True):
                values[t] += (g * heads[p]).sum() if p in heads else 0
        return values

    def _along_samples(self, tangents: dict[Tensor, Tensor]) -> Tensor:
        """(T, N), from the whole network."""
        return torch.stack(
            self._forward_mode(self.model, tangents, lambda outputs: self._evaluate(outputs)[0])
        )

    def _forward_mode(
        self,
        module: nn.Module,
        tangents: dict[Tensor, Tensor],
        then: Callable[[tuple[Tensor, ...]], Iterable[Tensor]] = tuple,
    ) -> list[Tensor]:
        """How what a module answers to the batch changes along tangents of its parameters."""
        with torch.no_grad(), forward_ad.dual_level(), _FirstLayers():
            duals = {
                name: forward_ad.make_dual(p.detach(), tangents[p]) if p in tangents else p.detach()
                for name, p in module.named_parameters()
            }
            pairs = [forward_ad.unpack_dual(x) for x in then(self._call(module, duals, self.batch))]
        self.passes.forward_mode += 1
        return [torch.zeros_like(x) if tangent is None else tangent for x, tangent in pairs]

    def _call(self, module: nn.Module, parameters: dict[str, Tensor], batch: Batch) -> tuple[Tensor, ...]:
        """What a module answers with these parameters; buffers and random state stay as they are."""
        state = {name: b.clone() for name, b in module.named_buffers()}
        with self._random_state.restored():
            return functional_call(module, {**parameters, **state}, (batch.inputs,))

    def _replay(self) -> Tensor:
        """(T, N) sample losses once more, from parameters to losses in one graph."""
        return self._evaluate(self._call(self.model, dict(self.model.named_parameters()), self.batch))[0]

    def _double_backward(self, tangents: dict[Tensor, Tensor]) -> Tensor:
        values = self._replay()
        dummy = torch.zeros_like(values, requires_grad=True)
        gradients = torch.autograd.grad(
            values, list(tangents), dummy, create_graph=True, materialize_grads=True
        )
        inner = torch.stack([(g * v).sum() for g, v in zip(gradients, tangents.values(), strict=True)]).sum()
        (result,) = torch.autograd.grad(inner, dummy)
        self.passes.forward += 1
        self.passes.backward += 2
        return result

    def sample_norms(self, scope: Literal["all", "shared"] = "all") -> Tensor:
        """(T, N) norm of every sample's gradient on all or on the shared parameters, one sample at a time.

        This forms every one of these gradients: T backward passes a sample.
        """
        wanted = self._shared if scope == "shared" else [*self._shared, *self._own]
        values = self._replay()
        rows = [
            torch.autograd.grad(value, wanted, retain_graph=True, materialize_grads=True)
            for value in values.flatten()
        ]
        self.passes.forward += 1
        self.passes.backward += len(rows)
        return torch.stack([flat(row).norm() for row in rows]).view_as(values)


class _Features(nn.Module):
    """The way from the inputs to the shared representation, as a module."""

    def __init__(self, model: MultiTaskModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return self.model.features(inputs)


class _FirstLayers(TorchFunctionMode):
    """Forward mode through the layers that read the data itself: these do not change, only the weights do.

    torch's own rule multiplies the weights by the zero change of the data as well.
    """

    LINEAR_IN_THE_WEIGHTS = (F.linear, F.conv1d, F.conv2d, F.conv3d)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in self.LINEAR_IN_THE_WEIGHTS and len(args) >= 3:
            data, weights, options = args[0], [w for w in args[1:3] if w is not None], args[3:]
            here, change = zip(*map(forward_ad.unpack_dual, weights), strict=True)
            if forward_ad.unpack_dual(data).tangent is None and all(w is not None for w in change):
                bias = () if args[2] is not None else (None,)
                return forward_ad.make_dual(
                    func(data, *here, *bias, *options), func(data, *change, *bias, *options)
                )
        return func(*args, **(kwargs or {}))


class _RandomState:
    """The random state before the forward pass, so that a replay draws the same dropout masks."""

    def __init__(self) -> None:
        self._cpu = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []

    @contextmanager
    def restored(self) -> Iterator[None]:
        with torch.random.fork_rng(devices=range(len(self._cuda))):
            torch.set_rng_state(self._cpu)
            if self._cuda:
                torch.cuda.set_rng_state_all(self._cuda)
            yield
