"""The Projection paper's problem in the plane: stay on the unit circle, and only then go towards (2, 0).

Rules, gradients and optimisers act on many points at once, each for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.optim import Optimizer

from mtlcore.book.toys import Function

Rule = Callable[[Tensor, Tensor], Tensor]
"""From main and auxiliary gradients (N, 2) to the direction (N, 2)."""

LAM = 0.1
"""λ of the paper."""

STARTS = [(0.0, 2.0), (1.9, 0.9), (-0.3, 0.3), (0.2, 0.2)]
"""The four starts of the paper's Figure 3."""

TASKS: dict[str, Function] = {
    "circle": lambda x: (x.norm(dim=-1) - 1) ** 2,
    "(2, 0)": lambda x: ((x - x.new_tensor([2, 0])) ** 2).sum(-1),
}
"""The losses of the main and the auxiliary task."""


def gradients(points: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the gradients of both tasks.

    Parameters
    ----------
    points : Tensor, shape (N, 2)
        None of them the centre of the circle.

    Returns
    -------
    main, auxiliary : Tensor, shape (N, 2)
        The gradients.
    """
    radius = points.norm(dim=-1, keepdim=True)
    return 2 * (1 - 1 / radius) * points, 2 * (points - points.new_tensor([2, 0]))


def project(main: Tensor, auxiliary: Tensor) -> Tensor:
    """Project auxiliary gradients on the half-spaces of the main ones.

    Parameters
    ----------
    main, auxiliary : Tensor, shape (N, 2)
        The gradients.

    Returns
    -------
    projected : Tensor, shape (N, 2)
        The nearest vectors with an inner product of at least 0 with the main gradients.
    """
    against = (main * auxiliary).sum(-1, keepdim=True).clamp(max=0)
    square = (main * main).sum(-1, keepdim=True)
    return auxiliary - torch.where(square > 0, against / square, 0) * main


RULES: dict[str, Rule] = {
    "SingleTask": lambda main, auxiliary: main,
    "Static": lambda main, auxiliary: main + LAM * auxiliary,
    "Projection": lambda main, auxiliary: main + LAM * project(main, auxiliary),
}
"""The paper's three methods; "Static" is its Multi-task."""

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "Adam": partial(torch.optim.Adam, lr=0.01),
    "SGD": partial(torch.optim.SGD, lr=0.01),
}


def descend(
    rule: Rule, starts: Sequence[Sequence[float]], optimizer: Callable[..., Optimizer], steps: int = 5000
) -> Tensor:
    """Run an optimiser from several starts under one rule.

    Parameters
    ----------
    rule : callable
        From the two gradients to the direction.
    starts : sequence of sequence of float
        N points.
    optimizer : callable
        Makes the optimiser of a list of parameters. It must treat each entry by itself, as SGD and Adam do.
    steps : int, default 5000
        Number of steps.

    Returns
    -------
    path : Tensor, shape (steps + 1, N, 2), float64
        The points, the starts included.
    """
    points = torch.tensor(starts, dtype=torch.float64, requires_grad=True)
    made = optimizer([points])
    path = [points.detach().clone()]
    for _ in range(steps):
        points.grad = rule(*gradients(points.detach()))
        made.step()
        path.append(points.detach().clone())
    return torch.stack(path)
