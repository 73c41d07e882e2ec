"""Problems in the plane, whose tasks are functions of two parameters, and a small one for a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, Metrics, MultiTaskData, Split, Task

Function = Callable[[Tensor], Tensor]
"""A task's loss at points (..., 2), as (...)."""


def quadratic(centre: Sequence[float], curvatures: Sequence[float], angle: float = 0) -> Function:
    """Make a quadratic loss of two parameters, which is 0 at its minimum.

    Parameters
    ----------
    centre : sequence of float
        The minimum, (2,).
    curvatures : sequence of float
        Second derivatives along the two axes of the level lines.
    angle : float, default 0
        Angle of the first axis to the first parameter, in degrees.

    Returns
    -------
    function : callable
        From points (..., 2) to losses (...).

    Examples
    --------
    >>> from mtlcore.book.toys import quadratic
    >>> quadratic(centre=[1, 0], curvatures=[1, 4])(torch.tensor([[1.0, 0.0], [1.0, 1.0]]).double())
    tensor([0., 2.], dtype=torch.float64)
    """
    c = torch.tensor(centre, dtype=torch.float64)
    k = torch.tensor(curvatures, dtype=torch.float64)
    turn = torch.deg2rad(torch.tensor(angle, dtype=torch.float64))
    axes = torch.stack([turn.cos(), turn.sin(), -turn.sin(), turn.cos()]).view(2, 2)
    return lambda theta: 0.5 * (k * ((theta - c) @ axes.T) ** 2).sum(-1)


class Point(nn.Module):
    """A trunk whose representation is its only parameter, the point ``theta``.

    Parameters
    ----------
    start : sequence of float
        Coordinates of the point at the start.
    """

    def __init__(self, start: Sequence[float]) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.theta.expand(len(x), -1)


def descend(
    tasks: Mapping[str, Function], method: Method, start: Sequence[float], lr: float, steps: int
) -> Tensor:
    """Run gradient descent on functions of two parameters, under a method.

    Parameters
    ----------
    tasks : mapping of str to callable
        The losses of the tasks, such as those of :func:`quadratic`.
    method : Method
        It sees the same :class:`mtlcore.Signals` as in the training of a network.
    start : sequence of float
        The first point, (2,).
    lr : float
        Learning rate.
    steps : int
        Number of steps.

    Returns
    -------
    path : Tensor, shape (steps + 1, 2), float64
        The points, the start included.

    Examples
    --------
    >>> from mtlcore.book.toys import descend, quadratic
    >>> tasks = {"left": quadratic([-1, 0], [1, 1]), "right": quadratic([1, 0], [1, 1])}
    >>> descend(tasks, mtl.Static(), start=[0, 2], lr=0.5, steps=2)[:, 1]
    tensor([2.0000, 1.0000, 0.5000], dtype=torch.float64)
    """
    point = Point(start)
    model = MultiTaskModel(point, [nn.Identity() for _ in tasks])
    step = Batch(torch.zeros(1, 0), tuple(torch.zeros(1) for _ in tasks))
    declared = [_task(name, function) for name, function in tasks.items()]
    optimizer = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=lr)
    path = [point.theta.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        signals = Signals(model, step, declared, validation=step)
        method.backward(signals)
        optimizer.step()
        method.after_step(signals)
        path.append(point.theta.detach().clone())
    return torch.stack(path)


def teachers(seed: int = 0, scales: Sequence[float] = (1.0, 1.0, 3.0)) -> MultiTaskData:
    """Make regressions whose labels come from small random networks, one a task.

    Parameters
    ----------
    seed : int, default 0
        Seed of the networks and of the inputs.
    scales : sequence of float, default (1, 1, 3)
        What the labels of each task are multiplied by.

    Returns
    -------
    data : MultiTaskData
        300 training, 500 validation and 2,000 test samples with 10 inputs, and one label a task.

    Examples
    --------
    >>> from mtlcore.book.toys import teachers
    >>> data = teachers()
    >>> data.train.inputs.shape, [target.shape for target in data.train.targets]
    (torch.Size([300, 10]), [torch.Size([300, 1]), torch.Size([300, 1]), torch.Size([300, 1])])
    """
    generator = torch.Generator().manual_seed(seed)
    inner = torch.randn(len(scales), 10, 5, generator=generator) / 2
    outer = torch.randn(len(scales), 5, 1, generator=generator) / 5**0.5

    def split(size: int) -> Split:
        x = torch.randn(size, 10, generator=generator)
        labels = [a * torch.tanh(x @ w) @ v for a, w, v in zip(scales, inner, outer, strict=True)]
        return Split(x, tuple(labels))

    tasks = tuple(Task.regression(str(number)) for number in range(1, len(scales) + 1))
    return MultiTaskData("teachers", split(300), split(500), split(2000), tasks)


def _task(name: str, function: Function) -> Task:
    return Task(
        name,
        loss=lambda theta, _: function(theta),
        metrics=Metrics.mean("value", lambda theta, _: function(theta), higher_is_better=False),
    )
