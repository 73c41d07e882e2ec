"""The descent: paths of gradient descent under several methods, from any start and in any unit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
import traitlets
from numpy.polynomial.polynomial import polyval2d

from mtlcore.book import style
from mtlcore.book.style import TASKS
from mtlcore.book.widgets import explorer, ground, paths
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still

Where = Literal["bowls", "valley"]
MINIMA: dict[str, Sequence[tuple[float, float]]] = {
    "bowls": ((-1.0, 0.0), (1.0, 0.0)),
    "valley": ((-1.0, -0.1), (1.0, -0.1)),
}
NOTE = (
    "All paths have the same learning rate and weights on the scale of the mean. They were computed before, "
    "by the methods themselves, so the start moves to the nearest of 99 points. Losses are those at the end, "
    "above their minimum, both in a unit of 1. A step goes against d, so the arrows are −g₁, −g₂ and −d; the "
    "longest always has the same length."
)


class Descent(Widget):
    """Paths of descent on two tasks of two parameters, one for each method, and the gradients along a path.

    Every path is computed by :func:`mtlcore.book.toys.descend` with the methods themselves, for each start of
    a grid and each unit of the first task. Weights are on the scale of the mean.

    Parameters
    ----------
    problem : {"bowls", "valley"}, default "bowls"
        The losses: two quadratics with minima in different places, or two minima in one curved valley.
    start : sequence of float, default (0.4, 1.8)
        The first point. It moves to the nearest point of the grid.
    unit : {1, 3, 8, 20}, default 8
        Factor of the first task's loss.
    shown : sequence of str, default ("Static", "SLAW", "PCGrad")
        Names of the methods whose paths are on at first.
    arrows : str, default "PCGrad"
        The method along whose path the gradients are shown.
    at : int, default 4
        The point of that path, from 0 to 15: its place in the list of the steps that are kept.

    Raises
    ------
    ValueError
        If an argument has another value, or the start lies outside the picture.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "ground", "paths", "descent")
    problem = Choice(paths.PROBLEMS)
    start = traitlets.List([0.4, 1.8]).tag(sync=True)
    unit = Choice(paths.UNITS, 8.0)
    shown = traitlets.List(["Static", "SLAW", "PCGrad"]).tag(sync=True)
    arrows = Choice(paths.SHOWN, "PCGrad")
    at = Number(0, len(paths.KEPT) - 2, 4)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("start")
    def _on_grid(self, proposal: Any) -> list[float]:
        start = proposal["value"]
        if len(start) != 2 or not all(
            low <= value <= high for value, (low, high) in zip(start, (ground.X, ground.Y), strict=True)
        ):
            raise ValueError(f"start is a point with x in {ground.X} and y in {ground.Y}, not {start}")
        grid = zip(start, (paths.ACROSS, paths.UP), strict=True)
        return [float(nodes[np.abs(nodes - value).argmin()]) for value, nodes in grid]

    @traitlets.validate("shown")
    def _known(self, proposal: Any) -> list[str]:
        for name in proposal["value"]:
            if name not in paths.SHOWN:
                raise ValueError(f"no paths of {name!r}; there are {', '.join(paths.SHOWN)}")
        return list(proposal["value"])

    def first_frame(self) -> str:
        shown = {name: paths.look_up(self.problem, name, self.unit, self.start) for name in self.shown}
        looks = {name: style.look(name) for name in shown}
        lines = "".join(
            f'<path d="{ground.trace(points.tolist())}" fill="none" stroke="{looks[name].light}" '
            f'stroke-width="2.5"/>{_end(points[-1].tolist(), looks[name])}'
            for name, points in shown.items()
        )
        x, y = ground.place(self.start)
        start = f'<circle cx="{x}" cy="{y}" r="8" fill="{style.INK}"/>'
        picture = ground.draw(self.data["problems"][self.problem]["ground"], lines + start)
        labels = ", ".join(look.label for look in looks.values())
        alt = (
            f"Paths of descent by {labels} on {paths.PROBLEMS[self.problem].label} from one start, "
            f"the first task in a unit {self.unit:g} times smaller"
        )
        rows = [
            [looks[name].label, *(f"{loss:.2f}" for loss in losses(self.problem, points[-1]))]
            for name, points in shown.items()
        ]
        return (
            still(picture, alt, html_table(["loss at the end", "task 1", "task 2"], rows))
            + f'<p class="mtl-note">{NOTE}</p>'
        )


def losses(problem: str, point: Any) -> list[float]:
    """Losses of the tasks at a point, above their minimum and in a unit of 1."""
    x, y = point
    return [float(polyval2d(x, y, c)) - paths.FLOOR for c in paths.polynomials(problem)]


def _end(point: Sequence[float], look: style.Look) -> str:
    x, y = ground.place(point)
    return (
        f'<circle cx="{x}" cy="{y}" r="5" fill="{look.light}"/>'
        f'<text x="{x + 9}" y="{y + 4}" fill="{look.light}">{look.label}</text>'
    )


@cache
def _content() -> dict[str, Any]:
    problems = {
        name: {
            "label": problem.label,
            "ground": ground.content(problem.losses(1.0), MINIMA[name]),
            "polynomials": paths.polynomials(name).tolist(),
            "lr": problem.lr,
            "steps": problem.steps.tolist(),
            "paths": paths.packed(paths.stored()[name]),
        }
        for name, problem in paths.PROBLEMS.items()
    }
    looks = {name: style.look(name) for name in paths.SHOWN}
    return {
        "problems": problems,
        "methods": [
            {"name": name, "label": look.label, "colours": [look.light, look.dark], "dash": look.dash}
            for name, look in looks.items()
        ],
        "units": list(paths.UNITS),
        "across": paths.ACROSS.tolist(),
        "up": paths.UP.tolist(),
        "step": paths.STEP,
        "floor": paths.FLOOR,
        "plane": {"x": ground.X, "y": ground.Y, "scale": ground.SCALE, "tasks": TASKS[:2]},
        "note": NOTE,
        "widest": explorer.LONGEST / explorer.SHORTEST,
        "accent": colours("Static"),
    }
