"""The book's recurring figures, one function a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from sklearn.isotonic import isotonic_regression
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.toys import Function


def descents(
    tasks: Mapping[str, Function],
    paths: Mapping[str, Tensor],
    x: tuple[float, float],
    y: tuple[float, float],
) -> Figure:
    """Draw the level lines of every task, and one panel for each method with its path through them.

    Parameters
    ----------
    tasks : mapping of str to callable
        The losses of the tasks, functions of points (..., 2).
    paths : mapping of str to Tensor
        Points (steps, 2) by method.
    x, y : tuple of float
        Range of the two parameters.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Up to three panels a row; the first one names the tasks.
    """
    count = -(-len(paths) // 3)
    columns = -(-len(paths) // count)
    size = (style.WIDTH, count * (0.6 + 5.2 / columns))
    figure, axes = plt.subplots(count, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    every = torch.cat(list(paths.values()))
    for ax in axes.flat[len(paths) :]:
        ax.remove()
    for ax, (name, path) in zip(axes.flat, paths.items(), strict=False):
        contours(ax, tasks, x, y, avoid=every, names=ax is axes[0, 0])
        ax.plot(*path.T, **{**style.line(name), "marker": ""})
        ax.plot(*path[0], "o", color=style.INK)
        ax.plot(*path[-1], "X", markersize=9, color=style.color(name))
        ax.set(title=style.label(name), xlabel="$\\theta_1$")
    for ax in axes[:, 0]:
        ax.set_ylabel("$\\theta_2$")
    return figure


def contours(
    ax: Axes,
    tasks: Mapping[str, Function],
    x: tuple[float, float],
    y: tuple[float, float],
    avoid: Tensor | None = None,
    names: bool = True,
) -> None:
    """Draw the level lines of every task in its colour, with the task's name on one of them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    tasks : mapping of str to callable
        The losses of the tasks, functions of points (..., 2).
    x, y : tuple of float
        Range of the two parameters.
    avoid : Tensor, optional
        Points (n, 2) that will be drawn, such as a path: the names are far from them.
    names : bool, default True
        Whether to write the names.
    """
    grid = torch.meshgrid(
        torch.linspace(*x, 120, dtype=torch.float64),
        torch.linspace(*y, 120, dtype=torch.float64),
        indexing="xy",
    )
    points = torch.stack(grid, -1)
    values = {name: function(points) for name, function in tasks.items()}
    middles = {name: points.flatten(0, 1)[v.argmin()] for name, v in values.items()}
    ax.set(xlim=x, ylim=y)
    taken = [] if avoid is None else list(avoid.double())
    for i, (name, v) in enumerate(values.items()):
        levels = torch.quantile(v, torch.linspace(0.1, 0.95, 6, dtype=torch.float64) ** 2)
        color = style.task_color(i)
        lines = ax.contour(*grid, v, levels=levels, colors=color, linewidths=1.2)
        if names:
            others = [middle for other, middle in middles.items() if other != name]
            spot = _free_spot(lines, x, y, [*taken, *others])
            lines.clabel(
                fmt=dict.fromkeys(levels.tolist(), name), manual=[spot], colors=color, fontsize=style.FONT
            )
            taken.append(torch.tensor(spot, dtype=torch.float64))


def _free_spot(
    lines: ContourSet, x: tuple[float, float], y: tuple[float, float], taken: Sequence[Tensor]
) -> tuple[float, float]:
    """Point of the level lines that is furthest from what is taken, away from the edges of the panel."""
    low, size = torch.tensor([x[0], y[0]]).double(), torch.tensor([x[1] - x[0], y[1] - y[0]]).double()
    on_lines = torch.cat([torch.from_numpy(path.vertices) for path in lines.get_paths()])
    inside = (((on_lines - low) / size - 0.5).abs() < torch.tensor([0.25, 0.4])).all(dim=1)
    candidates = on_lines[inside] if inside.any() else on_lines
    gaps = torch.cdist(candidates / size, torch.stack(list(taken)) / size) if taken else candidates
    best = candidates[gaps.amin(dim=1).argmax()]
    return best[0].item(), best[1].item()


def label_lines(ax: Axes) -> None:
    """Write every line's label at its end, in its colour, instead of a legend.

    Parameters
    ----------
    ax : Axes
        The panel. Its limits and scales are final.
    """
    lines = [line for line in ax.get_lines() if not str(line.get_label()).startswith("_")]
    if not lines:
        raise ValueError(
            f"the panel '{ax.get_title(loc='left')}' has no line with a label: plot with label=..."
        )
    points = [np.asarray(line.get_xydata()) for line in lines]
    ends = np.array([p[np.isfinite(p).all(axis=1)][-1] for p in points])
    figure = cast(Figure, ax.figure)
    figure.draw_without_rendering()
    height = ax.transData.transform(ends)[:, 1] * 72 / figure.dpi
    order = np.argsort(height)
    room = 1.2 * style.FONT * np.arange(len(lines))
    # The nearest heights that are at least a line of text apart.
    apart = isotonic_regression(height[order] - room) + room
    for i, y in zip(order, apart, strict=True):
        ax.annotate(
            lines[i].get_label(),
            ends[i],
            xytext=(7, y - height[i]),
            textcoords="offset points",
            color=lines[i].get_color(),
            verticalalignment="center",
        )


def learning_curves(curves: pd.DataFrame, value: str, methods: Mapping[str, str], ax: Axes) -> None:
    """Draw a number by epoch, a thin line for each seed and a thick one for their mean.

    Parameters
    ----------
    curves : DataFrame
        Rows with the columns ``method``, ``seed``, ``epoch`` and the number's.
    value : str
        Column of the number.
    methods : dict from str to str
        Canonical text of each method that is drawn, and its line style, such as ``"--"``.
    ax : Axes
        Where to draw.
    """
    for method, dash in methods.items():
        rows = curves[(curves["method"] == method) & curves[value].notna()]
        seeds = rows.pivot(index="epoch", columns="seed", values=value)
        color = style.color(method)
        ax.plot(seeds.index, seeds, dash, color=color, linewidth=0.5)
        ax.plot(seeds.index, seeds.mean(axis=1), dash, color=color, label=style.label(method))


def costs(rows: pd.DataFrame, steps: Mapping[str, str], axis: str, value: str = "ratio") -> Figure:
    """Draw what steps cost, on logarithmic axes: one line for each step, with its label at the end.

    Parameters
    ----------
    rows : DataFrame
        Columns ``method``, ``axis`` and ``value``.
    steps : mapping of str to str
        Labels by name of the step (see :func:`mtlcore.bench.make_step`).
    axis : str
        Column on the horizontal axis.
    value : str, default "ratio"
        Column on the vertical axis.

    Returns
    -------
    figure : matplotlib.figure.Figure
        One panel.
    """
    figure, ax = plt.subplots()
    for name, label in steps.items():
        line = rows[rows["method"] == name].sort_values(axis)
        ax.plot(line[axis], line[value], **{**_step_look(name), "label": label})
    ax.set(xscale="log", yscale="log", xlabel=axis)
    ax.set_xticks(sorted(rows[axis].unique()), labels=[f"{x:,}" for x in sorted(rows[axis].unique())])
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    label_lines(ax)
    return figure


def _step_look(name: str) -> dict[str, Any]:
    """A step's colour, dash and marker: its method's, hollow where it looks at features; ink for the rest."""
    method = name.partition("(")[0]
    if method not in style.LOOKS:
        return {"color": style.INK, "linestyle": ":", "marker": "x", "markeredgewidth": 1.5}
    look = style.line(method)
    return look | ({"markerfacecolor": "none", "markeredgewidth": 1.5} if "level='features'" in name else {})


def two_ways() -> Figure:
    """Four sample losses on their way back to the parameters, and a change on its way to all four."""
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 2.6))
    for ax, title in zip(axes, ("backward: a pass a loss", "forward mode: one pass"), strict=True):
        ax.set(title=title, xlim=(-0.3, 3.3), ylim=(-0.4, 3.4))
        ax.axis("off")
        for x, label in ((0, "$\\theta$"), (1.2, "$z$")):
            ax.text(x, 1.5, label, fontsize=15, ha="center", va="center")
        for i in range(4):
            ax.text(3, i, f"$L_{4 - i}$", fontsize=13, ha="center", va="center")
    back, front = (
        {"arrowstyle": "->", "linewidth": 1.6, "color": style.color(name)} for name in ("PCGrad", "SLGrad")
    )
    for i in range(4):
        y = 1.5 + 0.2 * (i - 1.5)
        bend = {"connectionstyle": f"arc3,rad={0.13 * (i - 1.5):.3f}"}
        axes[0].annotate("", (1.4, y), (2.7, i), arrowprops=back)
        axes[0].annotate("", (0.2, y), (1.0, y), arrowprops=back | bend)
        axes[1].annotate("", (2.7, i), (1.4, (y + 1.5) / 2), arrowprops=front)
    axes[1].annotate("", (1.0, 1.5), (0.2, 1.5), arrowprops=front | {"linewidth": 3})
    axes[1].text(0.6, 1.75, "$v$", color=style.color("SLGrad"), fontsize=13, ha="center")
    axes[1].text(0.6, 1.2, "value and\nchange", ha="center", va="top")
    return figure


def grid(rows: Sequence[str], columns: Sequence[str], height: float = 2.1) -> tuple[Figure, dict]:
    """Make a grid of panels that share the axis of the epochs.

    Parameters
    ----------
    rows : sequence of str
        Labels of the rows; the panels of a row share their vertical axis.
    columns : sequence of str
        Titles of the columns.
    height : float, default 2.1
        Height of a row, in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    axes : dict
        Axes by (row, column).
    """
    figure, axes = plt.subplots(
        len(rows),
        len(columns),
        figsize=(style.WIDTH, height * len(rows)),
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for ax, column in zip(axes[0], columns, strict=True):
        ax.set_title(column)
    for ax, row in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(row)
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    return figure, {(r, c): axes[i, j] for i, r in enumerate(rows) for j, c in enumerate(columns)}


def forest(gaps: pd.DataFrame, label: str) -> Figure:
    """Draw means with their intervals, a row for each method and a panel for each data set.

    Parameters
    ----------
    gaps : DataFrame
        Columns ``mean`` and ``interval`` (half-width), indexed by data set and canonical text of the method.
    label : str
        What the numbers are, with their unit.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Panels one below the other, each ordered by the means; a line marks zero.
    """
    panels = dict(list(gaps.groupby(level=0, sort=False)))
    heights = [len(part) + 1 for part in panels.values()]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(style.WIDTH, 0.25 * sum(heights) + 0.5), height_ratios=heights, squeeze=False
    )
    for ax, (title, part) in zip(axes[:, 0], panels.items(), strict=True):
        part = part.droplevel(0).sort_values("mean")
        for y, (method, gap) in enumerate(part.iterrows()):
            ax.errorbar(gap["mean"], y, xerr=gap["interval"], fmt="o", color=style.color(str(method)))
        ax.set_yticks(range(len(part)), [style.label(method) for method in part.index])
        ax.set(ylim=(-0.7, len(part) - 0.3), title=title)
        ax.axvline(0, color=style.INK, linewidth=1)
    axes[-1, 0].set_xlabel(label)
    return figure
