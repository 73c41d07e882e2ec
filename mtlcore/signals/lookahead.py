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

from mtlcore.signals.combined import Combined
from mtlcore.signals.step import Gradients, Step, scale
from mtlcore.signals.trunk import flat
from mtlcore.tasks.batch import Batch

Metric = Callable[[Tensor, Tensor], float]
"""A number, higher is better, from the outputs and the targets of one task."""

AnyStep = Step | Combined
Parameters = dict[str, Tensor]


def main_gradient(step: AnyStep, main: int, lookahead: float | None, weights: Tensor | None) -> Tensor:
    """(P,) gradient of a task's validation loss, here or after a step against the mean of the task losses."""
    parameters: Parameters = dict(step.model.named_parameters())
    if lookahead is not None:
        mean = scale(torch.full_like(step.losses, 1 / len(step.tasks)), weights)
        parameters = _moved(step, step.combination(mean, keep=True), mean, lookahead)
    outputs = step.outputs(parameters, validation_batch(step))
    step.passes.forward += 1
    return _validation_gradient(step, parameters, outputs, main)


def all_gradients(step: AnyStep, against: Tensor, lr: float) -> list[Tensor]:
    """T gradients (P,) of the tasks' validation losses after a step against weighted (T,) training losses."""
    parameters = _moved(step, step.combination(against, keep=True), against, lr)
    outputs = step.outputs(parameters, validation_batch(step))
    step.passes.forward += 1
    nothing = torch.zeros(sum(p.numel() for p in [*step.shared, *step.head_params]))
    return [
        _validation_gradient(step, parameters, outputs, t) if there else nothing.to(outputs[t].device)
        for t, there in enumerate(validated(step))
    ]


def gains(
    step: AnyStep,
    lr: float,
    main: int,
    metric: Metric | None,
    normalise: bool,
    batches: Sequence[Batch],
    weights: Tensor | None,
) -> tuple[Tensor, float]:
    """(T,) changes of the main task's metric by a step on each task alone, and the metric before."""
    own = torch.zeros(len(step.tasks), device=step.losses.device)
    own[main] = 1
    own = scale(own, weights)
    values = [_measure(step, _moved(step, None, own, lr), batches, main, metric)]
    for task in range(len(step.tasks)):
        direction = step.gradient(task)
        if weights is not None:
            direction = weights[task].to(direction) * direction
        if normalise:
            length = direction.double().norm()
            direction = (direction / length.clamp(min=torch.finfo(length.dtype).tiny)).to(direction)
        values.append(_measure(step, _moved(step, step.split(direction), own, lr), batches, main, metric))
    for moved_on, value in zip((None, *step.tasks), values, strict=True):
        if not math.isfinite(value):
            when = f"after a throw-away step on task {moved_on.name!r}" if moved_on else "before any step"
            raise ValueError(f"the metric of task {step.tasks[main].name!r} is {value} {when}")
    return step.losses.new_tensor(values[1:]) - values[0], values[0]


def validation_batch(step: AnyStep) -> Batch:
    """The validation batch, or a ValueError where the step has none."""
    if step.validation is None:
        raise ValueError("this method looks at a validation batch: Signals(..., validation=batch)")
    return step.validation


def validated(step: AnyStep) -> tuple[bool, ...]:
    """Which tasks have a label in the validation batch."""
    if step.validation is None:
        return (False,) * len(step.tasks)
    targets = [step.validation.targets[i] for i in step.kept]
    found = [task.labelled(y).any() for task, y in zip(step.tasks, targets, strict=True)]
    return tuple(n > 0 for n in step.sum(torch.stack(found).float()).tolist())


def _moved(step: AnyStep, shared: Gradients | list[Tensor] | None, heads: Tensor, lr: float) -> Parameters:
    """All parameters, by name, after a throw-away step of length ``lr``.

    The shared ones move against ``shared``, or stay where that is None; each head moves against its own
    task's gradient times its weight in ``heads`` (T,).
    """
    moves: dict[Tensor, Tensor | None] = dict(zip(step.shared, shared or [], strict=False))
    for weight, head, gradients in zip(heads, step.heads, step.head_grads, strict=True):
        moves |= {p: None if g is None else weight.to(g) * g for p, g in zip(head, gradients, strict=True)}
    moved = {p: (p.detach() - lr * g).requires_grad_() for p, g in moves.items() if g is not None}
    return {name: moved.get(p, p) for name, p in step.model.named_parameters()}


def _measure(
    step: AnyStep, parameters: Parameters, batches: Sequence[Batch], main: int, metric: Metric | None
) -> float:
    step.passes.forward += 1
    with torch.no_grad(), step.model.evaluating():
        found = [step.outputs(parameters, batch)[main] for batch in batches]
    outputs, targets = torch.cat(found), torch.cat([b.targets[step.kept[main]] for b in batches])
    if metric is None:
        return -_mean_loss(step, outputs, targets, main).item()
    value = metric(outputs, targets)
    if step.processes == 1:
        return value
    return step.sum(torch.tensor(float(value), device=outputs.device)).item() / step.processes


def _validation_gradient(
    step: AnyStep, parameters: Parameters, outputs: Sequence[Tensor], task: int
) -> Tensor:
    names = {p: name for name, p in step.model.named_parameters()}
    trained = [*step.shared, *step.head_params]
    targets = validation_batch(step).targets[step.kept[task]]
    loss = _mean_loss(step, outputs[task], targets, task, own=True)
    step.passes.backward += 1
    found = torch.autograd.grad(
        loss, [parameters[names[p]] for p in trained], retain_graph=True, allow_unused=True
    )
    return step.sum(flat(found, trained))


def _mean_loss(step: AnyStep, outputs: Tensor, targets: Tensor, task: int, own: bool = False) -> Tensor:
    """The mean loss of a task over the samples of all processes, or with ``own`` this one's part of it."""
    values, there = step.tasks[task].sample_losses(outputs, targets)
    count = step.sum(there.sum())
    if not count:
        raise ValueError(f"task {step.tasks[task].name!r} has no label in the validation batch")
    part = values.sum() / count
    return part if own else step.sum(part)
