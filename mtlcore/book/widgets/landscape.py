"""The landscape: stored paths of every method from three starts, with the Pareto front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from typing import Any

import contourpy
import numpy as np
import pandas as pd
import torch
import traitlets

from mtlcore.book import style
from mtlcore.book.style import INK, TASKS
from mtlcore.book.toys import Function
from mtlcore.book.widgets import paths
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still
from mtlcore.book.widgets.plane import Point, svg
from mtlcore.experiments import results
from mtlcore.experiments.gradients import landscape
from mtlcore.experiments.gradients.landscape import NAMES, OPTIMIZERS, STARTS

X, Y = (-11.0, 11.0), (-11.0, 11.0)
SCALE = 16.0
"""Length of one parameter in the picture."""
RATES = (0.01, 0.03, 0.1, 0.3)
LEVELS = (6.0, 11.0, 16.0, 21.0, 25.0)
"""Losses that have a level line."""
NAMED = ((7.0, -8.4), (-7.0, -8.4))
"""Where the tasks' names stand: at their minima."""
NOTE = (
    "3,000 steps from each of three starts (dots), weights on the scale of the mean; one draw of the methods "
    "that draw at random. The paths are those of stored runs, through 22 of their points; outside the "
    "picture they follow its edge. The grey band is the Pareto front. Table: distance of the two losses to "
    "the front at the end; in red from 0.1 on."
)


class Landscape(Widget):
    """Paths of every method on the two valleys of the CAGrad paper, and how far from the front they end.

    Parameters
    ----------
    optimizer : {"Adam", "SGD"}, default "Adam"
        What makes steps of the directions.
    lr : {0.01, 0.03, 0.1, 0.3}, default 0.1
        The learning rate.
    shown : sequence of str, default ("Static", "MGDA", "CAGrad")
        Names of the methods whose paths are on at first.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("ground", "paths", "landscape")
    optimizer = Choice(reversed(OPTIMIZERS))
    lr = Choice(RATES, 0.1)
    shown = traitlets.List(["Static", "MGDA", "CAGrad"]).tag(sync=True)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("shown")
    def _known(self, proposal: Any) -> list[str]:
        for name in proposal["value"]:
            if name not in NAMES:
                raise ValueError(f"no paths of {name!r}; there are {', '.join(NAMES)}")
        return list(proposal["value"])

    def first_frame(self) -> str:
        shown = {name: look_up(name, self.optimizer, self.lr) for name in self.shown}
        lines = "".join(
            f'<path d="{trace(path.tolist())}" fill="none" stroke="{style.look(name).light}" '
            f'stroke-width="2.5"/>'
            for name, found in shown.items()
            for path in found
        )
        starts = "".join(
            '<circle cx="{}" cy="{}" r="5" fill="{}"/>'.format(*place(start), INK)
            for start in STARTS.values()
        )
        rows = [
            [style.label(name), *(_text(value) for value in self.data["away"][self._place(name)])]
            for name in self.shown
        ]
        labels = ", ".join(style.label(name) for name in self.shown)
        alt = (
            f"Paths of {labels} by {self.optimizer} at the rate {self.lr:g} from three starts, "
            "and the Pareto front"
        )
        table = html_table(["distance to the front", *STARTS], rows)
        return still(_draw(lines + starts), alt, table) + f'<p class="mtl-note">{NOTE}</p>'

    def _place(self, name: str) -> int:
        return _settings().index((name, self.optimizer, self.lr))


def place(point: Sequence[float]) -> Point:
    """Where the picture has a point."""
    return round(SCALE * (point[0] - X[0]), 1), round(SCALE * (Y[1] - point[1]), 1)


def trace(points: Iterable[Sequence[float]]) -> str:
    """The line through points, for the attribute ``d`` of a path."""
    return "M" + "L".join("{} {}".format(*place(point)) for point in points)


def look_up(name: str, optimizer: str, lr: float) -> paths.Array:
    """The stored paths of a method from all starts, (starts, steps, 2)."""
    at = NAMES.index(name), list(OPTIMIZERS).index(optimizer), RATES.index(lr)
    return stored()[at] * paths.STEP


def rows(name: str = "landscape") -> pd.DataFrame:
    """The stored rows at the four rates, with the methods' names."""
    found = results(name, "laptop").query("lr in @RATES")
    return found.assign(name=found["method"].str.partition("(")[0])


