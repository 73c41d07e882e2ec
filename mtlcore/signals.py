"""What one training step can tell a method: the only file that differentiates."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call

from mtlcore.batch import Batch
from mtlcore.methods.base import Level
from mtlcore.metrics import Task
from mtlcore.models import MultiTaskModel


@dataclass
class Passes:
    """How often a step went through the network.

    A backward pass is one pass back through the trunk; the heads' own backward, once for all tasks,
    comes with the first of them.
    """

    forward: int = 0
    backward: int = 0
    forward_mode: int = 0


class Signals:
    """A lazy view of one training step.

    Nothing is computed until a method asks; what was asked for is kept; every pass is counted in
    :attr:`passes`. The heads read detached copies of the shared representation z, one a head, so one
    backward through all heads gives every task's gradient with respect to z and to its own head, and
    the trunk is passed as often as the signal needs: once for any weighted sum of the tasks, T times
    for the task gradients on the shared parameters.

    Parameters
    ----------
    model : the network.
    batch : one input with T sets of labels, or T inputs, each with its own labels.
    tasks : the T tasks.

    Raises
    ------
    ValueError : tasks, heads and targets differ in number; a batch is empty; labels do not fit a
        loss; a task has no labelled entry in the batch; a loss is not finite.
    """

    def __init__(self, model: MultiTaskModel, batch: Batch, tasks: Sequence[Task]) -> None:
        if not len(model.heads) == len(tasks) == len(batch.targets):
            raise ValueError(
                f"the model has {len(model.heads)} heads, the batch {len(batch.targets)} sets of "
                f"labels, and there are {len(tasks)} tasks; the three must be one number"
            )
        self.model = model
        self.batch = batch
        self.tasks = tuple(tasks)
        self.passes = Passes()
        self._shared = list(model.shared_parameters())
        self._heads = model.head_parameters()

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
        self._random_state = _RandomState()
        self.passes.forward += 1
        return self.model.features(self.batch.inputs)

    @cached_property
    def _copies(self) -> list[Tensor]:
        return [z.detach().requires_grad_() for z in self._features]

    @cached_property
    def _entries(self) -> tuple[Tensor, Tensor]:
        return self._evaluate(self.model.outputs(self._copies))

    def _evaluate(self, outputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        pairs = [
            task.sample_losses(o, y)
            for task, o, y in zip(self.tasks, outputs, self.batch.targets, strict=True)
        ]
        if len({len(values) for values, _ in pairs}) > 1:
            raise ValueError("in one batch every task needs the same number of samples")
        values, masks = zip(*pairs, strict=True)
        return torch.stack(values), torch.stack(masks)

    @cached_property
    def _task_losses(self) -> Tensor:
        values, mask = self._entries
        counts = mask.sum(1)
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
        flat = [p for head in self._heads for p in head]
        gradients = iter(
            torch.autograd.grad(self._task_losses.sum(), [*self._copies, *flat], materialize_grads=True)
        )
        at_features = tuple(next(gradients) for _ in self._copies)
        return at_features, [[next(gradients) for _ in head] for head in self._heads]

    @cached_property
    def _jacobian(self) -> Tensor:
        rows = []
        for z, gradient in zip(self._features, self._cut[0], strict=True):
            rows.append(self._through_trunk([z], [gradient], keep=True))
        return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])

    def _through_trunk(
        self, features: Sequence[Tensor], gradients: Sequence[Tensor], keep: bool = False
    ) -> tuple[Tensor, ...]:
        if not self._shared:
            raise ValueError("the trunk has no trainable parameter, so the tasks share nothing")
        self.passes.backward += 1
        return torch.autograd.grad(
            features, self._shared, gradients, retain_graph=keep, materialize_grads=True
        )

    @property
    def sizes(self) -> list[int]:
        """Number of entries of each shared parameter, in the order of the Jacobian's columns."""
        return [p.numel() for p in self._shared]

    def jacobian(self) -> Tensor:
        """(T, D) gradients of the task losses on the shared parameters. T passes through the trunk."""
        return self._jacobian

    def gramian(self, level: Level = "parameters") -> Tensor:
        """(T, T) inner products of the task gradients.

        On the shared parameters (T passes through the trunk), or, with ``level="features"``, at the
        shared representation (one pass through the heads for any number of tasks; the bound of
        MGDA-UB).

        Raises
        ------
        ValueError : unknown level, or features asked for when every task has an input of its own.
        """
        if level == "parameters":
            return self._jacobian @ self._jacobian.T
        if level != "features":
            raise ValueError(f"level is 'parameters' or 'features', not {level!r}")
        if isinstance(self.batch.inputs, tuple):
            raise ValueError(
                "level='features' compares gradients at one shared representation, but here every "
                "task has an input of its own; use level='parameters'"
            )
        rows = torch.stack([g.flatten() for g in self._cut[0]])
        return rows @ rows.T

    # What one forward-mode pass tells ------------------------------------------------------------

    def alignment(self, direction: Tensor, of: Literal["tasks", "samples"] = "tasks") -> Tensor:
        """Inner product of every task's, or every sample's, gradient with one direction.

        One forward-mode pass gives them all, exactly, with the same dropout masks and batch statistics as the
        losses; buffers and random state stay as they are. Where a layer has no forward-mode rule,
        two nested backward passes give the same numbers (said once, as a warning).

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
        tangents = self._tangents(direction)
        try:
            values = self._forward_mode(tangents)
        except NotImplementedError as error:
            warnings.warn(
                f"no forward-mode rule for a layer of this model, so two nested backward passes are "
                f"used instead (same numbers): {str(error).splitlines()[0]}",
                stacklevel=2,
            )
            values = self._double_backward(tangents)
        return values if of == "samples" else values.sum(1) / self.labelled.sum(1)

    def _tangents(self, direction: Tensor) -> list[tuple[Tensor, Tensor]]:
        parameters = [*self._shared, *(p for head in self._heads for p in head)]
        shared = sum(self.sizes)
        total = sum(p.numel() for p in parameters)
        if direction.dim() != 1 or len(direction) not in (shared, total):
            raise ValueError(
                f"a direction has {shared} entries (shared parameters) or {total} (all), "
                f"not shape {tuple(direction.shape)}"
            )
        if not torch.isfinite(direction).all():
            raise ValueError("the direction is not finite")
        if len(direction) == shared:
            parameters = self._shared
        pieces = direction.detach().split([p.numel() for p in parameters])
        return [(p, v.view_as(p)) for p, v in zip(parameters, pieces, strict=True)]

    def _replay(self, parameters: dict[str, Tensor]) -> Tensor:
        """(T, N) sample losses once more, with these parameters and copies of the buffers."""
        _ = self._features
        state = {name: b.clone() for name, b in self.model.named_buffers()}
        with self._random_state.restored():
            outputs = functional_call(self.model, {**parameters, **state}, (self.batch.inputs,))
        return self._evaluate(outputs)[0]

    def _forward_mode(self, tangents: list[tuple[Tensor, Tensor]]) -> Tensor:
        along = dict(tangents)
        with torch.no_grad(), forward_ad.dual_level():
            duals = {
                name: forward_ad.make_dual(p.detach(), along[p]) if p in along else p.detach()
                for name, p in self.model.named_parameters()
            }
            values, tangent = forward_ad.unpack_dual(self._replay(duals))
        self.passes.forward_mode += 1
        return torch.zeros_like(values) if tangent is None else tangent

    def _double_backward(self, tangents: list[tuple[Tensor, Tensor]]) -> Tensor:
        parameters, directions = zip(*tangents, strict=True)
        values = self._replay(dict(self.model.named_parameters()))
        dummy = torch.zeros_like(values, requires_grad=True)
        gradients = torch.autograd.grad(values, parameters, dummy, create_graph=True, materialize_grads=True)
        inner = sum((g * v).sum() for g, v in zip(gradients, directions, strict=True))
        (result,) = torch.autograd.grad(inner, dummy)
        self.passes.forward += 1
        self.passes.backward += 2
        return result

    # What a method answers with ------------------------------------------------------------------

    def backward(self, weights: Tensor, heads: Tensor | None = None) -> None:
        """Add the weighted sum of the task gradients to ``.grad``.

        Parameters
        ----------
        weights : (T,) weights of the task gradients on the shared parameters.
        heads : (T,) weight of each head's own gradient; unweighted when left out, as
            gradient balancing asks (random-weighting paper, Equation 2 and Algorithm 1).
        """
        if "_jacobian" in self.__dict__:
            self.apply(weights.to(self._jacobian) @ self._jacobian, heads)
            return
        if isinstance(self.batch.inputs, tuple):
            features = list(self._features)
            gradients = [w * g for w, g in zip(weights, self._cut[0], strict=True)]
        else:
            features = [self._features[0]]
            gradients = [_weighted_sum(weights, self._cut[0])]
        gradients = [g.to(z.dtype) for g, z in zip(gradients, features, strict=True)]
        _add_gradients(self._shared, self._through_trunk(features, gradients))
        self._backward_heads(heads)

    def apply(self, direction: Tensor, heads: Tensor | None = None) -> None:
        """Add a direction (D,) to ``.grad`` of the shared parameters, and the heads' gradients."""
        pieces = direction.split(self.sizes)
        _add_gradients(self._shared, [v.view_as(p) for p, v in zip(self._shared, pieces, strict=True)])
        self._backward_heads(heads)

    def _backward_heads(self, weights: Tensor | None) -> None:
        for t, (head, gradients) in enumerate(zip(self._heads, self._cut[1], strict=True)):
            scaled = gradients if weights is None else [weights[t] * g for g in gradients]
            _add_gradients(head, scaled)


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


def _weighted_sum(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(tensors[0])
    for w, t in zip(weights.to(total), tensors, strict=True):
        total.addcmul_(t, w)
    return total


def _add_gradients(parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g.to(p.dtype, copy=True) if p.grad is None else p.grad + g
