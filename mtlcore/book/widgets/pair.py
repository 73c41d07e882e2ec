"""Four methods on one pair of gradients: what is left of the auxiliary gradient, and the update."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import plane
from mtlcore.book.widgets.base import Choice, Number, Widget, html_table, module, still
from mtlcore.book.widgets.plane import Arrow
from mtlcore.methods import CosSim, Orthogonal, Projection
from mtlcore.methods.auxiliary._family import Auxiliary

View = Literal["auxiliary", "update"]
VIEWS: dict[View, str] = {"auxiliary": "what is left of gₐ", "update": "the update d = gₘ + λ Gₐ"}
RULES: dict[str, Auxiliary] = {
    "Projection": Projection(),
    "CosSim": CosSim(),
    "CosSim(weighted=True)": CosSim(weighted=True),
    "Orthogonal": Orthogonal(),
}
PLAIN = "Static"
"""The weighted sum, which leaves the auxiliary gradient as it is."""
LABELS = {PLAIN: "plain sum", "CosSim(weighted=True)": "CosSim, weighted"}
LAMBDAS = (0.25, 0.5, 1.0, 2.0)
SHORTEST, LONGEST = 0.2, 1.5
ROOM = 140
"""Length of the longest arrow that the picture has to hold."""
MAIN = torch.tensor([1.0, 0.0], dtype=torch.float64)
NOTE = (
    "gₘ has length 1, and the rings are at lengths 1 and 2. A step goes against the update. Arrows that end "
    "in the shaded half lower the main loss, to first order; the dashes show how far an arrow goes along gₘ."
)


class Pair(Widget):
    """What four methods leave of an auxiliary gradient, next to one main gradient.

    The main gradient has length 1 and stays where it is. Every rule keeps its answer's shape when the
    auxiliary gradient gets longer, so one table over the angle is enough.

    Parameters
    ----------
    angle : int, default 130
        Angle in degrees from the main to the auxiliary gradient, from 0 to 359.
    length : float, default 1.2
        Length of the auxiliary gradient, from 0.2 to 1.5. It moves to the nearest hundredth.
    lam : {0.25, 0.5, 1, 2}, default 1
        lambda, the weight of the auxiliary task in the update.
    view : {"auxiliary", "update"}, default "auxiliary"
        Whether the arrows are what is left of the auxiliary gradient, or the updates.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "pair")
    angle = Number(0, 359, 130)
    length = Number(SHORTEST, LONGEST, 1.2, digits=2)
    lam = Choice(LAMBDAS, 1.0)
    view = Choice(VIEWS)

    def content(self) -> dict[str, Any]:
        return _content()

    def arrows(self) -> dict[str, Tensor]:
        """Compute the arrows that are shown, with the methods themselves.

        Returns
        -------
        arrows : dict of str to Tensor
            Vectors (2,) by canonical text of the method; ``"Static"`` is the weighted sum.
        """
        auxiliary = self.length * unit_vectors()[self.angle]
        parts = {name: left_of(auxiliary, name) for name in (PLAIN, *RULES)}
        if self.view == "auxiliary":
            return parts
        return {name: MAIN + self.lam * part for name, part in parts.items()}

    def first_frame(self) -> str:
        shown = self.arrows()
        gradients = [(1.0, 0.0), tuple((self.length * unit_vectors()[self.angle]).tolist())]
        updates = [
            Arrow(label(name), tuple(vector.tolist()), style.color(name))
            for name, vector in shown.items()
            if (name, self.view) != (PLAIN, "auxiliary")
        ]
        picture = plane.draw(gradients, updates, ("gₘ", "gₐ"), 1, scale(self.view, self.lam))
        alt = (
            f"A main gradient and an auxiliary one {self.angle} degrees from it, and arrows for "
            f"{', '.join(arrow.label for arrow in updates)}: {VIEWS[self.view]}"
        )
        rows = [
            [label(name), f"{along:.2f}", f"{across:.2f}"]
            for name, (along, across) in ((name, vector.tolist()) for name, vector in shown.items())
        ]
        return still(picture, alt, html_table(["", "along gₘ", "across gₘ"], rows))


def label(name: str) -> str:
    """What the picture calls a method."""
    return LABELS.get(name, name)


def unit_vectors() -> Tensor:
    """The vectors (360, 2) of length 1 at every whole degree."""
    turn = torch.arange(360, dtype=torch.float64).deg2rad()
    return torch.stack([turn.cos(), turn.sin()], 1).round(decimals=15)


def left_of(auxiliary: Tensor, name: str) -> Tensor:
    """What a method leaves of an auxiliary gradient (2,)."""
    if name == PLAIN:
        return auxiliary
    return RULES[name].direction(torch.stack([MAIN, auxiliary])) - MAIN


def scale(view: View, lam: float) -> float:
    """Length of a unit vector in the picture: the longest possible arrow fits."""
    return round(ROOM / (LONGEST if view == "auxiliary" else 1 + max(lam, 1) * LONGEST), 2)


@cache
def _content() -> dict[str, Any]:
    looks = {name: style.look(name) for name in (PLAIN, *RULES)}
    return {
        "methods": [
            {
                "name": name,
                "label": label(name),
                "colours": [look.light, look.dark],
                "parts": np.round([left_of(v, name).tolist() for v in unit_vectors()], 4).tolist(),
            }
            for name, look in looks.items()
        ],
        "plain": PLAIN,
        "views": list(VIEWS.items()),
        "lambdas": list(LAMBDAS),
        "limits": [SHORTEST, LONGEST],
        "size": plane.SIZE,
        "scales": {view: [scale(view, lam) for lam in LAMBDAS] for view in VIEWS},
        "note": NOTE,
        "accent": [*style.AUXILIARY_TASK],
    }
