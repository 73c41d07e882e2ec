"""The simplex of random weights: what the five distributions draw, and how much noise that is."""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import torch
from torch import Tensor

from mtlcore.book.style import INK
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.book.widgets.plane import svg
from mtlcore.methods.losses.rlw import DISTRIBUTIONS, Distribution, draw

TASKS = (2, 3, 5, 10, 40)
DRAWS, SIMULATED = 400, 50_000
BINS, WIDEST = 32, 4.0
LABELS: dict[Distribution, str] = {
    "uniform": "Uniform",
    "normal": "Normal",
    "dirichlet": "Dirichlet",
    "bernoulli": "Bernoulli",
    "c-bernoulli": "c-Bernoulli",
}
SIDE, MARGIN = 260.0, 30.0
HEIGHT = SIDE * 3**0.5 / 2


class Simplex(Widget):
    """Draws of the random weights of three tasks, their mean, their noise, and one weight's histogram.

    The draws are those of ``mtlcore.methods.losses.rlw.draw`` with a fixed generator.

    Parameters
    ----------
    distribution : str, default "normal"
        One of the five distributions of :class:`mtlcore.RLW`.
    tasks : {2, 3, 5, 10, 40}, default 3
        Number of tasks of the histogram and the noise.
    count : int, default 400
        Number of draws that are shown, from 1 to 400.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("simplex")
    distribution = Choice(LABELS, "normal")
    tasks = Choice(TASKS, 3)
    count = Number(1, DRAWS, DRAWS)

    def content(self) -> dict[str, Any]:
        return _content()

    def first_frame(self) -> str:
        points = self.data["distributions"][DISTRIBUTIONS.index(self.distribution)]["draws"]
        corners = " ".join(f"{x},{y}" for x, y in map(_place, ((1, 0), (0, 1), (0, 0))))
        dots = (f'<circle cx="{x}" cy="{y}" r="2.5"/>' for x, y in map(_place, points[: self.count]))
        picture = svg(
            SIDE + 2 * MARGIN,
            round(HEIGHT + 2 * MARGIN),
            f'<polygon points="{corners}" fill="none" stroke="{INK}"/>'
            f'<g fill="{colours("RLW")[0]}" fill-opacity=".5">{"".join(dots)}</g>',
        )
        alt = f"{self.count} draws of the weights of three tasks on the simplex, {LABELS[self.distribution]}"
        rows = [[LABELS[name], f"{noise_factor(name, self.tasks):.3f}"] for name in DISTRIBUTIONS]
        return still(picture, alt, html_table([f"{self.tasks} tasks", "E Σ λ²"], rows))


def noise_factor(distribution: Distribution, tasks: int) -> float:
    """The expected sum of squared weights: 1/T for equal weights, 1 for one task at a time.

    Exact where a closed form is known (``EXACT``), and else the mean of 50,000 draws.
    """
    if distribution in EXACT:
        return EXACT[distribution](tasks)
    return float(_simulate(distribution, tasks).square().sum(1).mean())


EXACT: dict[Distribution, Any] = {
    "dirichlet": lambda tasks: 2 / (tasks + 1),
    "bernoulli": lambda tasks: sum(comb(tasks, k) / k for k in range(1, tasks + 1)) / (2**tasks - 1),
    "c-bernoulli": lambda tasks: 1.0,
}


@cache
def _simulate(distribution: Distribution, tasks: int) -> Tensor:
    return draw(distribution, tasks, torch.Generator().manual_seed(0), SIMULATED)


@cache
def _content() -> dict[str, Any]:
    return {
        "distributions": [
            {
                "name": name,
                "label": LABELS[name],
                "exact": name in EXACT,
                "draws": _simulate(name, 3)[:DRAWS, :2].numpy().round(3).tolist(),
                "noise": [round(noise_factor(name, tasks), 6) for tasks in TASKS],
                "shares": [_histogram(_simulate(name, tasks)) for tasks in TASKS],
            }
            for name in DISTRIBUTIONS
        ],
        "tasks": list(TASKS),
        "widest": WIDEST,
        "simulated": SIMULATED,
        "accent": colours("RLW"),
    }


def _histogram(draws: Tensor) -> list[float]:
    """Shares of the first weight in units of 1/T, in equal bins up to ``WIDEST`` and one beyond."""
    bins = (draws[:, 0] * draws.shape[1] * (BINS / WIDEST) + 1e-9).long().clamp(max=BINS)
    return [round(n / len(draws), 4) for n in bins.bincount(minlength=BINS + 1).tolist()]


def _place(weights: Any) -> tuple[float, float]:
    first, second = weights
    x = MARGIN + SIDE * (first / 2 + 1 - first - second)
    return round(x, 1), round(MARGIN + HEIGHT * (1 - first), 1)
