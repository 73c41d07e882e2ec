"""The plane of two parameters with the level lines of two tasks: the ground on which a descent is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import contourpy
import numpy as np
import torch

from mtlcore.book.style import INK, TASKS
from mtlcore.book.toys import Function
from mtlcore.book.widgets.plane import Point, svg

X, Y = (-2.0, 2.0), (-1.2, 2.2)
SCALE = 85.0
"""Length of one parameter in the picture."""
WIDTH, HEIGHT = SCALE * (X[1] - X[0]), SCALE * (Y[1] - Y[0])
LEVELS = np.linspace(0.1, 0.95, 6) ** 2
"""Shares of the plane inside a level line."""


def content(tasks: Mapping[str, Function], minima: Sequence[Point]) -> dict[str, Any]:
    """What a page needs to draw the ground: level lines, and the tasks' names at their minima."""
    return {
        "lines": [_lines(task) for task in tasks.values()],
        "names": [[*place(point), name] for name, point in zip(tasks, minima, strict=True)],
    }


def place(point: Sequence[float]) -> Point:
    """Where the picture has a point."""
    return round(SCALE * (point[0] - X[0]), 1), round(SCALE * (Y[1] - point[1]), 1)


def trace(points: Iterable[Sequence[float]]) -> str:
    """The line through points, for the attribute ``d`` of a path."""
    return "M" + "L".join("{} {}".format(*place(point)) for point in points)


def draw(ground: Mapping[str, Any], content: str) -> str:
    """SVG of the ground with something on it."""
    pairs = zip(ground["lines"], ground["names"], TASKS, strict=False)
    below = [
        f'<path d="{lines}" fill="none" stroke="{light}" stroke-width="1.2"/>'
        f'<text x="{x}" y="{y + 18}" fill="{light}" text-anchor="middle">{escape(name)}</text>'
        for lines, (x, y, name), (light, _) in pairs
    ]
    frame = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="{INK}" stroke-opacity=".4"/>'
    return svg(WIDTH, HEIGHT, "".join(below) + frame + content)


def _lines(task: Function) -> str:
    across, up = np.linspace(*X, 60), np.linspace(*Y, 51)
    values = task(torch.as_tensor(np.stack(np.meshgrid(across, up), -1))).numpy()
    contours = contourpy.contour_generator(across, up, values)
    found = (line for level in np.quantile(values, LEVELS) for line in contours.lines(float(level)))
    return "".join(trace(np.asarray(line).tolist()) for line in found)
