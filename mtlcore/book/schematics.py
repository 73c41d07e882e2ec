"""Schematic pictures of networks."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtlcore.book import style

SIZE = (0.84, 0.52)
"""Width and height of a box."""
COLUMNS = (-0.75, 0.75)
"""Where the two tasks' columns stand."""
SHARED = "shared"


def sharing() -> Figure:
    """Draw four ways to share three layers between two tasks; grey is what both losses depend on.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Hard sharing, cross-stitch, MTAN and NDDR-CNN. The first row is the input.
    """
    figure, axes = plt.subplots(2, 2, figsize=(style.WIDTH, 6.2))
    titles = ("hard sharing", "cross-stitch", "MTAN", "NDDR-CNN")
    parts = (_hard, _stitched, _attending, _reduced)
    for ax, title, draw in zip(axes.flat, titles, parts, strict=True):
        ax.set(title=title, xlim=(-2.3, 2.3), ylim=(-0.4, 5.0))
        ax.axis("off")
        ax.text(0, 0, "input", ha="center", va="center")
        draw(ax)
    return figure


def _hard(ax: Axes) -> None:
    _arrow(ax, (0, 0), (0, 1.1))
    for layer in (1, 2, 3):
        _box(ax, 0, 1.1 * layer, str(layer), SHARED)
        if layer < 3:
            _arrow(ax, (0, 1.1 * layer), (0, 1.1 * layer + 1.1))
    for task, x in enumerate(COLUMNS):
        _arrow(ax, (0, 3.3), (x, 4.4))
        _box(ax, x, 4.4, "head", task)


def _stitched(ax: Axes) -> None:
    _columns(ax)
    for layer in (1, 2):
        for x in COLUMNS:
            _arrow(ax, (x, 1.1 * layer), (-x, 1.1 * layer + 1.1))


def _reduced(ax: Axes) -> None:
    _columns(ax, mixed=False)
    for layer in (1, 2):
        low, middle, high = (1.1 * layer + part for part in (SIZE[1] / 2, 0.52, 1.1))
        for x in COLUMNS:
            for source in COLUMNS:
                ax.plot([source, x], [low, middle], color=style.INK, linewidth=1.3)
            _arrow(ax, (x, middle - SIZE[1] / 2), (x, high))
            ax.plot(x, middle, "s", color=style.INK, markersize=9)


def _attending(ax: Axes) -> None:
    _arrow(ax, (0, 0), (0, 1.1))
    for layer in (1, 2, 3):
        y = 1.1 * layer
        _box(ax, 0, y, str(layer), SHARED)
        if layer < 3:
            _arrow(ax, (0, y), (0, y + 1.1))
        for task, side in enumerate((-1.55, 1.55)):
            _arrow(ax, (0, y), (side, y), across=True)
            _arrow(ax, (side, y), (side, y + 1.1))
            _box(ax, side, y, "mask", task)
    for task, side in enumerate((-1.55, 1.55)):
        _box(ax, side, 4.4, "head", task)


def _columns(ax: Axes, mixed: bool = True) -> None:
    """A network for each task; behind the last mixing a layer belongs to its task alone."""
    for task, x in enumerate(COLUMNS):
        _arrow(ax, (0, 0), (x, 1.1))
        for layer in (1, 2, 3):
            _box(ax, x, 1.1 * layer, str(layer), SHARED if layer < 3 else task)
            if mixed or layer == 3:
                _arrow(ax, (x, 1.1 * layer), (x, 1.1 * layer + 1.1))
        _box(ax, x, 4.4, "head", task)


def _box(ax: Axes, x: float, y: float, label: str, owner: str | int) -> None:
    color = style.INK if isinstance(owner, str) else style.task_color(owner)
    width, height = SIZE
    corner = (x - width / 2, y - height / 2)
    ax.add_patch(plt.Rectangle(corner, width, height, facecolor="none", edgecolor=color, linewidth=2))
    ax.text(x, y, label, ha="center", va="center")


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], across: bool = False) -> None:
    """An arrow from the edge of one box to the edge of another, upwards or across."""
    dx, dy = (SIZE[0] / 2, 0) if across else (0, SIZE[1] / 2)
    dx = dx if end[0] > start[0] else -dx
    tail, tip = (start[0] + dx, start[1] + dy), (end[0] - dx, end[1] - dy)
    ax.annotate("", tip, tail, arrowprops={"arrowstyle": "->", "color": style.INK, "linewidth": 1.3})
