"""The book's recurring figures, one function a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from mtlcore import style
from mtlcore.experiments.summary import interval
from mtlcore.toys import Function


def descents(
    tasks: Mapping[str, Function],
    paths: Mapping[str, Tensor],
    x: tuple[float, float],
    y: tuple[float, float],
) -> Figure:
    """Level lines of every task, and one panel a method with its path through them."""
    figure, axes = plt.subplots(
        1, len(paths), figsize=(6.4, 0.6 + 5.8 / len(paths)), sharex=True, sharey=True, squeeze=False
    )
    for ax, (name, path) in zip(axes[0], paths.items(), strict=True):
        contours(ax, tasks, x, y)
        ax.plot(*path.T, **{**style.line(name), "marker": ""})
        ax.plot(*path[0], "o", color=style.INK)
        ax.plot(*path[-1], "X", markersize=9, color=style.color(name))
        ax.set(title=style.LOOKS[name].label, xlim=x, ylim=y, xlabel="$\\theta_1$")
    axes[0, 0].set_ylabel("$\\theta_2$")
    return figure


def contours(ax: Axes, tasks: Mapping[str, Function], x: tuple[float, float], y: tuple[float, float]) -> None:
    """Level lines of every task, in the tasks' colours."""
    grid = torch.meshgrid(
        torch.linspace(*x, 120, dtype=torch.float64),
        torch.linspace(*y, 120, dtype=torch.float64),
        indexing="xy",
    )
    for i, function in enumerate(tasks.values()):
        values = function(torch.stack(grid, -1))
        levels = torch.quantile(values, torch.linspace(0.1, 0.95, 6, dtype=torch.float64) ** 2)
        ax.contour(*grid, values, levels=levels, colors=style.task_color(i), linewidths=0.8)


def learning_curves(
    curves: pd.DataFrame, value: str, methods: Mapping[str, tuple[str, str]], ax: Axes
) -> None:
    """Mean over seeds of ``value`` by epoch, one line a method with its 95% band.

    ``methods`` maps what the column ``method`` says to (name in the registry, label).
    """
    for method, (name, label) in methods.items():
        rows = curves[(curves["method"] == method) & curves[value].notna()]
        groups = rows.groupby("epoch")[value]
        mean, width = groups.mean(), groups.agg(interval)
        look = {**style.line(name), "marker": "", "label": label}
        if label != style.LOOKS[name].label:
            look["linestyle"] = ":"
        ax.plot(mean.index, mean, **look)
        ax.fill_between(mean.index, mean - width, mean + width, color=look["color"], alpha=0.2, lw=0)
    ax.set_xlabel("epoch")


def grid(rows: Sequence[str], columns: Sequence[str], height: float = 2.1) -> tuple[Figure, dict]:
    """Axes by (row, column), with the columns' names as titles, shared epochs, one figure."""
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(6.4, height * len(rows)), sharex=True, sharey="row", squeeze=False
    )
    named = {(r, c): axes[i, j] for i, r in enumerate(rows) for j, c in enumerate(columns)}
    for j, column in enumerate(columns):
        axes[0, j].set_title(column, fontsize=11)
    for i, row in enumerate(rows):
        axes[i, 0].set_ylabel(row)
    return figure, named
