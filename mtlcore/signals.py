"""What one training step can tell a method: the only file that differentiates."""

from __future__ import annotations

import math
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
from mtlcore.methods.base import Level, Metric
from mtlcore.metrics import Task
from mtlcore.models import MultiTaskModel


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
    validation : a batch of the validation split, for methods that look at one.

    Raises
    ------
    ValueError : tasks, heads and targets differ in number; a batch is empty; labels do not fit a
        loss; a task has no labelled entry in the batch; a loss is not finite.
    """

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

    # What the forward pass tells -----------------------------------------------------------------

    @property
    def losses(self) -> Tensor:
        """(T,) mean loss of each task over its labelled samples, detached."""
        return self._task_losses.detach()

    @property
    def sample_losses(self) -> Tensor:
        """(T, N) loss of every sample, zero where a task has no label, detached."""
        return self._entries.detach()

    @cached_property
    def labelled(self) -> Tensor:
        """(T, N) mask of the samples that have a label."""
        masks = [t.labelled(y) for t, y in zip(self.tasks, self.batch.targets, strict=True)]
        return torch.stack([m.reshape(len(m), -1).any(1) for m in masks])

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
    def _entries(self) -> Tensor:
        return self._evaluate(self.model.outputs(self._copies))

    def _evaluate(self, outputs: Sequence[Tensor]) -> Tensor:
        rows = [
            task.sample_losses(o, y)[0]
            for task, o, y in zip(self.tasks, outputs, self.batch.targets, strict=True)
        ]
        if len({len(row) for row in rows}) > 1:
            raise ValueError("in one batch every task needs the same number of samples")
        return torch.stack(rows)

    @cached_property
    def _task_losses(self) -> Tensor:
        values = self._entries
        counts = self.labelled.sum(1)
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
        flat = [p for head in self._heads for p in head]
        gradients = iter(
            torch.autograd.grad(objective, [*self._copies, *flat], retain_graph=True, materialize_grads=True)
        )
        at_features = tuple(next(gradients) for _ in self._copies)
        return at_features, [[next(gradients) for _ in head] for head in self._heads]

    @cached_property
    def _jacobian(self) -> Tensor:
        rows = []
        for z, gradient in zip(self._features, self._cut[0], strict=True):
            rows.append(self._through_trunk([z], [gradient], keep=True))
        return torch.stack([_flat(row) for row in rows])

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

    def gradient(self, task: int) -> Tensor:
        """(D,) gradient of one task on the shared parameters. One pass through the trunk."""
        if "_jacobian" in self.__dict__:
            return self._jacobian[task]
        rows = self._through_trunk([self._features[task]], [self._cut[0][task]], keep=True)
        return _flat(rows)

    def feature_gradients(self) -> tuple[Tensor, ...]:
        """T gradients of the task losses at the representation that each head reads."""
        return self._cut[0]

    def norms(self, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """(T,) norms of the task gradients on some shared parameters, by default those of the last
        layer of the trunk that has any. T passes back to these parameters, and no further."""
        chosen = self._last_layer() if parameters is None else list(parameters)
        self.passes.partial += len(self.tasks)
        rows = [
            torch.autograd.grad(z, chosen, g, retain_graph=True, materialize_grads=True)
            for z, g in zip(self._features, self._cut[0], strict=True)
        ]
        return torch.stack([_flat(row).norm() for row in rows])

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
        return self._evaluate(self._call(parameters, self.batch))

    def _call(self, parameters: dict[str, Tensor], batch: Batch) -> tuple[Tensor, ...]:
        """Outputs on a batch, with these parameters; buffers and random state stay as they are."""
        state = {name: b.clone() for name, b in self.model.named_buffers()}
        with self._random_state.restored():
            return functional_call(self.model, {**parameters, **state}, (batch.inputs,))

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

    # What a look ahead tells ---------------------------------------------------------------------

    def main_gradient(self, main: int = 0, lookahead: float | None = None) -> Tensor:
        """(P,) gradient of the main task's loss on the validation batch, on all parameters.

        The order is that of :meth:`alignment`'s direction. With ``lookahead``, it is taken after a
        throw-away step of that length against the mean of the task losses.

        Raises
        ------
        ValueError : there is no validation batch, or it has no label of the main task.
        """
        parameters: dict[str, Tensor] = dict(self.model.named_parameters())
        if lookahead is not None:
            mean = torch.full_like(self.losses, 1 / len(self.tasks))
            parameters = self._moved(self._combined(mean, keep=True), mean, lookahead)
        outputs = self._call(parameters, self._validation_batch())
        self.passes.forward += 1
        return self._validation_gradient(parameters, outputs, main)

    def response(self, weights: Tensor, lr: float) -> Tensor:
        """(T, T) inner products, on all parameters, of each task's validation gradient (rows), taken after a
        throw-away step of length ``lr`` against the weighted training losses, with each task's
        training gradient (columns)."""
        parameters = self._moved(weights.to(self._jacobian) @ self._jacobian, weights, lr)
        outputs = self._call(parameters, self._validation_batch())
        self.passes.forward += 1
        rows = [self._validation_gradient(parameters, outputs, t) for t in range(len(self.tasks))]
        empty = self._jacobian.new_zeros(0)
        own = torch.block_diag(*(_flat([empty, *head]) for head in self._cut[1]))
        return torch.stack(rows) @ torch.cat([self._jacobian, own.to(self._jacobian)], 1).T

    def gains(
        self,
        lr: float,
        main: int = 0,
        metric: Metric | None = None,
        normalise: bool = True,
        on_training: bool = False,
    ) -> tuple[Tensor, float]:
        """What a throw-away step on each task does to the main task's metric, and the metric before.

        Every task moves the shared parameters by ``lr`` along its gradient, one task at a time. The
        main head has made its own step before and after, so that the gain is that of the shared parameters.

        Parameters
        ----------
        lr : length of the steps.
        main : index of the main task.
        metric : (outputs, targets) -> number, higher is better; it need not be differentiable. Left
            out, minus the main loss.
        normalise : divide each gradient by its norm first.
        on_training : measure on the training batch instead of the validation batch.

        Returns
        -------
        gains : (T,), positive where the step helps.
        before : the metric before.

        Raises
        ------
        ValueError : there is no validation batch, or the metric is not finite after some task's step.
        """
        batch = self.batch if on_training else self._validation_batch()
        own = torch.zeros(len(self.tasks))
        own[main] = 1
        directions = [torch.zeros_like(self._jacobian[0]), *self._jacobian]
        if normalise:
            directions = [d / d.norm().clamp(min=torch.finfo(d.dtype).tiny) for d in directions]
        values = [self._measure(self._moved(d, own, lr), batch, main, metric) for d in directions]
        for task, value in zip((None, *self.tasks), values, strict=True):
            if not math.isfinite(value):
                when = f"after a throw-away step on task {task.name!r}" if task else "before any step"
                raise ValueError(f"the metric of task {self.tasks[main].name!r} is {value} {when}")
        return self.losses.new_tensor(values[1:]) - values[0], values[0]

    def sample_norms(self, scope: Literal["all", "shared"] = "all") -> Tensor:
        """(T, N) norm of every sample's gradient on all or on the shared parameters, one sample at a time.

        This forms every one of these gradients: T backward passes a sample.
        """
        trainable = [*self._shared, *(p for head in self._heads for p in head)]
        wanted = self._shared if scope == "shared" else trainable
        values = self._replay(dict(self.model.named_parameters()))
        rows = [
            torch.autograd.grad(value, wanted, retain_graph=True, materialize_grads=True)
            for value in values.flatten()
        ]
        self.passes.forward += 1
        self.passes.backward += len(rows)
        return torch.stack([_flat(row).norm() for row in rows]).view_as(values)

    def first_order_gains(self, lr: float, main: int = 0, normalise: bool = True) -> Tensor:
        """(T,) :meth:`gains` of minus the main loss to first order: ``lr`` times the alignment with its
        validation gradient, over the norms of the task gradients when they are normalised."""
        direction = self.main_gradient(main)[: sum(self.sizes)]
        gains = lr * self.alignment(direction)
        if not normalise:
            return gains
        norms = self._jacobian.norm(dim=1)
        return gains / norms.clamp(min=torch.finfo(norms.dtype).tiny)

    def _validation_batch(self) -> Batch:
        if self.validation is None:
            raise ValueError("this method looks at a validation batch: Signals(..., validation=batch)")
        return self.validation

    def _combined(self, weights: Tensor, keep: bool = False) -> Tensor:
        """(D,) weighted sum of the task gradients, in at most one pass through the trunk."""
        if "_jacobian" in self.__dict__:
            return weights.to(self._jacobian) @ self._jacobian
        return _flat(self._send(self._cut[0], weights, keep))

    def _send(self, at_features: Sequence[Tensor], weights: Tensor, keep: bool = False) -> tuple[Tensor, ...]:
        """What weighted gradients at the heads' inputs become on each shared parameter."""
        if isinstance(self.batch.inputs, tuple):
            features = list(self._features)
            gradients = [w.to(g) * g for w, g in zip(weights, at_features, strict=True)]
        else:
            features = [self._features[0]]
            gradients = [_weighted_sum(weights, at_features)]
        gradients = [g.to(z.dtype) for g, z in zip(gradients, features, strict=True)]
        return self._through_trunk(features, gradients, keep)

    def _moved(self, direction: Tensor, heads: Tensor, lr: float) -> dict[str, Tensor]:
        """All parameters, by name, after a step against a direction and the weighted heads' gradients."""
        pieces = [v.view_as(p) for v, p in zip(direction.split(self.sizes), self._shared, strict=True)]
        step = dict(zip(self._shared, pieces, strict=True))
        for weight, head, gradients in zip(heads, self._heads, self._cut[1], strict=True):
            step |= {p: weight.to(g) * g for p, g in zip(head, gradients, strict=True)}
        return {
            name: (p.detach() - lr * step[p]).requires_grad_() if p in step else p
            for name, p in self.model.named_parameters()
        }

    def _measure(
        self, parameters: dict[str, Tensor], batch: Batch, main: int, metric: Metric | None
    ) -> float:
        self.passes.forward += 1
        with torch.no_grad(), self.model.evaluating():
            outputs = self._call(parameters, batch)
        if metric is None:
            return -self._batch_loss(outputs, batch, main).item()
        return metric(outputs[main], batch.targets[main])

    def _validation_gradient(
        self, parameters: dict[str, Tensor], outputs: Sequence[Tensor], task: int
    ) -> Tensor:
        names = {p: name for name, p in self.model.named_parameters()}
        wanted = [parameters[names[p]] for p in [*self._shared, *(p for h in self._heads for p in h)]]
        loss = self._batch_loss(outputs, self._validation_batch(), task)
        self.passes.backward += 1
        gradient = torch.autograd.grad(loss, wanted, retain_graph=True, materialize_grads=True)
        return _flat(gradient)

    def _batch_loss(self, outputs: Sequence[Tensor], batch: Batch, task: int) -> Tensor:
        values, present = self.tasks[task].sample_losses(outputs[task], batch.targets[task])
        if not present.any():
            raise ValueError(f"task {self.tasks[task].name!r} has no label in the validation batch")
        return values.sum() / present.sum()

    # What a method answers with ------------------------------------------------------------------

    def backward(self, weights: Tensor, heads: Tensor | None = None) -> None:
        """Add the weighted sum of the task gradients to ``.grad``. This ends the step: it frees the graph.

        To accumulate gradients over several small batches, let the method's ``backward`` answer for the
        first one, and give the weights that it returns to the others here.

        Parameters
        ----------
        weights : (T,) weights of the task gradients on the shared parameters.
        heads : (T,) weight of each head's own gradient; unweighted when left out, as
            gradient balancing asks (random-weighting paper, Equation 2 and Algorithm 1).
        """
        if "_jacobian" in self.__dict__:
            self.apply(self._combined(weights), heads)
        else:
            _add_gradients(self._shared, self._send(self._cut[0], weights))
            self._backward_heads(heads)

    def backward_samples(self, weights: Tensor) -> None:
        """Add the gradient of the weighted sum of the sample losses, weights (T, N), to ``.grad``, on the
        shared parameters and on the heads."""
        values = self._entries
        at_features, heads = self._through_heads((weights.to(values) * values).sum())
        ones = torch.ones(len(self.tasks), device=values.device)
        _add_gradients(self._shared, self._send(at_features, ones))
        for head, gradients in zip(self._heads, heads, strict=True):
            _add_gradients(head, gradients)

    def apply(self, direction: Tensor, heads: Tensor | None = None) -> None:
        """Add a direction (D,) to ``.grad`` of the shared parameters, and the heads' gradients."""
        pieces = zip(self._shared, direction.split(self.sizes), strict=True)
        _add_gradients(self._shared, [v.view_as(p).clone() for p, v in pieces])
        self._backward_heads(heads)

    def rotate(self, rotations: Tensor) -> None:
        """Let every head read its own rotation (T, m, m) of the representation from now on."""
        self.model.rotations = rotations

    def _backward_heads(self, weights: Tensor | None) -> None:
        for t, (head, gradients) in enumerate(zip(self._heads, self._cut[1], strict=True)):
            scaled = [g.clone() if weights is None else weights[t] * g for g in gradients]
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


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([t.flatten() for t in tensors])


def _weighted_sum(weights: Tensor, tensors: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(tensors[0])
    for w, t in zip(weights.to(total), tensors, strict=True):
        total.addcmul_(t, w)
    return total


def _add_gradients(parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g.to(p.dtype) if p.grad is None else p.grad + g
