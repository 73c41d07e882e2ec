"""Throw-away steps, and gradients and metrics on a validation batch.

A throw-away step changes no parameter of the model: the moved parameters live in a dictionary by name.
``weights`` (T,) of a function are those that the training losses carry, or None; the losses and metrics
that are measured after a step never carry any.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mtlcore.signals.step import Step, scale
from mtlcore.signals.trunk import flat
from mtlcore.tasks.batch import Batch

Metric = Callable[[Tensor, Tensor], float]
"""A number, higher is better, from the outputs and the targets of one task."""


def main_gradient(step: Step, main: int, lookahead: float | None, weights: Tensor | None) -> Tensor:
    """(P,) gradient of a task's validation loss, here or after a step against the mean of the task losses."""
    parameters: dict[str, Tensor] = dict(step.model.named_parameters())
    if lookahead is not None:
        mean = scale(torch.full_like(step.losses.detach(), 1 / len(step.tasks)), weights)
        parameters = _moved(step, step.trunk.combination(mean, keep=True), mean, lookahead)
    outputs = step.call(step.model, parameters, validation_batch(step))
    step.passes.forward += 1
    return _validation_gradient(step, parameters, outputs, main)


def all_gradients(step: Step, against: Tensor, lr: float) -> list[Tensor]:
    """T gradients (P,) of the tasks' validation losses after a step against weighted (T,) training losses."""
    parameters = _moved(step, step.trunk.combination(against, keep=True), against, lr)
    outputs = step.call(step.model, parameters, validation_batch(step))
    step.passes.forward += 1
    return [_validation_gradient(step, parameters, outputs, t) for t in range(len(step.tasks))]


def gains(
    step: Step,
    lr: float,
    main: int,
    metric: Metric | None,
    normalise: bool,
    batch: Batch,
    weights: Tensor | None,
) -> tuple[Tensor, float]:
    """(T,) changes of the main task's metric by a step on each task alone, and the metric before."""
    own = torch.zeros(len(step.tasks))
    own[main] = 1
    own = scale(own, weights)
    values = [_measure(step, _moved(step, None, own, lr), batch, main, metric)]
    for task in range(len(step.tasks)):
        direction = step.gradient(task)
        if weights is not None:
            direction = weights[task].to(direction) * direction
        if normalise:
            direction = direction / direction.norm().clamp(min=torch.finfo(direction.dtype).tiny)
        values.append(_measure(step, _moved(step, step.split(direction), own, lr), batch, main, metric))
    for moved_on, value in zip((None, *step.tasks), values, strict=True):
        if not math.isfinite(value):
            when = f"after a throw-away step on task {moved_on.name!r}" if moved_on else "before any step"
            raise ValueError(f"the metric of task {step.tasks[main].name!r} is {value} {when}")
    return step.losses.detach().new_tensor(values[1:]) - values[0], values[0]


def validation_batch(step: Step) -> Batch:
    """The validation batch, or a ValueError where the step has none."""
    if step.validation is None:
        raise ValueError("this method looks at a validation batch: Signals(..., validation=batch)")
    return step.validation


def _moved(step: Step, shared: Sequence[Tensor] | None, heads: Tensor, lr: float) -> dict[str, Tensor]:
    """All parameters, by name, after a throw-away step of length ``lr``.

    The shared ones move against ``shared``, or stay where that is None; each head moves against its own
    task's gradient times its weight in ``heads`` (T,).
    """
    moves = {} if shared is None else dict(zip(step.shared, shared, strict=True))
    for weight, head, gradients in zip(heads, step.heads, step.head_grads, strict=True):
        moves |= {p: weight.to(g) * g for p, g in zip(head, gradients, strict=True)}
    return {
        name: (p.detach() - lr * moves[p]).requires_grad_() if p in moves else p
        for name, p in step.model.named_parameters()
    }


def _measure(
    step: Step, parameters: dict[str, Tensor], batch: Batch, main: int, metric: Metric | None
) -> float:
    step.passes.forward += 1
    with torch.no_grad(), step.model.evaluating():
        outputs = step.call(step.model, parameters, batch)
    if metric is None:
        return -_batch_loss(step, outputs, batch, main).item()
    return metric(outputs[main], batch.targets[main])


def _validation_gradient(
    step: Step, parameters: dict[str, Tensor], outputs: Sequence[Tensor], task: int
) -> Tensor:
    names = {p: name for name, p in step.model.named_parameters()}
    wanted = [parameters[names[p]] for p in [*step.shared, *step.head_params]]
    loss = _batch_loss(step, outputs, validation_batch(step), task)
    step.passes.backward += 1
    return flat(torch.autograd.grad(loss, wanted, retain_graph=True, materialize_grads=True))


def _batch_loss(step: Step, outputs: Sequence[Tensor], batch: Batch, task: int) -> Tensor:
    values, present = step.tasks[task].sample_losses(outputs[task], batch.targets[task])
    if not present.any():
        raise ValueError(f"task {step.tasks[task].name!r} has no label in the validation batch")
    return values.sum() / present.sum()
