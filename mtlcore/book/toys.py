"""Problems in the plane: tasks that are plain functions of two shared parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, Metrics, Task

Function = Callable[[Tensor], Tensor]
"""A task's loss at points (..., 2), as (...)."""


def quadratic(centre: Sequence[float], curvatures: Sequence[float], angle: float = 0) -> Function:
    """Half a squared distance to ``centre``, stretched by ``curvatures`` along axes turned by ``angle``
    degrees."""
    c = torch.tensor(centre, dtype=torch.float64)
    k = torch.tensor(curvatures, dtype=torch.float64)
    turn = torch.deg2rad(torch.tensor(angle, dtype=torch.float64))
    axes = torch.stack([turn.cos(), turn.sin(), -turn.sin(), turn.cos()]).view(2, 2)
    return lambda theta: 0.5 * (k * ((theta - c) @ axes.T) ** 2).sum(-1)


class Point(nn.Module):
    """A trunk whose representation is its only parameter, a point theta."""

    def __init__(self, start: Sequence[float]) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.theta.expand(len(x), -1)


def descend(
    tasks: Mapping[str, Function], method: Method, start: Sequence[float], lr: float, steps: int
) -> Tensor:
    """The path (steps + 1, 2) of plain gradient descent under a method, through the same
    :class:`~mtlcore.Signals` as a network's training."""
    point = Point(start)
    model = MultiTaskModel(point, [nn.Identity() for _ in tasks])
    step = Batch(torch.zeros(1, 0), tuple(torch.zeros(1) for _ in tasks))
    declared = [_task(name, function) for name, function in tasks.items()]
    optimizer = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=lr)
    path = [point.theta.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        method.backward(Signals(model, step, declared, validation=step))
        optimizer.step()
        path.append(point.theta.detach().clone())
    return torch.stack(path)


def _task(name: str, function: Function) -> Task:
    return Task(
        name,
        loss=lambda theta, _: function(theta),
        metrics=Metrics.mean("value", lambda theta, _: function(theta), higher_is_better=False),
    )
