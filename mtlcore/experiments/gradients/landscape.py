"""Two losses of two parameters with a narrow valley each: where every method ends, from three starts.

The problem, its starts and Adam are those of Liu et al. 2021a (CAGrad), who take 100,000 steps at the rate
0.001. Here every method has four rates and both optimisers, weights on the scale of the mean, and 3,000
steps. A constant keeps the losses positive, as methods that read them need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.methods import FAMO, GradNorm, canonical, make
from mtlcore.methods._learned import LearnedScales
from mtlcore.methods.base import Method

FLOOR = 21.0
"""Added to both losses, of which the least would be about -20."""

STARTS = {"upper left": (-8.5, 7.5), "lower left": (-8.5, -5.0), "upper right": (9.0, 9.0)}
"""The three starts of the paper."""

NAMES = ["Static", "UW", "IMTLL", "RLW", "SLAW", "FAMO", "STCH", "MGDA", "GradNorm"]
NAMES += ["PCGrad", "GradDrop", "IMTLG", "GradVac", "CAGrad"]
NAMES += ["NashMTL", "AlignedMTL", "FairGrad", "UPGrad"]
METHODS = [canonical(f"{name}(scale='mean')") for name in NAMES]
"""All on the scale of the mean. RGW is RLW where no head is trained; RotoGrad would turn the plane."""

OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
NEAR = 0.1
"""Distance to the front, in losses, from which on a path has arrived."""

KEPT = [0, 1, 2, 4, 7, 12, 20, 35, 55, 80, 110, 150, 200, 260, 340, 450, 600, 800, 1100, 1500, 2000, 3000]
KEPT += [4500, 7000, 10000, 14000, 20000]
"""The steps at which a path is kept."""


def loss(points: Tensor, task: int) -> Tensor:
    """Compute the loss of a task.

    Above the first axis it has a narrow valley, in which the logarithm is bounded; below it is a bowl. The
    two fade into each other near the axis.

    Parameters
    ----------
    points : Tensor, shape (..., 2)
        Where.
    task : {0, 1}
        Which task.

    Returns
    -------
    loss : Tensor, shape (...)
        About 1 at its least.
    """
    x, y = points[..., 0], points[..., 1]
    bend = torch.tanh(y)
    across = (-x - 7) / 2 + bend if task == 0 else (3 - x) / 2 - bend + 2
    valley = across.abs().clamp(min=5e-6).log() + 6
    centre = 7 if task == 0 else -7
    bowl = ((x - centre) ** 2 + 0.1 * (y + 8) ** 2) / 10 - 20
    up = torch.tanh(y / 2)
    return valley * up.clamp(min=0) + bowl * (-up).clamp(min=0) + FLOOR


TASKS: dict[str, Callable[[Tensor], Tensor]] = {
    "task 1": partial(loss, task=0),
    "task 2": partial(loss, task=1),
}
"""The losses of both tasks."""


@cache
def front() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the Pareto front: for each weight in [0, 1] the least weighted sum of the losses.

    At a given height y the sum is least in x at 7 (2 w - 1); y is searched on a fine grid.

    Returns
    -------
    points, losses : ndarray, shape (281, 2)
        Places in the plane, and the losses there.
    """
    weights = torch.linspace(0, 1, 281, dtype=torch.float64)[:, None]
    y = torch.linspace(-10, -7, 3001, dtype=torch.float64)
    points = torch.stack(torch.broadcast_tensors(7 * (2 * weights - 1), y), -1)
    total = weights * loss(points, 0) + (1 - weights) * loss(points, 1)
    best = points[torch.arange(len(points)), total.argmin(1)]
    return best.numpy(), torch.stack([loss(best, 0), loss(best, 1)], 1).numpy()


def distance(points: Tensor) -> NDArray[np.float64]:
    """Compute how far the losses are from the Pareto front.

    Parameters
    ----------
    points : Tensor, shape (N, 2)
        Places in the plane.

    Returns
    -------
    distance : ndarray, shape (N,)
        Euclidean distance of the two losses to those of the nearest point of the front.
    """
    losses = torch.stack([loss(points, 0), loss(points, 1)], 1)
    return torch.cdist(losses, torch.as_tensor(front()[1])).min(1).values.numpy()


