"""HydaLearn on one batch: two throw-away steps, their gains on the main metric, and the weights."""

from __future__ import annotations

from functools import cache
from math import ceil
from typing import Any

import torch
import traitlets
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.toys import quadratic
from mtlcore.book.widgets import chart, ground
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still
from mtlcore.methods import HydaLearn

CENTRES = ((-1.0, 0.0), (1.0, 0.0))
TASKS = {"main": quadratic(CENTRES[0], [1, 2], 30), "auxiliary": quadratic(CENTRES[1], [1, 2], -30)}
THETA = torch.tensor([0.3, 1.0], dtype=torch.float64)
SHIFT, LENGTH = 1.7, 0.5
"""How far from the parameters a batch sees the losses, and how long a throw-away step is."""
ANGLES = list(range(0, 360, 10))
BETAS = (1.0, 3.0, 6.0)


class Trial(Widget):
    """HydaLearn tries a step on each of two tasks and weighs the tasks by what it gains on the main metric.

    The level lines are those of all data. A batch sees both losses from another place, so its gradients
    differ; the metric is minus the main loss on all data.

    Parameters
    ----------
    batch : int, default 30
        The direction in degrees in which the batch sees the losses, a multiple of 10 from 0 to 350.
    beta : {1, 3, 6}, default 3
        Exponent of the ratio of the gains.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("ground", "chart", "trial")
    batch = traitlets.Int(30).tag(sync=True)
    beta = Choice(BETAS, 3.0)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("batch")
    def _drawn(self, proposal: Any) -> int:
        if proposal["value"] not in ANGLES:
            raise ValueError(f"batch is a multiple of 10 from 0 to 350, not {proposal['value']}")
        return int(proposal["value"])

    def first_frame(self) -> str:
        at = ANGLES.index(self.batch)
        weights = self.data["weights"][BETAS.index(self.beta)][at]
        gains = [self.data["gains"][task][at] for task in range(2)]
        lines = [
            (color, list(zip(ANGLES, values, strict=True)))
            for (color, _), values in zip(style.TASKS, self.data["gains"], strict=False)
        ]
        ticks = dict(self.data["xTicks"]), dict(self.data["yTicks"])
        picture = chart.draw(lines, *ticks, ("direction of the batch in degrees", "gain"))
        alt = "What a throw-away step on each of two tasks gains, by the direction of the batch"
        rows = [
            [name, f"{gain:+.2f}", f"{weight:.2f}"]
            for name, gain, weight in zip(TASKS, gains, weights, strict=True)
        ]
        return still(picture, alt, html_table(["task", "gain", "weight"], rows))


def throw_away(angle: float) -> tuple[Tensor, Tensor]:
    """Try a step on each task alone.

    Parameters
    ----------
    angle : float
        Direction of the batch, in degrees.

    Returns
    -------
    ends : Tensor, shape (2, 2)
        Where the two steps lead.
    gains : Tensor, shape (2,)
        What each adds to the metric.
    """
    turned = torch.deg2rad(torch.tensor(float(angle), dtype=torch.float64))
    seen = THETA + SHIFT * torch.stack([turned.cos(), turned.sin()])
    steep = torch.stack([torch.func.grad(task)(seen) for task in TASKS.values()])
    ends = THETA - LENGTH * torch.nn.functional.normalize(steep)
    return ends, TASKS["main"](THETA) - TASKS["main"](ends)


@cache
def _content() -> dict[str, Any]:
    ends, gains = map(torch.stack, zip(*map(throw_away, ANGLES), strict=True))
    weights = torch.stack([torch.stack([HydaLearn(beta=beta).weights(g) for g in gains]) for beta in BETAS])
    steps = THETA - torch.einsum("bat,atd->bad", weights, THETA - ends)
    side = ceil(2 * gains.abs().max().item()) / 2
    return {
        "ground": ground.content(TASKS, CENTRES),
        "plane": {"x": ground.X, "y": ground.Y, "scale": ground.SCALE, "tasks": style.TASKS[:2]},
        "theta": THETA.tolist(),
        "angles": ANGLES,
        "names": list(TASKS),
        "betas": [[beta, f"{beta:g}"] for beta in BETAS],
        "ends": ends.numpy().round(3).tolist(),
        "gains": gains.T.numpy().round(4).tolist(),
        "weights": weights.numpy().round(4).tolist(),
        "steps": steps.numpy().round(3).tolist(),
        "xTicks": [[angle, str(angle)] for angle in (0, 90, 180, 270, 360)],
        "yTicks": [[value, f"{value:g}".replace("-", "−")] for value in (-side, 0, side)],
        "accent": colours("HydaLearn"),
    }
