"""FairGrad on three gradients in the plane: from the mean to MGDA's direction as alpha grows."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
import traitlets
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import chart, plane, tables
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.methods import MGDA, FairGrad, NashMTL, _dual_cone

SETS: dict[str, tuple[str, tuple[tuple[float, float], ...]]] = {
    "none": ("no conflict", ((50, 1.2), (75, 1.2), (130, 0.8))),
    "mild": ("mild conflict", ((35, 1.0), (55, 1.0), (145, 1.0))),
    "strong": ("strong conflict", ((22, 1.3), (42, 1.3), (157, 1.0))),
    "lengths": ("unequal lengths", ((40, 1.5), (80, 0.8), (140, 0.5))),
}
"""Gradients by angle and length; all point into the upper half of the plane, which is what is drawn."""
ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)
HEIGHT, REACH = 190, 140
"""Of the picture, and of the longest gradient in it."""
MARKS = {"Static": "α → 0", "NashMTL": "Nash-MTL", "MGDA": "MGDA"}
X_TICKS = {0.0: "0", 0.25: "0.25", 0.5: "0.5", 0.75: "0.75", 1.0: "1"}
Y_TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1", 1.5: "1.5"}
AXES = ("α / (1 + α), from the total to the least gain", "gain of each task")
NOTE = (
    "The line is where d ends for every α, with weights λ that sum to 1: at α → 0 in the direction of the "
    "mean, or of what is nearest to it and harms no task; at α = 1 at Nash-MTL's d; at α → ∞ at MGDA's. "
    "Shaded directions harm no task. Gain: what a step of length 1 against d takes off a loss, per unit of "
    "learning rate."
)


class Fairness(Widget):
    """FairGrad's update of three gradients, its weights, and what each task gains, for every alpha.

    Parameters
    ----------
    gradients : {"none", "mild", "strong", "lengths"}, default "strong"
        The gradients: without conflict, with a conflict that the mean bears, with one in which the mean harms
        a task, or of unequal length.
    alpha : float, default 2
        Degree of fairness, from 0.02 to 100. It moves to the nearest of 16.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "chart", "fairness")
    gradients = Choice(SETS, "strong")
    alpha = Number(ALPHAS[0], ALPHAS[-1], 2.0, digits=2)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("alpha")
    def _on_grid(self, proposal: Any) -> float:
        return min(ALPHAS, key=lambda alpha: abs(alpha - proposal["value"]))

    def read(self) -> dict[str, Any]:
        """Look up what the page shows of the gradients.

        Returns
        -------
        entry : dict
            The gradients, the directions of the marks, and for each alpha, with both limits around them, the
            weights (3,), the direction (2,) and the gains (3,).
        """
        return self.data["sets"][list(SETS).index(self.gradients)]

    def first_frame(self) -> str:
        entry, at = self.read(), ALPHAS.index(self.alpha) + 1
        lines = [
            (light, list(zip(self.data["places"], gains, strict=True)))
            for (light, _), gains in zip(style.TASKS, np.transpose(entry["gains"]).tolist(), strict=True)
        ]
        picture = chart.draw(lines, X_TICKS, Y_TICKS, AXES)
        alt = (
            f"Gains of three tasks ({entry['label']}) by FairGrad against α: the least rises from "
            f"{min(entry['gains'][0]):.2f} to {min(entry['gains'][-1]):.2f}"
        )
        rows = [
            [f"task {task + 1}", f"{entry['w'][at][task]:.2f}", f"{entry['gains'][at][task]:.2f}"]
            for task in range(3)
        ]
        table = html_table([f"α = {self.alpha:g}", "weight λ", "gain"], rows)
        return still(picture, alt, table) + f'<p class="mtl-note">{NOTE}</p>'


def limits(gradients: Tensor) -> tuple[Tensor, Tensor]:
    """Weights on the simplex, (3,) each, towards which those of FairGrad go for small and for large alpha."""
    mean = torch.full((1, len(gradients)), 1 / len(gradients), dtype=gradients.dtype)
    nearest = _dual_cone.project(gradients, mean)[0]
    return nearest / nearest.sum(), MGDA().weights(gradients @ gradients.T)


def _set(name: str) -> dict[str, Any]:
    label, polar = SETS[name]
    gradients = tables.gradients(polar)
    gramian = gradients @ gradients.T
    least, largest = limits(gradients)
    weights = torch.stack([least, *(FairGrad(alpha).weights(gramian) for alpha in ALPHAS), largest])
    directions = weights @ gradients
    gains = directions / directions.norm(dim=1, keepdim=True) @ gradients.T

    def rounded(values: Tensor) -> Any:
        return (values.numpy().round(4) + 0.0).tolist()  # no -0

    return {
        "name": name,
        "label": label,
        "gradients": rounded(gradients),
        "cone": plane.cone([angle for angle, _ in polar]),
        "harmed": [i for i in range(3) if gradients.mean(0) @ gradients[i] < 0],
        "w": rounded(weights),
        "d": rounded(directions),
        "gains": rounded(gains),
        "marks": rounded(torch.stack([least, NashMTL().weights(gramian), largest]) @ gradients),
    }


@cache
def _content() -> dict[str, Any]:
    return {
        "sets": [_set(name) for name in SETS],
        "alphas": list(ALPHAS),
        "places": [0.0, *(round(alpha / (1 + alpha), 4) for alpha in ALPHAS), 1.0],
        "size": [plane.SIZE, HEIGHT],
        "reach": REACH,
        "marks": [{"name": name, "label": text, "colours": colours(name)} for name, text in MARKS.items()],
        "xTicks": list(X_TICKS.items()),
        "yTicks": list(Y_TICKS.items()),
        "axes": list(AXES),
        "tasks": style.TASKS,
        "note": NOTE,
        "accent": colours("FairGrad"),
    }