def descend(method: str, starts: Sequence[Sequence[float]], optimizer: str, lr: float, steps: int) -> Tensor:
    """Run a method from several starts, each with a rule of its own.

    Parameters
    ----------
    method : str
        Canonical text of the method.
    starts : sequence of sequence of float
        N first points.
    optimizer : {"SGD", "Adam"}
        What makes steps of the directions.
    lr : float
        Learning rate, of the scales that UW and IMTL-L learn too.
    steps : int
        Number of steps.

    Returns
    -------
    path : Tensor, shape (steps + 1, N, 2), float64
        The points, the starts included.
    """
    rules = [make(method) for _ in starts]
    points = torch.tensor(starts, dtype=torch.float64, requires_grad=True)
    scales = [scale for rule in rules for scale in rule.learnable(tasks=len(TASKS))]
    made = OPTIMIZERS[optimizer]([points, *scales], lr=lr)
    path = [points.detach().clone()]
    for _ in range(steps):
        made.zero_grad()
        losses = [task(points) for task in TASKS.values()]
        slopes = [torch.autograd.grad(each.sum(), points)[0] for each in losses]
        before = torch.stack(losses, 1).detach()
        steps_of = zip(rules, before, torch.stack(slopes, 1), strict=True)
        points.grad = torch.stack([direction(rule, values, jacobian) for rule, values, jacobian in steps_of])
        made.step()
        after = torch.stack([task(points.detach()) for task in TASKS.values()], 1)
        for rule, *both in zip(rules, before, after, strict=True):
            if isinstance(rule, FAMO):
                rule.learn(*both)
        path.append(points.detach().clone())
    return torch.stack(path)


def direction(rule: Method, losses: Tensor, jacobian: Tensor) -> Tensor:
    """Ask a method for its direction, with all that it looks at.

    Parameters
    ----------
    rule : Method
        The method. Where it learns scales, their gradients are filled.
    losses : Tensor, shape (T,)
        The losses.
    jacobian : Tensor, shape (T, D)
        The task gradients.

    Returns
    -------
    direction : Tensor, shape (D,)
        Against which a step goes.
    """
    if isinstance(rule, LearnedScales):
        rule.objective(losses).backward()
    if rule.sees == "losses":
        return rule.weights(losses) @ jacobian
    if isinstance(rule, GradNorm):
        return rule.weights(jacobian.norm(dim=1), losses) @ jacobian
    return rule.direction(jacobian)


GRID: dict[str, Any] = {
    "seed": 0,
    "method": METHODS,
    "optimizer": list(OPTIMIZERS),
    "lr": [0.01, 0.03, 0.1, 0.3],
    "steps": 3000,
}
SLOW = {"method": ["Static", "CAGrad"], "optimizer": "Adam", "lr": 0.001}
"""The paper's optimiser and rate."""

LAPTOP = [GRID | SLOW | {"steps": 20_000}, GRID]
"""Two methods at the paper's rate with more steps, and every method at every other rate."""

PAPER = [GRID | SLOW | {"steps": 100_000}, GRID]
SMOKE = GRID | {"steps": 10, "lr": 0.1}


def run(config: Config, device: str) -> Result:
    """Descend from each start.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Not used: a point of the plane stays on the CPU.

    Returns
    -------
    result : Result
        For each start the losses at the end and their distance to the front, and the first step from which on
        the distance stays below ``NEAR`` (none if it never does). The curve holds the paths at the steps
        ``KEPT``.
    """
    torch.manual_seed(config["seed"])
    starts = list(STARTS.values())
    path = descend(config["method"], starts, config["optimizer"], config["lr"], config["steps"])
    row: dict[str, Any] = {}
    for start, points in zip(STARTS, path.unbind(1), strict=True):
        away = distance(points)
        far = np.flatnonzero(~(away < NEAR))
        arrived = int(far[-1]) + 1 if len(far) else 0
        row |= {f"{task}.{start}": function(points[-1]).item() for task, function in TASKS.items()}
        row |= {
            f"distance.{start}": float(away[-1]),
            f"arrived.{start}": arrived if arrived <= config["steps"] else None,
        }
    kept = [step for step in KEPT if step <= config["steps"]]
    curve = [
        {"step": step}
        | {
            f"{axis}.{start}": point[i].item()
            for start, point in zip(STARTS, path[step], strict=True)
            for i, axis in enumerate("xy")
        }
        for step in kept
    ]
    return Result(row, curve)


experiment = Experiment(
    name="landscape",
    title="Two valleys in the plane: where every method ends",
    source="none; the problem is that of the CAGrad paper's first figure",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
