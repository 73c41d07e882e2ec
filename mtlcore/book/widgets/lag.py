"""GradNorm over time: weights that learn, the norms that they give, their targets, and the exact weights.

``python -m mtlcore.book.widgets.lag`` computes the stored file anew, in seconds.
"""

from __future__ import annotations

import base64
import zlib
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.book.style import TASKS
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.methods import GradNorm

FILE = Path(__file__).with_name("lag.npz")
STEPS, EVENT, SIZE = 300, 100, 512
"""Steps of a training, the step of the event, and shared parameters."""
CURVATURES, NOISE, LR = (2.0, 1.0), (0.3, 0.6), 0.006
ALPHAS = (0.0, 0.12, 0.5, 1.5)
RATES = (0.005, 0.025, 0.05)
Event = Literal["unit", "none"]
EVENTS: dict[Event, str] = {"unit": f"task 1 times 10 at step {EVENT}", "none": "nothing"}
SERIES = ("rate", "norm", "target", "weight", "exact")
"""What is shown of a task: its loss over the first one, its weighted gradient norm and the target of that,
its weight, and its weight by the inverse norms (SLAW paper, Equation 4)."""
UNIT = 500
"""Stored are natural logarithms times this, rounded: all numbers are positive."""
STEP_TICKS = {float(step): str(step) for step in range(0, STEPS + 1, 100)}
WEIGHT_TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1", 1.5: "1.5", 2.0: "2"}
NORM_TICKS = {0.1: "0.1", 0.3: "0.3", 1.0: "1", 3.0: "3", 10.0: "10", 30.0: "30"}
NOTE = (
    "Two losses of the same parameters, quadratic and noisy; task 1 has the longer gradient. The exact "
    "weights are those that would make the weighted norms equal at this step."
)


class Lag(Widget):
    """The weights of :class:`mtlcore.GradNorm` on two losses, their weighted norms and targets, step by step.

    The losses are noisy quadratics of shared parameters under gradient descent with GradNorm's weights, so
    the gradients are known.

    Parameters
    ----------
    alpha : {0, 0.12, 0.5, 1.5}, default 0
        Asymmetry.
    rate : {0.005, 0.025, 0.05}, default 0.025
        Learning rate of the weights, under Adam.
    event : {"unit", "none"}, default "unit"
        Whether task 1 is measured in a unit ten times smaller from step 100 on.
    step : int, default 110
        The step that is shown, from 0 to 300.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "player", "lag")
    alpha = Choice(ALPHAS)
    rate = Choice(RATES, 0.025)
    event = Choice(EVENTS)
    step = Number(0, STEPS, 110)

    def content(self) -> dict[str, Any]:
        return _content()

    def read(self) -> dict[str, NDArray[np.float64]]:
        """Return what is stored of this run.

        Returns
        -------
        series : dict of str to array, shape (2, 301)
            The two tasks' numbers at every step, by the names in ``SERIES``.
        """
        run = stored()[ALPHAS.index(self.alpha), RATES.index(self.rate), list(EVENTS).index(self.event)]
        return dict(zip(SERIES, np.exp(run / UNIT), strict=True))

    def first_frame(self) -> str:
        shown = self.read()
        lines = [
            (light, list(enumerate(weight.tolist())))
            for (light, _), weight in zip(TASKS[:2], shown["weight"], strict=True)
        ]
        picture = chart.draw(lines, STEP_TICKS, WEIGHT_TICKS, ("step", "weight by GradNorm"))
        alt = (
            f"GradNorm's weights of two tasks over {STEPS} steps, α = {self.alpha:g}, learning rate of the "
            f"weights {self.rate:g}, event: {EVENTS[self.event]}"
        )
        heads = [f"task, at step {self.step}", "loss / first", "weighted norm", "target", "weight", "exact"]
        rows = [
            [str(task + 1), *(f"{shown[name][task, self.step]:.2f}" for name in SERIES)] for task in range(2)
        ]
        return still(picture, alt, html_table(heads, rows))


def simulate(alpha: float, rate: float, event: Event) -> Tensor:
    """What ``SERIES`` names, (steps + 1, series, 2)."""
    draws = torch.randn(STEPS + 2, 2, SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    centres = (draws[0] + torch.tensor(NOISE)[:, None] * draws[1:]) / SIZE**0.5
    theta, seen = torch.zeros(SIZE, dtype=torch.float64), []
    gradnorm = GradNorm(alpha, optimizer=partial(torch.optim.Adam, lr=rate))
    for step, batch in enumerate(centres):
        curvatures = torch.tensor(CURVATURES, dtype=torch.float64)
        if event == "unit" and step >= EVENT:
            curvatures[0] *= 10
        gradients = curvatures[:, None] * (theta - batch)
        losses = (gradients * (theta - batch)).sum(1) / 2
        norms = gradients.norm(dim=1)
        weights = gradnorm.weights(norms, losses)
        rates = losses / gradnorm.first
        target = (weights * norms).mean() * (rates / rates.mean()) ** alpha
        exact = 2 / norms / (1 / norms).sum()
        seen.append(torch.stack([rates, weights * norms, target, weights, exact]))
        theta = theta - LR * (weights @ gradients)
    return torch.stack(seen)


def compute() -> NDArray[np.int16]:
    """Compute what is stored: (alphas, rates, events, series, 2, steps + 1)."""
    runs = [simulate(alpha, rate, event) for alpha in ALPHAS for rate in RATES for event in EVENTS]
    values = torch.stack(runs).permute(0, 2, 3, 1).log().numpy()
    return (
        np.round(UNIT * values)
        .astype(np.int16)
        .reshape(len(ALPHAS), len(RATES), len(EVENTS), -1, 2, STEPS + 1)
    )


@cache
def stored() -> NDArray[np.int16]:
    """What :func:`compute` found, from the file."""
    with np.load(FILE) as file:
        return file["runs"]


def packed(runs: NDArray[np.int16]) -> str:
    """Differences along the last axis, low bytes before high ones, compressed."""
    changes = np.diff(runs, axis=-1, prepend=np.zeros_like(runs[..., :1])).astype("<i2")
    planes = changes.ravel().view(np.uint8).reshape(-1, 2).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


@cache
def _content() -> dict[str, Any]:
    return {
        "runs": packed(stored()),
        "series": list(SERIES),
        "unit": UNIT,
        "alphas": [[alpha, f"{alpha:g}"] for alpha in ALPHAS],
        "rates": list(RATES),
        "events": list(EVENTS.items()),
        "steps": STEPS,
        "stepTicks": list(STEP_TICKS.items()),
        "weightTicks": list(WEIGHT_TICKS.items()),
        "normTicks": list(NORM_TICKS.items()),
        "tasks": TASKS[:2],
        "accent": colours("GradNorm"),
        "note": NOTE,
    }


if __name__ == "__main__":
    np.savez_compressed(FILE, runs=compute())
