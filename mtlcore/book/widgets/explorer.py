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

from mtlcore.book import style
from mtlcore.book.widgets import plane, tables
from mtlcore.book.widgets.base import Widget, html_table, module, still
from mtlcore.book.widgets.tables import Table
from mtlcore.methods import METHODS, Method
from mtlcore.methods._random import Randomised

CONFLICT = ((10.0, 2.0), (135.0, 0.95))
STORY = ("Static", "RLW", "SLAW", "PCGrad", "Projection")
SHORTEST, LONGEST = 0.25, 2.0
FAMILIES = {
    "losses": "Losses",
    "gradients": "Gradients",
    "auxiliary": "Main and auxiliary",
    "samples": "Samples",
}
SEES = {
    "losses": "Sees the losses.",
    "gramian": "Sees the inner products of the gradients.",
    "jacobian": "Sees the gradients themselves.",
    "norms": "Sees the lengths of the gradients.",
    "response": "Sees validation gradients after a step.",
    "gains": "Sees what throw-away steps gain.",
    "alignment": "Sees inner products with one gradient.",
}
ASSUMED = {
    "losses": "losses whose spread is the length of the gradient",
    "gains": "gains for task 1 of short steps of one length",
    "alignment": "one sample a task, and g₁ as validation gradient",
}


class Explorer(Widget):
    """Two or three task gradients in a plane, the updates, the weights, and whom each update serves.

    Every number comes from the methods themselves: for two gradients from a table over angle and share
    of length, interpolated; for three from exact look-ups on a grid of 15 degrees and lengths 0.5, 1
    and 2. Methods with memory are shown at their start; one that there repeats another is left out, and so
    is one that acts on each coordinate alone.

    Parameters
    ----------
    gradients : sequence of pairs of float, optional
        Angle in degrees and length in [0.25, 2] of two or three gradients; by default a conflict in which the
        first is the longer. Three gradients are moved to the grid.
    shown : sequence of str
        Names of the methods whose arrows are on at first.
    own : mapping of str to Method, optional
        More rules by name, to show beside those of the registry.

    Raises
    ------
    ValueError
        If there are not two or three gradients, a length is not positive and finite, a name in ``shown`` is
        unknown, or a rule in ``own`` sees another signal or acts on each coordinate alone.

    Notes
    -----
    In a live kernel ``gradients`` and ``shown`` change with the picture, and the picture with them.
    """

    _esm = module("arrows", "explorer")
    gradients: Any = traitlets.List().tag(sync=True)
    shown: Any = traitlets.List().tag(sync=True)
    unit = traitlets.Bool(False, help="draw every update with length one").tag(sync=True)

    def __init__(
        self,
        gradients: Iterable[Sequence[float]] = CONFLICT,
        shown: Sequence[str] | None = None,
        own: Mapping[str, Method] | None = None,
    ) -> None:
        own = own or {}
        for name, rule in own.items():
            if reason := _reason(rule):
                raise ValueError(f"{name} {reason}; the explorer cannot show it")
        self._rules = {name: (rule, _table(name)) for name, rule in _book()[0].items()}
        self._rules |= {name: (rule, tables.tabulate(rule)) for name, rule in own.items()}
        super().__init__(gradients=list(gradients), shown=[*STORY, *own] if shown is None else list(shown))

    def content(self) -> dict[str, Any]:
        return _pack(self._rules)

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
            elif len(vectors) == 3 and table.three is None:
                rows[name] = [np.nan] * 8
                continue
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
            if np.isfinite(x)
        ]
        worse = [
            f"task {i} is made worse by {', '.join(rows.index[rows[f'cosine {i}'] < 0])}"
            for i in range(1, len(self.gradients) + 1)
            if (rows[f"cosine {i}"] < 0).any()
        ]
        summary = "Task gradients and the updates of " + "; ".join([", ".join(rows.index), *worse])
        picture = plane.draw(tables.gradients(self.gradients).tolist(), updates)
        opening = plane.cone([angle for angle, _ in self.gradients])
        numbers = rows.drop(columns=["x", "y"])
        cells = numbers.map("{:.2f}".format).replace("nan", "–")
        shown = html_table(["", *numbers.columns], [[str(name), *row] for name, *row in cells.itertuples()])
        return (
            still(picture, summary, shown, SHADED if opening else EMPTY)
            + f'<p class="mtl-note">{NOTE} {_left_out()}</p>'
        )


