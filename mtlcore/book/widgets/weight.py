"""One weight for two tasks: where the weighted sum has its minimum, and which losses that gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mtlcore.book.style import TASKS
from mtlcore.book.toys import Function, quadratic
from mtlcore.book.widgets import ground
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still

Front = Literal["convex", "not convex"]
CENTRES = ((-1.0, 0.0), (1.0, 0.0))
WEIGHTS = np.linspace(0, 1, 101).round(2)


def hole(centre: Sequence[float]) -> Function:
    """A hole in a plain: 0 at its centre, and never more than 1."""
    c = torch.tensor(centre, dtype=torch.float64)
    return lambda x: 1 - torch.exp(-((x - c) ** 2).sum(-1))


FRONTS: dict[Front, dict[str, Function]] = {
    "convex": {"task 1": quadratic(CENTRES[0], [1, 4], 30), "task 2": quadratic(CENTRES[1], [1, 4], -30)},
    "not convex": {"task 1": hole(CENTRES[0]), "task 2": hole(CENTRES[1])},
}
HIGHEST: dict[Front, float] = {"convex": 4.0, "not convex": 1.0}


class WeightSlider(Widget):
    """A weight w for one task and 1 - w for the other: the minimum of the weighted sum, and the two losses.

    Where the front is convex, the minimum moves along all of it. Where it is not, the minimum jumps.

    Parameters
    ----------
    front : {"convex", "not convex"}, default "convex"
        Two bowls, or two holes in a plain.
    weight : float, default 0.5
        Weight of the first task. It moves to the nearest hundredth.

    Raises
    ------
    ValueError
        If ``front`` is unknown or ``weight`` does not lie between 0 and 1.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("ground", "weight")
    front = Choice(FRONTS)
    weight = Number(0, 1, 0.5, digits=2)

    def content(self) -> dict[str, Any]:
        return _content()

    def first_frame(self) -> str:
        shown = self.data["fronts"][list(FRONTS).index(self.front)]
        at = WEIGHTS.tolist().index(self.weight)
        color = colours("Static")[0]
        dots = "".join(
            f'<circle cx="{x}" cy="{y}" r="{3 if i != at else 8}" fill="{color}"/>'
            for i, minima in enumerate(shown["minima"])
            if i % 5 == 0 or i == at
            for x, y in (ground.place(minimum[:2]) for minimum in minima)
        )
        alt = f"Level lines of two tasks, and the minima of their weighted sums, front {self.front}"
        rows = [
            [f"{w:.2f}", f"{first:.2f}", f"{second:.2f}"]
            for w in sorted({0.0, 0.25, 0.49, 0.5, 0.51, 0.75, 1.0, self.weight})
            for _, _, first, second in shown["minima"][WEIGHTS.tolist().index(w)]
        ]
        return still(
            ground.draw(shown["ground"], dots),
            alt,
            html_table(["weight w", "loss of task 1", "loss of task 2"], rows),
        )


def minima(front: Front) -> list[list[list[float]]]:
    """For every weight the best points of the weighted sum, one or two, each with the losses there.

    Gradient descent from both centres finds them.
    """
    tasks = FRONTS[front].values()
    w = torch.as_tensor(WEIGHTS)[:, None]
    points = torch.tensor(CENTRES, dtype=torch.float64).repeat(len(w), 1, 1)

    def losses(x: Tensor) -> Tensor:
        return torch.stack([task(x) for task in tasks], -1)

    def total(x: Tensor) -> Tensor:
        return w * losses(x)[..., 0] + (1 - w) * losses(x)[..., 1]

    slope = torch.func.grad(lambda x: total(x).sum())
    for _ in range(200):
        points = points - 0.3 * slope(points)
    best = total(points) < total(points).min(1, keepdim=True).values + 1e-7
    found = torch.cat([points, losses(points)], -1).numpy().round(4) + 0.0
    return [np.unique(f[b], axis=0).tolist() for f, b in zip(found, best.numpy(), strict=True)]


@cache
def _content() -> dict[str, Any]:
    side = torch.cartesian_prod(
        torch.linspace(*ground.X, 41, dtype=torch.float64), torch.linspace(*ground.Y, 35, dtype=torch.float64)
    )
    straight = torch.stack([torch.linspace(-1, 1, 41), torch.zeros(41)], 1).double()
    fronts = []
    for name, tasks in FRONTS.items():
        best = minima(name)
        # The holes are round and alike, so the front is what lies straight between their centres.
        on_front = torch.tensor([points[0][:2] for points in best]) if name == "convex" else straight
        cloud = torch.stack([task(side) for task in tasks.values()], 1)
        fronts.append(
            {
                "name": name,
                "highest": HIGHEST[name],
                "ground": ground.content(tasks, CENTRES),
                "minima": best,
                "front": torch.stack([task(on_front) for task in tasks.values()], 1)
                .numpy()
                .round(3)
                .tolist(),
                "cloud": cloud[(cloud <= HIGHEST[name]).all(1)]
                .numpy()
                .round(2 + (name != "convex"))
                .tolist(),
            }
        )
    return {
        "fronts": fronts,
        "weights": WEIGHTS.tolist(),
        "plane": {"x": ground.X, "y": ground.Y, "scale": ground.SCALE, "tasks": TASKS[:2]},
        "accent": colours("Static"),
    }
