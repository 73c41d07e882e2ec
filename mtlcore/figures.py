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
    curves: pd.DataFrame, value: str, methods: Mapping[str, tuple[str, str, str]], ax: Axes
) -> None:
    """``value`` by epoch: a thin line a seed, a thick one for the mean over seeds, for each method.

    ``methods`` maps what the column ``method`` says to (name in the registry, label, line style).
    """
    for method, (name, label, dash) in methods.items():
        rows = curves[(curves["method"] == method) & curves[value].notna()]
        seeds = rows.pivot(index="epoch", columns="seed", values=value)
        color = style.color(name)
        ax.plot(seeds.index, seeds, dash, color=color, linewidth=0.7, alpha=0.5)
        ax.plot(seeds.index, seeds.mean(axis=1), dash, color=color, label=label)


def grid(rows: Sequence[str], columns: Sequence[str], height: float = 2.1) -> tuple[Figure, dict]:
    """Axes by (row, column), with the columns' names as titles and shared epochs, in one figure."""
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(6.4, height * len(rows)), sharex=True, sharey="row", squeeze=False
    )
    for ax, column in zip(axes[0], columns, strict=True):
        ax.set_title(column)
    for ax, row in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(row)
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    return figure, {(r, c): axes[i, j] for i, r in enumerate(rows) for j, c in enumerate(columns)}
