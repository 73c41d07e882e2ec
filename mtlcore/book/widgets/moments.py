"""SLAW on two losses: moving moments and weights over time, beside the true norms of the gradients."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import torch
import traitlets
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from mtlcore.book.style import TASKS
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still
from mtlcore.methods import SLAW

STEPS, EVERY, SIZE = 400, 10, 32
"""Steps of a stream, steps from one that is shown to the next, and shared parameters."""
BETAS = (0.9, 0.97, 0.99)
Stream = Literal["units", "level", "drift"]
Trained = Literal["constant", "slaw"]
Init = Literal["arithmetic", "zero"]
STREAMS: dict[Stream, str] = {
    "units": "noise, task 2 in a unit 4 times smaller",
    "level": "noise, task 2 plus 20",
    "drift": "no noise",
}
TRAINED: dict[Trained, str] = {"constant": "equal weights", "slaw": "SLAW’s weights"}
INITS: dict[Init, str] = {"arithmetic": "plain means", "zero": "zero, as printed"}
SERIES = ("loss", "mean", "deviation", "norm", "weight", "true")
"""What is shown of a task: its loss, SLAW's mean and deviation of it, the norm of its gradient, its weight,
and its weight by the true norms (SLAW paper, Equation 4)."""
STEP_TICKS = {float(step): str(step) for step in range(0, STEPS + 1, 100)}
WEIGHT_TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1", 1.5: "1.5", 2.0: "2"}
SPREAD_TICKS = {0.01: "0.01", 0.1: "0.1", 1.0: "1", 10.0: "10", 100.0: "100"}


class Moments(Widget):
    """Two losses over time, what :class:`mtlcore.SLAW` remembers of them, and the weights that it gives.

    The losses are quadratics of shared parameters under gradient descent, so the gradients are known.

    Parameters
    ----------
    stream : {"units", "level", "drift"}, default "units"
        The losses: noisy batches, the second task in a unit 4 times smaller; noisy batches, 20 added to the
        second loss; no noise, and gradients at a right angle, the second 3 times as long as the first.
    trained_with : {"constant", "slaw"}, default "constant"
        The weights that the steps follow.
    init : {"arithmetic", "zero"}, default "arithmetic"
        Start of SLAW's averages.
    beta : {0.9, 0.97, 0.99}, default 0.99
        Decay of SLAW's averages.
    step : int, default 200
        The step whose numbers are in the table. It moves to the nearest multiple of 10.

    Raises
    ------
    ValueError
        If ``stream``, ``trained_with``, ``init`` or ``beta`` has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "moments")
    stream = Choice(STREAMS)
    trained_with = Choice(TRAINED)
    init = Choice(INITS)
    beta = Choice(BETAS, 0.99)
    step = traitlets.Int(200).tag(sync=True)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("step")
    def _shown(self, proposal: Any) -> int:
        return min(max(round(proposal["value"] / EVERY), 1), STEPS // EVERY) * EVERY

    def first_frame(self) -> str:
        shown = self.data["series"][key(self.stream, self.trained_with, self.init, self.beta)]
        lines = [
            (light, list(zip(self.data["times"], weights, strict=True)))
            for (light, _), weights in zip(TASKS[:2], shown["weight"], strict=True)
        ]
        picture = chart.draw(lines, STEP_TICKS, WEIGHT_TICKS, ("step", "weight by SLAW"))
        at = self.data["times"].index(self.step)
        alt = f"SLAW's weights of two tasks over the steps, {STREAMS[self.stream]}, β = {self.beta:g}"
        heads = [f"task, at step {self.step}", "deviation s", "norm ‖g‖", "weight", "weight by ‖g‖"]
        rows = [
            [str(task + 1), *(f"{shown[name][task][at]:.2f}" for name in SERIES[2:])] for task in range(2)
        ]
        return still(picture, alt, html_table(heads, rows))


def simulate(
    stream: Stream, trained_with: Trained = "constant", init: Init = "arithmetic", beta: float = 0.99
) -> Tensor:
    """What ``SERIES`` names, (steps, series, 2)."""
    curvatures, level, batches, theta, lr = _problem(stream)
    slaw, seen = SLAW(beta=beta, init=init), []
    for centres in batches:
        gradients = curvatures * (theta - centres)
        losses = (gradients * (theta - centres)).sum(1) / 2 + level
        weights = slaw.weights(losses)
        norms = gradients.norm(dim=1)
        true = 2 / norms / (1 / norms).sum()
        seen.append(torch.stack([losses, slaw.mean, slaw.variance.sqrt(), norms, weights, true]))
        theta = theta - lr * (weights @ gradients if trained_with == "slaw" else gradients.sum(0))
    return torch.stack(seen)


def _problem(stream: Stream) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Curvatures (2, size) and levels (2,) of two quadratics, their centres on every batch (steps, 2, size),
    the start (size,) and the length of a step."""
    ones = torch.ones(2, SIZE, dtype=torch.float64)
    if stream == "drift":
        apart = torch.block_diag(*ones.view(2, 2, -1)[:, :1])
        return apart, 0 * ones[:, 0], 0 * ones.expand(STEPS, -1, -1), apart[0] + 3 * apart[1], 1e-3
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(STEPS + 2, 1, SIZE, generator=generator, dtype=torch.float64)
    centres = draws[:2, 0]
    units = torch.tensor([1.0, 4.0 if stream == "units" else 1.0])
    level = torch.tensor([0.0, 20.0 if stream == "level" else 0.0])
    return units[:, None] * ones, level, 0.5 * centres + 0.6 * draws[2:], 0.5 * centres.mean(0) + 0.8, 0.02


def key(stream: str, trained_with: str, init: str, beta: float) -> str:
    """Where a widget's data has the series of one choice."""
    return f"{stream} {trained_with} {init} {beta:g}"


@cache
def _content() -> dict[str, Any]:
    choices = [(s, t, i, b) for s in STREAMS for t in TRAINED for i in INITS for b in BETAS]
    series = {key(*choice): _rows(simulate(*choice)[EVERY - 1 :: EVERY]) for choice in choices}
    return {
        "series": series,
        "times": list(range(EVERY, STEPS + 1, EVERY)),
        "streams": list(STREAMS.items()),
        "trained": list(TRAINED.items()),
        "inits": list(INITS.items()),
        "betas": list(BETAS),
        "stepTicks": list(STEP_TICKS.items()),
        "lossTicks": {
            stream: _ticks([shown for name, shown in series.items() if name.startswith(f"{stream} ")])
            for stream in STREAMS
        },
        "spreadTicks": list(SPREAD_TICKS.items()),
        "weightTicks": list(WEIGHT_TICKS.items()),
        "tasks": TASKS[:2],
        "accent": colours("SLAW"),
    }


def _ticks(series: list[dict[str, list[list[float]]]]) -> list[tuple[float, str]]:
    """Ticks from below every mean less its deviation to above every mean plus it, and around the losses."""
    losses, mean, deviation = (np.array([shown[name] for shown in series]) for name in SERIES[:3])
    low, high = min(losses.min(), (mean - deviation).min()), max(losses.max(), (mean + deviation).max())
    ticks = map(float, MaxNLocator(4).tick_values(low, high))
    return [(tick, f"{tick:g}".replace("-", "−")) for tick in ticks]


def _rows(values: Tensor) -> dict[str, list[list[float]]]:
    """By series, a list a task, three digits a number."""
    return {
        name: [[float(f"{value:.3g}") for value in task] for task in series.T.tolist()]
        for name, series in zip(SERIES, values.unbind(1), strict=True)
    }