SHADED = "Every task improves in the shaded cone."
EMPTY = "No update improves every task."
NOTE = (
    "Arrows are update directions d; a step goes against d, so d along a gradient lowers that task's "
    "loss. All rules are on the scale of the mean: equal weighting (EW) has weights 1/T. Rules with one "
    "main task take the first, and rules with memory are shown at their start."
)
AXES = "acts on each coordinate alone"
SIZE = "goes by the size of the losses, which gradients do not show"


def _reason(rule: Method) -> str | None:
    """Why a plane cannot show a method's update, if it cannot."""
    if rule.sees not in tables.SIGNALS:
        return f"sees {rule.sees!r}, which is not made of gradients alone"
    if tables.reads_size(rule):
        return SIZE
    return None if tables.turns(rule) else AXES


@cache
def _book() -> tuple[dict[str, Method], dict[str, str]]:
    """Methods of the registry, and for those that are left out why."""
    with torch.random.fork_rng(devices=[]):
        rules = {name: method() for name, method in METHODS.items()}
    starts: dict[str, list[torch.Tensor]] = {}
    left_out = {}
    for name, rule in rules.items():
        if reason := _reason(rule):
            left_out[name] = reason
            continue
        start = tables.start(rule)
        like = [other for other in starts if _repeats(start, starts[other])]
        if like and not (isinstance(rule, Randomised) and tables.is_blind(rule)):
            left_out[name] = f"starts as {style.label(like[0])}"
        else:
            starts[name] = start
    return {name: rules[name] for name in starts}, left_out


@cache
def _table(name: str) -> Table:
    """Table of a method of the registry; the largest take seconds."""
    return tables.tabulate(_book()[0][name])


def _repeats(start: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    """Whether answers repeat those of another method, or both are equal weights, of whatever size."""
    alike = all(torch.allclose(a, b, atol=2e-3) for a, b in zip(start, other, strict=True))
    return alike or all(each.max() - each.min() < 2e-3 for each in (*start, *other))


def _left_out() -> str:
    """Which methods are not shown, and why, in one line."""
    return f"Not shown: {_grouped(_book()[1], '{} ({})')}."


def _starred(rules: Mapping[str, tuple[Method, Table]]) -> str:
    """Notes on signals that the explorer approximates from gradients."""
    seen = {name: ASSUMED[rule.sees] for name, (rule, table) in rules.items() if _is_starred(rule, table)}
    return f"* Here {_grouped(seen, '{}: {}')}."


def _is_starred(rule: Method, table: Table) -> bool:
    return rule.sees in ASSUMED and not table.draws


def _grouped(remarks: Mapping[str, str], pattern: str) -> str:
    """Remarks on methods, each once, with the labels of all that it is about."""
    groups: dict[str, list[str]] = {}
    for name, remark in remarks.items():
        groups.setdefault(remark, []).append(_look(name).label)
    return "; ".join(pattern.format(", ".join(labels), remark) for remark, labels in groups.items())


def _look(name: str) -> style.Look:
    return style.look(name) if name in METHODS else style.OWN._replace(label=name)


def _pack(rules: Mapping[str, tuple[Method, Table]]) -> dict[str, Any]:
    """What the browser gets: the tables as one compressed block of 16-bit numbers, and the rest."""
    block, entries = [], []
    for name, (rule, table) in rules.items():
        look = _look(name)
        entry: dict[str, Any] = {
            "name": name,
            "label": look.label,
            "colours": [look.light, look.dark],
            "family": FAMILIES[rule.family],
            "note": f"{_summary(rule)} {SEES[rule.sees]}",
        }
        if table.draws:
            entry["draws"] = [draws.round(4).tolist() for draws in table.draws]
        else:
            entry["alike"] = table.alike
            entry["whole"] = rule.sees == "jacobian"
            entry["starred"] = _is_starred(rule, table)
            entry["steps"] = []
            for values in (table.two, table.three):
                if values is None:
                    continue
                step = float(np.abs(values).max()) / 32767 or 1.0
                entry["steps"].append(step)
                block.append(np.round(values / step).astype("<i2").tobytes())
        entries.append(entry)
    return {
        "rules": entries,
        "block": base64.b64encode(zlib.compress(b"".join(block), 9)).decode(),
        "angles": tables.ANGLES.tolist(),
        "places": tables.PLACES.tolist(),
        "widest": tables.WIDEST,
        "edge": tables.EDGE,
        "lengths": tables.LENGTHS.tolist(),
        "directions": tables.DIRECTIONS,
        "limits": [SHORTEST, LONGEST],
        "size": plane.SIZE,
        "scale": plane.UNIT,
        "notes": [NOTE, _starred(rules), _left_out()],
    }


def _summary(rule: Method) -> str:
    return (inspect.getdoc(type(rule)) or "").split("\n\n")[0].replace("\n", " ")
