"""One loss under learned uncertainty, step by step: the weight grows, overshoots, and collapses."""

from __future__ import annotations

from functools import cache
from math import ceil, floor, log10
from typing import Any

import torch

from mtlcore.book import style
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.methods import UW

FLOORS = (0.0, 0.01, 0.1)
STEPS, LR, CURVATURE, START = 300, 0.1, 1.0, 1.0
BORDER = 2 / (LR * CURVATURE)
"""Largest weight with which a step gets nearer to the minimum."""
STEP_TICKS = {float(step): str(step) for step in range(0, STEPS + 1, 100)}


class Rebound(Widget):
    """One loss, its parameter and its weight under :class:`mtlcore.UW`, played step by step.

    The loss is a bowl of one parameter above a floor. Parameter and scale learn together, by plain gradient
    descent. Where the weight passes 2 / (learning rate x curvature), steps lead away from the minimum.

    Parameters
    ----------
    floor : {0, 0.01, 0.1}, default 0
        The least value of the loss.
    step : int, default 80
        The step that is shown, from 0 to 300.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "player", "rebound")
    floor = Choice(FLOORS)
    step = Number(0, STEPS, 80)

    def content(self) -> dict[str, Any]:
        return _content()

    def first_frame(self) -> str:
        run = self.data["runs"][FLOORS.index(self.floor)]
        ticks = dict(run["weightTicks"])
        limit = [(0, BORDER), (STEPS, BORDER)]
        lines = [(style.color("UW"), list(enumerate(run["weight"]))), (style.INK, limit)]
        picture = chart.draw(lines, STEP_TICKS, ticks, ("step", "weight"), logarithmic=True)
        alt = (
            f"The weight of UW over {STEPS} steps on a loss with floor {self.floor:g}, and the weight above "
            f"which steps lead away from the minimum, {BORDER:g}"
        )
        numbers = [f"{run[name][self.step]:.2g}" for name in ("theta", "loss", "weight")]
        table = html_table(["step", "parameter θ", "loss L", "weight w"], [[str(self.step), *numbers]])
        return still(picture, alt, table)


def simulate(floor: float) -> dict[str, list[float]]:
    """Parameter, loss and weight from the start to after the last step."""
    theta = torch.tensor([START], dtype=torch.float64, requires_grad=True)
    uw = UW()
    descent = torch.optim.SGD([theta, *uw.learnable()], lr=LR)
    seen: dict[str, list[float]] = {"theta": [], "loss": [], "weight": []}
    for _ in range(STEPS + 1):
        descent.zero_grad()
        loss = floor + CURVATURE / 2 * theta**2
        weight = uw.weights(loss.detach())
        for values, value in zip(seen.values(), (theta, loss, weight), strict=True):
            values.append(value.item())
        (weight @ loss).backward()
        uw.objective(loss.detach()).backward()
        descent.step()
    return seen


@cache
def _content() -> dict[str, Any]:
    return {
        "runs": [_run(floor) for floor in FLOORS],
        "floors": [[value, f"{value:g}"] for value in FLOORS],
        "stepTicks": list(STEP_TICKS.items()),
        "border": BORDER,
        "curvature": CURVATURE,
        "accent": colours("UW"),
    }


def _run(level: float) -> dict[str, Any]:
    """The three series with four digits, and ticks whose ends are beyond every value."""
    seen = {name: [float(f"{v:.4g}") for v in values] for name, values in simulate(level).items()}
    side = ceil(max(map(abs, seen["theta"])) / 2) * 2
    height = CURVATURE / 2 * side**2 + level
    top = next(t for t in (4, 10, 20, 40, 80) if t >= height)
    return {
        **seen,
        "thetaTicks": [[t, f"{t:g}".replace("-", "−")] for t in (-side, -side / 2, 0, side / 2, side)],
        "bowlTicks": [[t, f"{t:g}"] for t in (0, top / 2, top)],
        "lossTicks": _decades(seen["loss"]),
        "weightTicks": _decades([*seen["weight"], BORDER]),
    }


def _decades(values: list[float]) -> list[tuple[float, str]]:
    """Three to six powers of ten, equally far apart, from below the least value to above the largest."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    high = max(high, low + 2)
    gap = max(1, ceil((high - low) / 5))
    return [(10.0**k, _power(k)) for k in range(high - gap * ceil((high - low) / gap), high + 1, gap)]


def _power(exponent: int) -> str:
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
