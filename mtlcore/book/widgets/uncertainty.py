"""The objectives that learn weights: what a loss does to them, and to the weight at their minimum."""

from __future__ import annotations

from functools import cache, partial
from typing import Any, Literal

import numpy as np
import torch
import traitlets
from scipy.optimize import brentq, minimize_scalar

from mtlcore.book.style import TASKS
from mtlcore.book.widgets import chart
from mtlcore.book.widgets.base import Choice, Widget, colours, html_table, module, still
from mtlcore.methods import IMTLL, UW
from mtlcore.methods._learned import LearnedScales

Rule = Literal["UW", "UW, classification", "IMTL-L"]
RULES: dict[Rule, Any] = {"UW": UW, "UW, classification": partial(UW, kind="classification"), "IMTL-L": IMTLL}
LOSSES = np.round(10 ** (np.arange(-12, 13) / 6), 4)
WIDEST, HIGHEST, NODES = 6.0, 8.0, 41
S_TICKS = {float(s): str(s).replace("-", "−") for s in range(-6, 7, 2)}
J_TICKS = {float(j): str(j).replace("-", "−") for j in range(-4, 9, 4)}


class Uncertainty(Widget):
    """Two losses, the objective of each one's s, and the weights at its minimum.

    Curves and weights are those of :class:`mtlcore.UW` and :class:`mtlcore.IMTLL`.

    Parameters
    ----------
    losses : sequence of float, default (4.6, 0.22)
        The losses of two tasks. They move to the nearest of 25 values from 0.01 to 100.
    rule : {"UW", "UW, classification", "IMTL-L"}, default "UW"
        The rule that weighs them.

    Raises
    ------
    ValueError
        If the rule is unknown, or there are not two losses above zero.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("chart", "uncertainty")
    losses = traitlets.List([4.6416, 0.2154]).tag(sync=True)
    rule = Choice(RULES)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("losses")
    def _listed(self, proposal: Any) -> list[float]:
        losses = proposal["value"]
        if len(losses) != 2 or not all(0 < loss < float("inf") for loss in losses):
            raise ValueError(f"losses are two numbers above zero, not {losses}")
        return [float(LOSSES[np.abs(np.log(LOSSES / loss)).argmin()]) for loss in losses]

    def first_frame(self) -> str:
        nodes = self.data["rules"][list(RULES).index(self.rule)]["nodes"]
        shown = [nodes[LOSSES.tolist().index(loss)] for loss in self.losses]
        lines = [(light, node["curve"]) for (light, _), node in zip(TASKS[:2], shown, strict=True)]
        picture = chart.draw(lines, S_TICKS, J_TICKS, ("s", "objective"))
        alt = f"The objective of s for losses {self.losses[0]:.2f} and {self.losses[1]:.2f}, {self.rule}"
        rows = [
            [str(task), f"{loss:.2f}", f"{node['s']:.2f}", f"{node['weight']:.2f}"]
            for task, (loss, node) in enumerate(zip(self.losses, shown, strict=True), start=1)
        ]
        return still(picture, alt, html_table(["task", "loss L", "best s", "weight"], rows))


@torch.no_grad()
def node(make: Any, loss: float) -> dict[str, Any]:
    """A rule's objective for one loss as points (s, J) up to ``HIGHEST``, its minimum, and that weight."""
    rule: LearnedScales = make()
    losses = torch.tensor([loss], dtype=torch.float64)

    def objective(s: float) -> float:
        rule.s.data = torch.tensor([s], dtype=torch.float64)
        return float(rule.objective(losses))

    def end(side: float) -> float:
        return side if objective(side) <= HIGHEST else brentq(lambda s: objective(s) - HIGHEST, best, side)

    best = minimize_scalar(objective, bounds=(-WIDEST, WIDEST), method="bounded", options={"xatol": 1e-7}).x
    found = {"s": round(best, 4), "height": round(objective(best), 4)}
    weight = float(rule.weights(losses))
    places = np.linspace(end(-WIDEST), end(WIDEST), NODES)
    curve = [[round(s, 3), round(objective(s), 3)] for s in places.tolist()]
    return {**found, "weight": float(f"{weight:.5g}"), "curve": curve}


@cache
def _content() -> dict[str, Any]:
    return {
        "losses": LOSSES.tolist(),
        "rules": [
            {"name": name, "nodes": [node(make, loss) for loss in LOSSES.tolist()]}
            for name, make in RULES.items()
        ],
        "sTicks": list(S_TICKS.items()),
        "heightTicks": list(J_TICKS.items()),
        "tasks": TASKS[:2],
        "accent": colours("Static"),
    }
