"""The weights of DWA along two losses: what the temperature and the pace do to them."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from mtlcore.book.style import TASKS
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still
from mtlcore.methods import DWA

EPOCHS, STEPS, SHOWN = 24, 20, 4
"""Epochs of the streams, steps an epoch, and weights shown an epoch."""
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
Stream = Literal["one stalls", "noise", "units"]
Pace = Literal["epoch", "step"]
STREAMS: dict[Stream, str] = {
    "one stalls": "task 2 stalls",
    "noise": "same speed, noise",
    "units": "same speed, other unit",
}
PACES: dict[Pace, str] = {"epoch": "epochs", "step": "moving averages of steps"}
EPOCH_TICKS = {float(e): str(e) for e in range(0, EPOCHS + 1, 6)}
WEIGHT_TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1", 1.5: "1.5", 2.0: "2"}
LOSS_TICKS = {1e-4: "0.0001", 1e-3: "0.001", 0.01: "0.01", 0.1: "0.1", 1.0: "1", 10.0: "10"}


class Temperature(Widget):
    """Two losses over time and the weights that :class:`mtlcore.DWA` gives them.

    Parameters
    ----------
    stream : {"one stalls", "noise", "units"}, default "one stalls"
        The losses: one stops to fall; both fall at the same speed, with noisy means of the epochs; both fall
        at the same speed, one in a unit a hundred times smaller.
    temperature : {0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10}, default 2
        Temperature of the softmax.
    pace : {"epoch", "step"}, default "epoch"
        When the weights change.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "temperature")
    stream = Choice(STREAMS)
    temperature = Choice(TEMPERATURES, 2.0)
    pace = Choice(PACES)

    def content(self) -> dict[str, Any]:
        return _content()

    def first_frame(self) -> str:
        entry = self.data["streams"][list(STREAMS).index(self.stream)]
        shown = entry["weights"][self.pace][TEMPERATURES.index(self.temperature)]
        times = self.data["times"]
        lines = [
            (light, list(zip(times, w, strict=True))) for (light, _), w in zip(TASKS[:2], shown, strict=True)
        ]
        picture = chart.draw(lines, EPOCH_TICKS, WEIGHT_TICKS, ("epoch", "weight"))
        alt = f"DWA's weights of two tasks over the epochs, {STREAMS[self.stream]}, τ = {self.temperature:g}"
        rows = [[str(task), f"{min(w):.2f}", f"{max(w):.2f}"] for task, w in enumerate(shown, start=1)]
        return still(picture, alt, html_table(["task", "least weight", "largest weight"], rows))


def losses(stream: Stream) -> Tensor:
    """The losses (steps, 2) of a stream."""
    generator = torch.Generator().manual_seed(0)
    epoch = torch.arange(EPOCHS * STEPS, dtype=torch.float64)[:, None] / STEPS
    falling = 2 * torch.exp(-epoch / 6) + 0.05
    stalling = 0.6 + 1.4 * torch.exp(-epoch / 1.5)
    pair = {
        "one stalls": torch.cat([falling, stalling], 1),
        "noise": falling.expand(-1, 2),
        "units": torch.cat([falling, falling / 100], 1),
    }[stream]
    if stream == "units":
        return pair
    level = 0.15 if stream == "noise" else 0.02
    slow = torch.randn(EPOCHS, 2, generator=generator, dtype=torch.float64).repeat_interleave(STEPS, 0)
    fast = torch.randn(EPOCHS * STEPS, 2, generator=generator, dtype=torch.float64)
    return pair * torch.exp(level * (slow + fast))


def weights(stream: Tensor, temperature: float, pace: Pace) -> Tensor:
    """What DWA answers to a stream (steps, 2), at every step."""
    method, answers = DWA(temperature=temperature, pace=pace), []
    for epoch in stream.split(STEPS):
        answers += [method.weights(step) for step in epoch]
        method.end_epoch()
    return torch.stack(answers)


@cache
def _content() -> dict[str, Any]:
    every = STEPS // SHOWN
    return {
        "streams": [
            {
                "name": name,
                "label": label,
                "losses": _rows(losses(name).reshape(EPOCHS, STEPS, 2).mean(1)),
                "weights": {
                    pace: [_rows(weights(losses(name), tau, pace)[::every]) for tau in TEMPERATURES]
                    for pace in PACES
                },
            }
            for name, label in STREAMS.items()
        ],
        "times": [i / SHOWN for i in range(EPOCHS * SHOWN)],
        "temperatures": list(TEMPERATURES),
        "paces": list(PACES.items()),
        "epochTicks": list(EPOCH_TICKS.items()),
        "weightTicks": list(WEIGHT_TICKS.items()),
        "lossTicks": list(LOSS_TICKS.items()),
        "tasks": TASKS[:2],
        "accent": colours("DWA"),
    }


def _rows(values: Tensor) -> list[list[float]]:
    """A list a task, four digits a number."""
    return [[float(f"{value:.4g}") for value in task] for task in values.T.tolist()]
