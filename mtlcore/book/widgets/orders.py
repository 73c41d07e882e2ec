"""PCGrad on three gradients: the projections one by one, and the update in every order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import plane
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.book.widgets.plane import Arrow
from mtlcore.book.widgets.tables import gradients
from mtlcore.methods.gradients.pcgrad import project

ANGLES = list(range(0, 360, 15))
LENGTHS = (0.5, 1.0, 2.0)
TURNS = {"".join(str(task + 1) for task in turn): turn for turn in permutations(range(3))}
STEPS = 7
"""Six projections, two for every gradient, and their sum."""
PRESETS: dict[str, tuple[int, int, float]] = {
    "All agree": (30, 315, 1.0),
    "Two conflict": (120, 60, 1.0),
    "Order decides": (135, 225, 1.0),
    "Every order harms": (45, 210, 1.0),
}
ROOM, SHORTEST = 140, 1.5
"""Length in the picture of the longest vector, which counts as having the length 1.5 at least."""
NOTE = (
    "g₁ and g₂ have length 1, as the inner ring says. Pale arrows are the task gradients, full "
    "ones what the projections have left of them; dots are the updates of all orders, and the white one is "
    "their mean. Arrows in the shaded part, if there is one, lower all three losses, to first order. The "
    "table has ⟨d, gᵢ⟩: a step with the rate η lowers the loss of task i by η times that, to first order; "
    "where it is negative, the loss rises."
)


class Orders(Widget):
    """PCGrad's projections of three gradients in a plane, and what comes out in every order.

    Parameters
    ----------
    second : int, default 135
        Angle in degrees from the first gradient to the second, a multiple of 15 from 0 to 345.
    third : int, default 225
        Angle from the first gradient to the third, a multiple of 15 from 0 to 345.
    length : {0.5, 1, 2}, default 1
        Length of the third gradient; the others have length 1.
    order : {"123", "132", "213", "231", "312", "321"}, default "123"
        The order in which every gradient meets the others.
    step : int, default 0
        How many steps are shown: 0 to 6 projections, or 7 for the sum as well.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "orders")
    second = Choice(ANGLES, 135)
    third = Choice(ANGLES, 225)
    length = Choice(LENGTHS, 1.0)
    order = Choice(TURNS)
    step = Number(0, STEPS, 0)

    def content(self) -> dict[str, Any]:
        return _content()

    def gradients(self) -> Tensor:
        """Return the task gradients.

        Returns
        -------
        gradients : Tensor, shape (3, 2)
            Of tasks 1, 2 and 3.
        """
        return gradients([(0, 1), (self.second, 1), (self.third, self.length)]).round(decimals=12)

    def updates(self) -> dict[str, Tensor]:
        """Compute PCGrad's update in every order, with the method itself.

        Returns
        -------
        updates : dict of str to Tensor
            Vectors (2,) by order.
        """
        given = self.gradients()
        return {name: changed(given, met(turn)).sum(0) for name, turn in TURNS.items()}

    def first_frame(self) -> str:
        given, found = self.gradients(), self.updates()
        vectors = {order_text(name): d for name, d in found.items()}
        vectors |= {"mean": torch.stack([*found.values()]).mean(0), "plain sum": given.sum(0)}
        arrows = [
            Arrow("d", _point(found[self.order]), style.color("PCGrad")),
            Arrow("plain sum", _point(given.sum(0)), style.color("Static")),
        ]
        picture = plane.draw(
            [_point(g) for g in given], arrows, unit=unit([*given, given.sum(0), *found.values()])
        )
        alt = (
            f"Three gradients, the second {self.second} and the third {self.third} degrees from the first, "
            f"their sum, and PCGrad's update d in the order {order_text(self.order)}"
        )
        rows = [
            [name, *(f"{value + 0.0:.2f}" for value in (given @ d).tolist())] for name, d in vectors.items()
        ]
        return still(picture, alt, html_table(["⟨d, gᵢ⟩ in the order", "task 1", "task 2", "task 3"], rows))


def met(turn: tuple[int, ...]) -> Tensor:
    """The others of every task (3, 2), in the order of a turn."""
    return torch.tensor([[other for other in turn if other != task] for task in range(3)])


def changed(given: Tensor, others: Tensor) -> Tensor:
    """What PCGrad leaves of three gradients (3, 2) that meet the others (3, K)."""
    return project(_gramian(given), others) @ given


def order_text(name: str) -> str:
    """An order with commas."""
    return ", ".join(name)


def unit(vectors: Iterable[Tensor]) -> float:
    """Length of a unit vector in the picture: the longest of the vectors (2,) fits."""
    return ROOM / max(SHORTEST, *(float(vector.norm()) for vector in vectors))


def _gramian(given: Tensor) -> Tensor:
    """Inner products (3, 3), zero at right angles."""
    return (given @ given.T).round(decimals=9)


def _point(vector: Tensor) -> tuple[float, float]:
    x, y = (vector + 0.0).tolist()
    return x, y


@cache
def _table() -> list[list[float]]:
    """Coefficients for gradients of length 1, a row of 12 for every two angles.

    For each gradient and for both orders of the others, the smaller number first: the coefficients of the
    first and of the second that it meets.
    """
    rows = []
    for second in ANGLES:
        for third in ANGLES:
            gramian = _gramian(gradients([(0, 1), (second, 1), (third, 1)]))
            found = [project(gramian, met(turn)) for turn in (TURNS["123"], TURNS["321"])]
            others = met(TURNS["123"]).tolist()
            rows.append(
                [
                    round(float(found[late][task, other]), 3) + 0.0
                    for task, pair in enumerate(others)
                    for late in (0, 1)
                    for other in (pair[::-1] if late else pair)
                ]
            )
    return rows


@cache
def _content() -> dict[str, Any]:
    return {
        "table": _table(),
        "vectors": np.round(gradients([(angle, 1) for angle in ANGLES]), 4).tolist(),
        "angles": ANGLES,
        "lengths": list(LENGTHS),
        "room": [ROOM, SHORTEST],
        "orders": [[name, order_text(name), list(turn)] for name, turn in TURNS.items()],
        "presets": list(PRESETS.items()),
        "last": STEPS,
        "size": plane.SIZE,
        "tasks": style.TASKS,
        "plain": colours("Static"),
        "accent": colours("PCGrad"),
        "note": NOTE,
    }