@cache
def stored() -> paths.Stored:
    """The paths, (methods, optimisers, rates, starts, steps, 2), in units of ``paths.STEP``.

    Points outside the picture are moved to its edge.
    """
    curves = rows("landscape.curves").set_index(["name", "optimizer", "lr"]).sort_index()
    columns = [f"{axis}.{start}" for start in STARTS for axis in "xy"]
    found = np.array([curves.loc[setting].sort_values("step")[columns] for setting in _settings()])
    found = found.clip(*X)
    shape = len(NAMES), len(OPTIMIZERS), len(RATES), found.shape[1], len(STARTS), 2
    return np.round(found.reshape(shape).swapaxes(3, 4) / paths.STEP).astype(np.int16)


def _settings() -> list[tuple[str, str, float]]:
    return [(name, optimizer, lr) for name in NAMES for optimizer in OPTIMIZERS for lr in RATES]


def _text(distance: float) -> str:
    return f"{distance:.2f}" if distance < 10 else f"{distance:.1f}"


def _draw(content: str) -> str:
    """SVG of the level lines and the front with something on them."""
    below = [
        f'<path d="{_lines(task)}" fill="none" stroke="{light}" stroke-width="1"/>'
        '<text x="{}" y="{}" fill="{}" text-anchor="middle">{}</text>'.format(
            place(point)[0], place(point)[1] + 24, light, escape(name)
        )
        for (name, task), point, (light, _) in zip(landscape.TASKS.items(), NAMED, TASKS, strict=False)
    ]
    front = f'<path d="{_front()}" fill="none" stroke="{INK}" stroke-width="6" stroke-opacity=".5"/>'
    side = SCALE * (X[1] - X[0])
    return svg(side, SCALE * (Y[1] - Y[0]), "".join(below) + front + content)


def _front() -> str:
    return trace(landscape.front()[0][::20].tolist())


def _lines(task: Function) -> str:
    across = np.linspace(*X, 70)
    values = task(torch.as_tensor(np.stack(np.meshgrid(across, across), -1))).numpy()
    contours = contourpy.contour_generator(across, across, values)
    found = (line for level in LEVELS for line in contours.lines(level))
    return "".join(trace(np.asarray(line).tolist()) for line in found)


@cache
def _content() -> dict[str, Any]:
    away = rows().set_index(["name", "optimizer", "lr"])[[f"distance.{start}" for start in STARTS]]
    looks = {name: style.look(name) for name in NAMES}
    return {
        "ground": {
            "lines": [_lines(task) for task in landscape.TASKS.values()],
            "names": [[*place(point), name] for name, point in zip(landscape.TASKS, NAMED, strict=True)],
        },
        "front": _front(),
        "paths": paths.packed(stored()),
        "shape": stored().shape,
        "methods": [
            {"name": name, "label": look.label, "colours": [look.light, look.dark], "dash": look.dash}
            for name, look in looks.items()
        ],
        "optimizers": list(OPTIMIZERS),
        "rates": list(RATES),
        "starts": [[name, list(point)] for name, point in STARTS.items()],
        "away": [away.loc[setting].round(3).tolist() for setting in _settings()],
        "near": landscape.NEAR,
        "step": paths.STEP,
        "plane": {"x": X, "y": Y, "scale": SCALE, "tasks": TASKS[:2]},
        "note": NOTE,
        "accent": colours("CAGrad"),
    }
