"""The gradient explorer: drag the task gradients, and see the update of every method."""

from __future__ import annotations

import base64
import inspect
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
import traitlets

from mtlcore.methods import METHODS, Method
from mtlcore.style import LOOKS, OWN, Look
from mtlcore.widgets import plane, tables
from mtlcore.widgets.base import Widget, image, module
from mtlcore.widgets.tables import Table

CONFLICT = ((10.0, 2.0), (135.0, 0.95))
STORY = ("Static", "RLW", "SLAW", "PCGrad", "Projection")
SHORTEST, LONGEST = 0.25, 2.0
SEES = {
    "losses": "Sees the losses.",
    "gramian": "Sees the inner products of the gradients.",
    "jacobian": "Sees the gradients themselves.",
}


class Explorer(Widget):
    """Two or three task gradients in a plane, the updates, the weights, and whom each update serves.

    Every number comes from the methods themselves: for two gradients from a table over angle and share
    of length, interpolated; for three from exact look-ups on a grid of 15 degrees and lengths 0.5, 1
    and 2. Methods that see something else than losses or gradients are left out.

    Parameters
    ----------
    gradients : two or three pairs of an angle in degrees and a length in [0.25, 2]; by default a
        conflict in which the first is the longer. Three are moved to the grid.
    shown : names of the methods whose arrows are on at first.
    own : more rules to show beside the registry's, by name.

    ``gradients`` and ``shown`` follow the picture in a live kernel, and it follows them.

    Raises
    ------
    ValueError : other than two or three gradients, a length that is not positive and finite, a name in
        ``shown`` that is not there, or a rule in ``own`` that sees something else.
    """

    _esm = module("explorer")
    gradients: Any = traitlets.List().tag(sync=True)
    shown: Any = traitlets.List().tag(sync=True)
    unit = traitlets.Bool(False, help="draw every update with length one").tag(sync=True)
    data = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        gradients: Iterable[Sequence[float]] = CONFLICT,
        shown: Sequence[str] | None = None,
        own: Mapping[str, Method] | None = None,
    ) -> None:
        own = own or {}
        for name, rule in own.items():
            if rule.sees not in tables.SIGNALS:
                raise ValueError(f"{name} sees {rule.sees!r}, and only gradients are shown here")
        self._rules = {**_book(), **{name: (rule, tables.tabulate(rule)) for name, rule in own.items()}}
        super().__init__(
            gradients=list(gradients),
            shown=[*STORY, *own] if shown is None else list(shown),
            data=_pack(self._rules),
        )

    @traitlets.validate("gradients")
    def _on_grid(self, proposal: Any) -> list[list[float]]:
        polar = np.asarray(proposal["value"], dtype=float)
        if polar.shape not in ((2, 2), (3, 2)):
            raise ValueError(f"give two or three pairs (angle, length), not {proposal['value']}")
        if not (np.isfinite(polar).all() and (polar[:, 1] > 0).all()):
            raise ValueError(f"angles are finite and lengths positive, not {proposal['value']}")
        angles, lengths = polar.T
        if len(polar) == 3:
            step = 360 / tables.DIRECTIONS
            angles = np.round(angles / step) * step
            distance = np.abs(np.log(lengths[:, None] / tables.LENGTHS))
            lengths = tables.LENGTHS[distance.argmin(1)]
        return np.stack([angles % 360, lengths.clip(SHORTEST, LONGEST)], 1).tolist()

    @traitlets.validate("shown")
    def _known(self, proposal: Any) -> list[str]:
        for name in proposal["value"]:
            if name not in self._rules:
                raise ValueError(f"no {name!r} here; there are {', '.join(self._rules)}")
        return list(proposal["value"])

    def read(self) -> pd.DataFrame:
        """Weights, update and cosines of every method for the gradients as they stand, computed anew."""
        vectors = tables.gradients(self.gradients)
        tasks = range(1, len(vectors) + 1)
        rows = {}
        for name, (rule, table) in self._rules.items():
            if table.draws:
                result = torch.as_tensor(table.draws[len(vectors) - 2].mean(0))
            else:
                seeds = tables.fair_seeds(rule, len(vectors))
                result = tables.expected(rule, vectors, seeds)
            whole = rule.sees == "jacobian"
            update = result if whole else result @ vectors
            cosines = torch.cosine_similarity(vectors, update[None]).tolist()
            weights = [np.nan] * len(vectors) if whole else result.tolist()
            rows[name] = [*weights, *update.tolist(), *cosines]
        columns = [f"weight {i}" for i in tasks] + ["x", "y"] + [f"cosine {i}" for i in tasks]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)

    def first_frame(self) -> str:
        rows = self.read().loc[self.shown]
        looks = [_look(name) for name in rows.index]
        rows.index = pd.Index([look.label for look in looks])
        updates = [
            plane.Arrow(look.label, (x, y), look.light)
            for look, x, y in zip(looks, rows["x"], rows["y"], strict=True)
        ]
        worse = [
            f"task {i} is made worse by {', '.join(rows.index[rows[f'cosine {i}'] < 0])}"
            for i in range(1, len(self.gradients) + 1)
            if (rows[f"cosine {i}"] < 0).any()
        ]
        summary = "Task gradients and the updates of " + "; ".join([", ".join(rows.index), *worse])
        picture = image(plane.draw(tables.gradients(self.gradients).tolist(), updates), summary)
        opening = plane.cone([angle for angle, _ in self.gradients])
        table = rows.drop(columns=["x", "y"]).to_html(border=0, float_format="{:.2f}".format, na_rep="–")
        return (
            f'<div class="mtl-plane">{picture}<p class="mtl-status">{SHADED if opening else EMPTY}</p></div>'
            f'<div class="mtl-panel">{table}</div>'
            f'<p class="mtl-note">{NOTE}</p>'
        )


