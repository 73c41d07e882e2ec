"""The paper's problem in the plane: stay on the unit circle, and only then go towards (2, 0).

Settings: Projection paper, Section 4.1 and Appendix B.1: λ = 0.1, 5,000 steps. The text has Adam's learning
rate as 0.001, the public notebook 0.01; both are here, and gradient descent. Nothing is random, so one
seed stands for all. Rules, gradients and optimisers act on many points at once, each for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from mtlcore.experiments.engine.experiment import Config, Experiment, Result

Rule = Callable[[Tensor, Tensor], Tensor]
"""From main and auxiliary gradients (N, 2) to the direction (N, 2)."""

LAM = 0.1
"""λ of the paper."""

STARTS = [(0.0, 2.0), (1.9, 0.9), (-0.3, 0.3), (0.2, 0.2)]
"""The four starts of the paper's Figure 3."""

TASKS: dict[str, Callable[[Tensor], Tensor]] = {
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


NAMED = {"({:g}, {:g})".format(*start): start for start in STARTS}
PAPER: dict[str, Any] = {
    "seed": 0,
    "start": list(NAMED),
    "optimizer": ["Adam", "SGD"],
    "lr": [0.01, 0.001],
    "method": ["SingleTask", "Static(weights=(1.0, 0.1))", "Projection(lam=0.1)"],
    "steps": 5000,
}
SMOKE = PAPER | {"steps": 10, "lr": 0.01}


def run(config: Config, device: str) -> Result:
    """Descend from one start.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Not used: a point of the plane stays on the CPU.

    Returns
    -------
    result : Result
        The last point, its main loss, and its distances to (1, 0) and to (12/11, 0); no curve.
    """
    make = {"Adam": torch.optim.Adam, "SGD": torch.optim.SGD}[config["optimizer"]]
    rule = RULES[config["method"].partition("(")[0]]
    path = descend(rule, [NAMED[config["start"]]], partial(make, lr=config["lr"]), config["steps"])
    end = path[-1, 0]
    return Result(
        {"x": end[0].item(), "y": end[1].item(), "main_loss": TASKS["circle"](end).item()}
        | {
            f"distance.{name}": (end - end.new_tensor([x, 0])).norm().item()
            for name, x in (("projection", 1), ("multi-task", 12 / 11))
        }
    )


experiment = Experiment(
    name="projection-figure3",
    title="Where three methods end in the plane",
    source="Projection paper, Figure 3",
    presets={"smoke": SMOKE, "laptop": PAPER, "paper": PAPER},
    run=run,
)
