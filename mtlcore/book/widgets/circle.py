"""The circle: paths of the Projection paper's problem in the plane, from any start."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import traitlets

from mtlcore.book import style
from mtlcore.book.style import TASKS
from mtlcore.book.widgets import ground, paths
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still
from mtlcore.experiments.projection import figure3 as circle

FILE = Path(__file__).with_name("circle.npz")
ACROSS, UP = np.linspace(-1.9, 1.9, 20).round(1), np.linspace(-1.1, 2.1, 17).round(1)
"""Coordinates of the starts."""
KEPT = np.array(
    [0, 5, 10, 15, 20, 30, 40, 50, 65, 80, 100, 130, 170, 220, 300, 400, 600, 900, 1400, 2500, 5000]
)
"""The steps at which a path is kept."""
LABELS = {"SingleTask": "Single task", "Static": "Multi-task", "Projection": "Projection"}
MINIMA = ((0.0, -1.0), (2.0, 0.0))
"""Where the names of the losses stand."""
NOTE = (
    "5,000 steps with λ = 0.1 and the learning rate 0.01. The paths were computed before, so the start moves "
    "to the nearest of 340 points; they are drawn through 21 of their points. The main loss is the squared "
    "distance to the unit circle, the auxiliary one that to (2, 0)."
)


class Circle(Widget):
    """Paths to the unit circle with a pull towards (2, 0), under three methods.

    Parameters
    ----------
    start : sequence of float, default (0.1, 1.9)
        The first point. It moves to the nearest point of the grid.
    optimizer : {"Adam", "SGD"}, default "Adam"
        What makes steps of the directions.

    Raises
    ------
    ValueError
        If the optimiser is another, or the start lies outside the grid.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("ground", "paths", "circle")
    start = traitlets.List([0.1, 1.9]).tag(sync=True)
    optimizer = Choice(circle.OPTIMIZERS)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("start")
    def _on_grid(self, proposal: Any) -> list[float]:
        start = proposal["value"]
        if len(start) != 2 or not all(
            nodes[0] <= value <= nodes[-1] for value, nodes in zip(start, (ACROSS, UP), strict=True)
        ):
            raise ValueError(
                f"start is a point with x from {ACROSS[0]} to {ACROSS[-1]} and y from {UP[0]} to {UP[-1]}, "
                f"not {start}"
            )
        grid = zip(start, (ACROSS, UP), strict=True)
        return [float(nodes[np.abs(nodes - value).argmin()]) for value, nodes in grid]

    def first_frame(self) -> str:
        shown = {rule: look_up(rule, self.optimizer, self.start) for rule in circle.RULES}
        lines = "".join(
            f'<path d="{ground.trace(points.tolist())}" fill="none" stroke="{style.look(rule).light}" '
            f'stroke-width="2.5"/>'
            for rule, points in shown.items()
        )
        x, y = ground.place(self.start)
        knob = f'<circle cx="{x}" cy="{y}" r="8" fill="{style.INK}"/>'
        rows = [
            [LABELS[rule], f"({p[0]:.2f}, {p[1]:.2f})", f"{main_loss(p):.4f}"]
            for rule, p in ((rule, points[-1]) for rule, points in shown.items())
        ]
        alt = f"Paths of single task, multi-task and Projection by {self.optimizer} from one start"
        table = html_table(["method", "ends at", "main loss"], rows)
        picture = ground.draw(self.data["ground"], lines + knob)
        return still(picture, alt, table) + f'<p class="mtl-note">{NOTE}</p>'


def main_loss(point: Sequence[float]) -> float:
    """The main loss at a point."""
    return float(circle.TASKS["circle"](torch.as_tensor(point, dtype=torch.float64)))


@cache
def stored() -> paths.Stored:
    """The paths, (rules, optimisers, starts up, starts across, steps, 2), in units of ``paths.STEP``."""
    with np.load(FILE) as file:
        return file["paths"]


def look_up(rule: str, optimizer: str, start: Sequence[float]) -> paths.Array:
    """The stored path of a start on the grid."""
    place = UP.tolist().index(start[1]), ACROSS.tolist().index(start[0])
    which = list(circle.RULES).index(rule), list(circle.OPTIMIZERS).index(optimizer)
    return stored()[which][place] * paths.STEP


def compute() -> paths.Stored:
    """Compute all paths."""
    starts = [(x, y) for y in UP for x in ACROSS]
    found = [
        [circle.descend(rule, starts, optimizer)[KEPT].numpy() for optimizer in circle.OPTIMIZERS.values()]
        for rule in circle.RULES.values()
    ]
    by_start = np.array(found).transpose(0, 1, 3, 2, 4)
    shape = (*by_start.shape[:2], len(UP), len(ACROSS), *by_start.shape[3:])
    return np.round(by_start.reshape(shape) / paths.STEP).astype(np.int16)


@cache
def _content() -> dict[str, Any]:
    return {
        "ground": ground.content(circle.TASKS, MINIMA),
        "paths": paths.packed(stored()),
        "shape": stored().shape,
        "rules": [
            {"name": rule, "label": LABELS[rule], "colours": colours(rule), "dash": style.look(rule).dash}
            for rule in circle.RULES
        ],
        "optimizers": list(circle.OPTIMIZERS),
        "across": ACROSS.tolist(),
        "up": UP.tolist(),
        "step": paths.STEP,
        "plane": {"x": ground.X, "y": ground.Y, "scale": ground.SCALE, "tasks": TASKS[:2]},
        "note": NOTE,
        "accent": colours("Static"),
    }


if __name__ == "__main__":
    np.savez_compressed(FILE, paths=compute())
