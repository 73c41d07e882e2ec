"""A loss on a ball of parameters: its histogram, and its deviation beside the norm of its gradient."""

from __future__ import annotations

from functools import cache
from math import log10, sqrt
from typing import Any, Literal

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still

Loss = Literal["linear", "quadratic", "minimum"]
LOSSES: dict[Loss, str] = {
    "linear": "linear",
    "quadratic": "quadratic",
    "minimum": "quadratic, at its minimum",
}
GRADIENT, HESSIAN = (0.8, 0.6), ((5.0, 1.0), (1.0, 2.0))
RADII = (0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
POINTS, BINS = 512, 40
RANGE = (-1.0, 4.0)
"""What the histogram covers, of the change of the loss divided by the radius."""
SIDE = 1.2
"""Half the side of the picture of the plane."""
RADIUS_TICKS = {radius: f"{radius:g}" for radius in (0.03, 0.1, 0.3, 1.0)}
NORM_TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1", 1.5: "1.5", 2.0: "2"}
LEVELS = 0.25
"""Distance of the values that level lines are drawn for."""


class Ball(Widget):
    """The values of a loss on a ball of two parameters, and what their deviation says of the gradient.

    The deviation on a uniform ball of radius r, times the square root of D + 2, divided by r, nears the norm
    of the gradient at the centre as the ball shrinks (D parameters; here 2). SLAW rests on that.

    Parameters
    ----------
    loss : {"linear", "quadratic", "minimum"}, default "quadratic"
        The loss around the centre: linear; quadratic with the same gradient; quadratic without a gradient.
    radius : {0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1}, default 1
        Radius of the ball.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "ball")
    loss = Choice(LOSSES, "quadratic")
    radius = Choice(RADII, 1.0)

    def content(self) -> dict[str, Any]:
        return _content()

    def first_frame(self) -> str:
        shown = self.data["losses"][list(LOSSES).index(self.loss)]
        curve = [(log10(r), v) for r, v in zip(RADII, shown["exact"], strict=True)]
        ends = log10(RADII[0]), log10(RADII[-1])
        lines = [
            (style.color("SLAW"), curve),
            (style.INK, [(end, shown["norm"]) for end in ends]),
        ]
        ticks = {log10(radius): text for radius, text in RADIUS_TICKS.items()}
        picture = chart.draw(lines, ticks, NORM_TICKS, ("radius δ of the ball", "scaled deviation"))
        alt = (
            f"Scaled deviation of a loss ({LOSSES[self.loss]}) on a ball against its radius, and the norm of "
            "its gradient at the centre"
        )
        at = RADII.index(self.radius)
        numbers = [shown["sampled"][at], shown["exact"][at], shown["norm"]]
        table = html_table(
            ["radius δ", f"scaled deviation of {POINTS} points", "exact", "norm ‖g‖"],
            [[f"{self.radius:g}", *(f"{value:.3f}" for value in numbers)]],
        )
        return still(picture, alt, table)


def derivatives(loss: Loss) -> tuple[Tensor, Tensor]:
    """Gradient (2,) and Hessian (2, 2) of a loss at the centre of the ball."""
    g, A = torch.tensor(GRADIENT, dtype=torch.float64), torch.tensor(HESSIAN, dtype=torch.float64)
    return g * (loss != "minimum"), A * (loss != "linear")


def values(loss: Loss, points: Tensor) -> Tensor:
    """Change of a loss from the centre to points (..., 2)."""
    g, A = derivatives(loss)
    return points @ g + (points @ A * points).sum(-1) / 2


def deviation(loss: Loss, radius: float) -> float:
    """Exact standard deviation of a loss on the uniform ball."""
    g, A = derivatives(loss)
    D, trace = len(g), A.trace()
    bend = (2 * (A * A).sum() + trace**2) / ((D + 2) * (D + 4)) - (trace / (D + 2)) ** 2
    return float((radius**2 / (D + 2) * (g @ g) + radius**4 / 4 * bend).sqrt())


def cloud() -> Tensor:
    """Points spread evenly over the ball of radius 1, (points, 2): a scrambled Sobol sequence."""
    square = torch.quasirandom.SobolEngine(2, scramble=True, seed=0).draw(POINTS, dtype=torch.float64)
    length, turn = square[:, 0].sqrt(), 2 * torch.pi * square[:, 1]
    return torch.stack([length * turn.cos(), length * turn.sin()], 1).round(decimals=3)


@cache
def _content() -> dict[str, Any]:
    return {
        "points": cloud().tolist(),
        "losses": [_tabulate(name) for name in LOSSES],
        "radii": list(RADII),
        "range": list(RANGE),
        "side": SIDE,
        "levels": LEVELS,
        "radiusTicks": list(RADIUS_TICKS.items()),
        "normTicks": list(NORM_TICKS.items()),
        "accent": colours("SLAW"),
    }


def _tabulate(loss: Loss) -> dict[str, Any]:
    points, scale = cloud(), sqrt(len(GRADIENT) + 2)
    g, _ = derivatives(loss)
    changes = [values(loss, radius * points).numpy() / radius for radius in RADII]
    return {
        "name": loss,
        "label": LOSSES[loss],
        "gradient": g.tolist(),
        "norm": float(g.norm()),
        "mean": [round(float(change.mean()), 4) for change in changes],
        "deviation": [float(f"{radius * c.std():.3g}") for radius, c in zip(RADII, changes, strict=True)],
        "sampled": [round(scale * float(change.std()), 4) for change in changes],
        "exact": [round(scale * deviation(loss, radius) / radius, 4) for radius in RADII],
        "shares": [(np.histogram(c, BINS, RANGE)[0] / POINTS).round(4).tolist() for c in changes],
        "lines": _lines(loss),
    }


def _lines(loss: Loss) -> list[list[list[float]]]:
    """Level lines in the picture of the plane, as lists of points."""
    axis = torch.linspace(-SIDE, SIDE, 41, dtype=torch.float64)
    heights = values(loss, torch.cartesian_prod(axis, axis)).view(41, 41).T.numpy()
    levels = np.arange(np.ceil(heights.min() / LEVELS), heights.max() / LEVELS) * LEVELS
    found = Figure().subplots().contour(axis.numpy(), axis.numpy(), heights, levels).allsegs
    return [line.round(3).tolist() for level in found for line in level]
