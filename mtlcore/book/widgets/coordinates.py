"""GradDrop on a few coordinates: sign purity, draws, what they keep, and their running mean."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.methods import GradDrop
from mtlcore.methods.gradients.graddrop import purity

Example = Literal["mixed", "agree", "balanced"]
EXAMPLES: dict[Example, list[list[float]]] = {
    "mixed": [
        [1.0, 0.8, -0.5, 1.0, 0.6, -0.4],
        [0.5, -0.2, -0.7, -1.0, 0.0, 1.2],
        [0.3, 0.4, -0.3, 0.5, -0.9, 0.1],
    ],
    "agree": [
        [1.0, 0.8, -0.5, 1.0, 0.6, -0.4],
        [0.5, 0.2, -0.7, 0.5, 0.0, -1.2],
        [0.3, 0.4, -0.3, 0.5, 0.9, -0.1],
    ],
    "balanced": [
        [1.0, 0.8, -0.5, 1.0, 0.6, -0.4],
        [-0.7, -1.2, 0.8, -1.5, -0.9, 1.2],
        [-0.3, 0.4, -0.3, 0.5, 0.3, -0.8],
    ],
}
TEXTS: dict[Example, str] = {"mixed": "mixed", "agree": "all agree", "balanced": "all balanced"}
LEAKS = (0.0, 0.5)
DRAWS, SEED = 60, 3
HIGHEST = 2.0
"""Largest entry of the axes."""
TICKS = {float(draw): str(draw) for draw in range(0, DRAWS + 1, 20)}
HEIGHTS = {value: f"{value:g}".replace("-", "−") for value in (-2.0, -1.0, 0.0, 1.0, 2.0)}
NOTE = (
    "In each coordinate the gradients of three tasks are piled up, positive entries above the line and "
    "negative ones below. P is the share of the positive pile in both, and U is drawn anew for each "
    "coordinate. A draw keeps the positive pile where U < P, and else the negative one; pale entries are "
    "dropped. With the leak ½, half of them passes all the same. Diamonds are the mean of the draws so far, "
    "and bars across are the sum of the three gradients."
)


class Coordinates(Widget):
    """GradDrop's draws on three task gradients with six coordinates, and their mean.

    Parameters
    ----------
    example : {"mixed", "agree", "balanced"}, default "mixed"
        The gradients: some coordinates with both signs, none, or all with as much of one as of the other.
    leak : {0, 0.5}, default 0
        The share of what is dropped that passes all the same.
    draw : int, default 1
        How many draws there have been, from 0 to 60.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "player", "coordinates")
    example = Choice(EXAMPLES)
    leak = Choice(LEAKS)
    draw = Number(0, DRAWS, 1)

    def content(self) -> dict[str, Any]:
        return _content()

    def first_frame(self) -> str:
        given, found = rows(self.example), updates(self.example, self.leak)
        distances = [(draw + 1, distance) for draw, distance in enumerate(errors(self.example, self.leak))]
        heights = {value: text for value, text in HEIGHTS.items() if value >= 0}
        labels = ("draws", "largest distance of their mean from the sum")
        picture = chart.draw([(style.color("GradDrop"), distances)], TICKS, heights, labels)
        alt = f"How far the mean of GradDrop's draws is from the sum of the gradients, over {DRAWS} draws"
        kept = found[: max(self.draw, 1)]
        columns = (purity(given), kept[-1], kept.mean(0), given.sum(0))
        numbers = zip(*(column.tolist() for column in columns), strict=True)
        table = [
            [str(k), *(f"{value + 0.0:.2f}" for value in values)] for k, values in enumerate(numbers, start=1)
        ]
        heads = ["coordinate", "P", f"draw {len(kept)}", "mean so far", "sum"]
        return still(picture, alt, html_table(heads, table))


def rows(example: Example) -> Tensor:
    """Gradients (3, 6) of the tasks."""
    return torch.tensor(EXAMPLES[example], dtype=torch.float64)


@cache
def updates(example: Example, leak: float) -> Tensor:
    """GradDrop's directions (60, 6), from the same draws in every example."""
    method = GradDrop(leak, generator=torch.Generator().manual_seed(SEED))
    return torch.stack([method.direction(rows(example)) for _ in range(DRAWS)])


def uniforms() -> Tensor:
    """The draws U (60, 6) behind the updates."""
    generator = torch.Generator().manual_seed(SEED)
    size = len(EXAMPLES["mixed"][0])
    return torch.stack([torch.rand(size, generator=generator, dtype=torch.float64) for _ in range(DRAWS)])


def means(example: Example, leak: float) -> Tensor:
    """Means (60, 6) of the draws so far."""
    return updates(example, leak).cumsum(0) / torch.arange(1, DRAWS + 1)[:, None]


def errors(example: Example, leak: float) -> list[float]:
    """Largest distances (60,) of the means from the sum."""
    found = (means(example, leak) - rows(example).sum(0)).abs().amax(1)
    return found.numpy().round(4).tolist()


@cache
def _content() -> dict[str, Any]:
    return {
        "examples": [
            {
                "name": example,
                "text": text,
                "rows": EXAMPLES[example],
                "purity": purity(rows(example)).numpy().round(3).tolist(),
                "sum": rows(example).sum(0).numpy().round(3).tolist(),
                "updates": [updates(example, leak).numpy().round(3).tolist() for leak in LEAKS],
                "means": [means(example, leak).numpy().round(3).tolist() for leak in LEAKS],
                "errors": [errors(example, leak) for leak in LEAKS],
            }
            for example, text in TEXTS.items()
        ],
        "uniforms": np.round(uniforms().tolist(), 3).tolist(),
        "leaks": [[leak, text] for leak, text in zip(LEAKS, ("none", "½"), strict=True)],
        "highest": HIGHEST,
        "draws": DRAWS,
        "xTicks": list(TICKS.items()),
        "yTicks": [tick for tick in HEIGHTS.items() if tick[0] >= 0],
        "tasks": style.TASKS,
        "accent": colours("GradDrop"),
        "note": NOTE,
    }