SHADED = "Every task improves in the shaded cone."
EMPTY = "No update improves every task."
NOTE = (
    "Arrows are update directions d; a step goes against d, so d along a gradient lowers that task's "
    "loss. All rules are on the scale of the mean: equal weighting (EW) has weights 1/T. Rules with one "
    "main task take the first."
)
STARRED = "* sees losses, not gradients; here it sees losses whose spread is the length of the gradient."


@cache
def _book() -> dict[str, tuple[Method, Table]]:
    with torch.random.fork_rng(devices=[]):
        rules = {name: method() for name, method in METHODS.items()}
    return {
        name: (rule, tables.tabulate(rule)) for name, rule in rules.items() if rule.sees in tables.SIGNALS
    }


def _look(name: str) -> Look:
    return LOOKS.get(name, OWN._replace(label=name))


def _pack(rules: Mapping[str, tuple[Method, Table]]) -> dict[str, Any]:
    """What the browser gets: the tables as one compressed block of 16-bit numbers, and the rest."""
    block, entries = [], []
    for name, (rule, table) in rules.items():
        look = _look(name)
        entry: dict[str, Any] = {
            "name": name,
            "label": look.label,
            "light": look.light,
            "dark": look.dark,
            "note": f"{_summary(rule)} {SEES[rule.sees]}",
        }
        if table.draws:
            entry["draws"] = [draws.round(4).tolist() for draws in table.draws]
        else:
            entry["alike"] = table.alike
            entry["whole"] = rule.sees == "jacobian"
            entry["starred"] = rule.sees == "losses" and not table.fixed
            entry["steps"] = []
            for values in (table.two, table.three):
                step = float(np.abs(values).max()) / 32767 or 1.0
                entry["steps"].append(step)
                block.append(np.round(values / step).astype("<i2").tobytes())
        entries.append(entry)
    return {
        "rules": entries,
        "block": base64.b64encode(zlib.compress(b"".join(block), 9)).decode(),
        "angles": tables.ANGLES.tolist(),
        "shares": tables.SHARES.tolist(),
        "lengths": tables.LENGTHS.tolist(),
        "directions": tables.DIRECTIONS,
        "limits": [SHORTEST, LONGEST],
        "size": plane.SIZE,
        "scale": plane.UNIT,
        "notes": [NOTE, STARRED],
    }


def _summary(rule: Method) -> str:
    return (inspect.getdoc(type(rule)) or "").split("\n\n")[0].replace("\n", " ")
