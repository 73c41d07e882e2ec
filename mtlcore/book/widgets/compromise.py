"""CAGrad on two gradients in the plane: from the mean to MGDA's direction as its ball grows."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
import traitlets
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import chart, plane
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.methods import IMTLG, MGDA, CAGrad

ANGLES = tuple(range(30, 171, 10))
LENGTHS = (0.3, 1.0, 3.0)
RADII = (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3, 5, 10, 20)
"""The values of c."""
REACH = 160
"""How far the picture reaches from its centre."""
LABELS = {"Static": "mean g₀", "MGDA": "MGDA", "IMTLG": "IMTL-G"}
X_TICKS = {0.0: "0", 0.25: "0.25", 0.5: "0.5", 0.75: "0.75", 1.0: "1"}
Y_TICKS = {-1.0: "−1", -0.5: "−0.5", 0.0: "0", 0.5: "0.5", 1.0: "1"}
AXES = ("c / (1 + c), from the mean to MGDA", "gain of the worse-off task")
NOTE = (
    "g₁ has length 1. The circle is the border of the ball that CAGrad searches; shaded directions improve "
    "both tasks. The picture shrinks when the ball grows. Gain: what a step of length 1 against d does for "
    "the task that gets less, divided by the length of the shorter gradient. Dashes: MGDA (above), IMTL-G."
)


class Compromise(Widget):
    """The ball that CAGrad searches, its answer, and what the worse-off of two tasks gets from it.

    Parameters
    ----------
    angle : int, default 140
        Angle in degrees between the two gradients, from 30 to 170. It moves to the nearest multiple of 10.
    length : {0.3, 1, 3}, default 3
        Length of the second gradient; the first has length 1.
    c : float, default 0.4
        Radius of the ball in lengths of the mean gradient, from 0 to 20. It moves to the nearest of 19.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "chart", "compromise")
    angle = Number(ANGLES[0], ANGLES[-1], 140)
    length = Choice(LENGTHS, 3.0)
    c = Number(RADII[0], RADII[-1], 0.4, digits=2)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("angle", "c")
    def _on_grid(self, proposal: Any) -> float:
        nodes = ANGLES if proposal["trait"].name == "angle" else RADII
        return min(nodes, key=lambda node: abs(node - proposal["value"]))

    def read(self) -> dict[str, Any]:
        """Look up what the page shows of the two gradients.

        Returns
        -------
        entry : dict
            The gradients, the directions of the other rules, and CAGrad's direction, dual weights, inner
            products and gain for each value of c.
        """
        return self.data["cases"][LENGTHS.index(self.length)][ANGLES.index(self.angle)]

    def first_frame(self) -> str:
        entry, at = self.read(), RADII.index(self.c)
        line = [(c / (1 + c), value) for c, value in zip(RADII, entry["gain"], strict=True)]
        lines = [
            (style.color(name), [(0.0, entry["rules"][name]["gain"]), (1.0, entry["rules"][name]["gain"])])
            for name in ("MGDA", "IMTLG")
        ]
        picture = chart.draw([*lines, (style.color("CAGrad"), line)], X_TICKS, Y_TICKS, AXES)
        alt = (
            f"Gain of the worse-off of two tasks, {self.angle} degrees apart, against the radius c: "
            f"from {entry['gain'][0]:.2f} at the mean to {entry['rules']['MGDA']['gain']:.2f} for MGDA"
        )
        rows = [
            [f"task {task + 1}", f"{entry['w'][at][task]:.2f}", f"{entry['products'][at][task]:+.2f}"]
            for task in (0, 1)
        ]
        return still(picture, alt, html_table([f"c = {self.c:g}", "dual weight", "⟨d, gᵢ⟩"], rows))


def dual_weights(gramian: Tensor, c: float) -> Tensor:
    """The weights (T,) of g_w: what CAGrad adds to the mean is a multiple of g_w."""
    added = CAGrad(c, rescale=0).weights(gramian) - 1 / len(gramian)
    return added / added.sum()


def gain(direction: Tensor, gradients: Tensor) -> float:
    """What a step of length 1 does for the task that gets less, in lengths of the shortest gradient."""
    least = (gradients @ direction).min() / direction.norm()
    return float(least / gradients.norm(dim=1).min())


def _case(angle: float, length: float) -> dict[str, Any]:
    turn = torch.deg2rad(torch.tensor(float(angle), dtype=torch.float64))
    gradients = torch.stack(
        [torch.tensor([1.0, 0.0]).double(), length * torch.stack([turn.cos(), turn.sin()])]
    )
    found = [CAGrad(c, rescale=0).direction(gradients) for c in RADII]
    others = {
        "Static": gradients.mean(0),
        "MGDA": MGDA().direction(gradients),
        "IMTLG": IMTLG().direction(gradients),
    }

    def rounded(values: Any) -> Any:
        return np.round(values, 4).tolist()

    return {
        "gradients": rounded(gradients.numpy()),
        "mean": round(float(gradients.mean(0).norm()), 4),
        "rules": {
            name: {"d": rounded(d.numpy()), "gain": round(gain(d, gradients), 4)}
            for name, d in others.items()
        },
        "d": rounded(torch.stack(found).numpy()),
        "w": rounded(
            torch.stack([dual_weights(gradients @ gradients.T, max(c, 1e-6)) for c in RADII]).numpy()
        ),
        "products": rounded((torch.stack(found) @ gradients.T).numpy()),
        "gain": [round(gain(d, gradients), 4) for d in found],
    }


@cache
def _content() -> dict[str, Any]:
    return {
        "cases": [[_case(angle, length) for angle in ANGLES] for length in LENGTHS],
        "angles": list(ANGLES),
        "lengths": list(LENGTHS),
        "radii": list(RADII),
        "size": plane.SIZE,
        "reach": REACH,
        "rules": [{"name": name, "label": text, "colours": colours(name)} for name, text in LABELS.items()],
        "xTicks": list(X_TICKS.items()),
        "yTicks": list(Y_TICKS.items()),
        "axes": list(AXES),
        "tasks": style.TASKS[:2],
        "note": NOTE,
        "accent": colours("CAGrad"),
    }
