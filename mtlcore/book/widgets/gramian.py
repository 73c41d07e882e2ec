"""The Gramian of three gradients: what the methods that see nothing else make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import plane, tables
from mtlcore.book.widgets.base import HERE, Widget, colours, html_table, module, still
from mtlcore.methods import (
    IMTLG,
    MGDA,
    AlignedMTL,
    CAGrad,
    FairGrad,
    GradVac,
    Method,
    NashMTL,
    PCGrad,
    Static,
    UPGrad,
)

RULES: dict[str, Method] = {
    "Static": Static(),
    "MGDA": MGDA(),
    "CAGrad": CAGrad(),
    "IMTLG": IMTLG(),
    "PCGrad": PCGrad(),
    "GradVac": GradVac(),
    "NashMTL": NashMTL(),
    "AlignedMTL": AlignedMTL(),
    "FairGrad": FairGrad(),
    "UPGrad": UPGrad(),
}
SHOWN = ("Static", "MGDA", "CAGrad", "IMTLG", "PCGrad", "GradVac")
SAME = {"GradVac": "PCGrad"}
"""At its first step GradVac is PCGrad."""
STORED = ("MGDA", "CAGrad", "IMTLG", "PCGrad", "NashMTL", "AlignedMTL", "FairGrad", "UPGrad")
FILE = HERE / "gramian.npz"
"""The weights of these; ``python -m mtlcore.book.widgets.gramian`` writes it."""
LENGTHS = (0.5, 1.0, 2.0)
ANGLES = (30, 50, 70, 90, 110, 130, 150)
"""No two of them add up to a third, and no three to 360: three gradients never lie in a plane."""
PAIRS = ((0, 1), (0, 2), (1, 2))
WIDTH, HEIGHT = 340.0, 280.0
SIDE, TOP = 190.0, 66.0
MIDDLE = np.array([WIDTH / 2, TOP + SIDE * 3**0.5 / 3])
EDGE = 9.0
"""A point whose place is nearer than this to the frame's edge, or beyond it, is drawn at that distance."""
UNIT = 10_000
NOTE = (
    "Weights λ are scaled to the sum 1: a corner of the triangle is one task alone, and outside of it some "
    "weight is negative. A ring at the edge of the picture stands for a point beyond it. Kλ is what a short "
    "step with these weights takes off each loss, per unit of learning rate; below zero the loss rises. "
    "The stronger the colour of K, the larger the cosine; red is conflict."
)
REMARKS = {
    "PCGrad": "PCGrad: mean over its random orders.",
    "GradVac": "GradVac: at its first step, where it equals PCGrad.",
    "CAGrad": "CAGrad: c = 0.4.",
    "FairGrad": "FairGrad: α = 2.",
}


class Gramian(Widget):
    """Three task gradients by length and angle, their Gramian, and the weights of methods that see no more.

    Parameters
    ----------
    lengths : sequence of float, default (2, 1, 0.5)
        Norms of the three gradients, each 0.5, 1 or 2.
    angles : sequence of int, default (110, 130, 90)
        Angles in degrees of the pairs 1 and 2, 1 and 3, 2 and 3, each one of 30, 50, ..., 150.
    methods : sequence of str, default ("Static", "MGDA", "CAGrad", "IMTLG", "PCGrad", "GradVac")
        Names of the methods, each once, in the order of the table. There are ``"NashMTL"``, ``"AlignedMTL"``,
        ``"FairGrad"`` and ``"UPGrad"`` too.

    Raises
    ------
    ValueError
        If a length or an angle is another one, no three vectors have these angles, or a method is unknown or
        named twice.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "gramian")
    lengths: Any = traitlets.List([2.0, 1.0, 0.5]).tag(sync=True)
    angles: Any = traitlets.List([110, 130, 90]).tag(sync=True)
    methods: Any = traitlets.List([*SHOWN]).tag(sync=True)

    def content(self) -> dict[str, Any]:
        return _content(tuple(self.methods))

    @traitlets.observe("methods")
    def _anew(self, _: Any) -> None:
        self.data = self.content()

    @traitlets.validate("lengths")
    def _known(self, proposal: Any) -> list[float]:
        return _among(proposal["value"], LENGTHS, "lengths")

    @traitlets.validate("angles")
    def _possible(self, proposal: Any) -> list[int]:
        angles = _among(proposal["value"], ANGLES, "angles")
        if not exist(angles):
            raise ValueError(f"no three vectors have the angles {', '.join(map(str, angles))}")
        return angles

    @traitlets.validate("methods")
    def _tabulated(self, proposal: Any) -> list[str]:
        names = list(proposal["value"])
        for name in names:
            if name not in RULES or names.count(name) > 1:
                raise ValueError(f"methods are some of {', '.join(RULES)}, each once, not {names}")
        return names

    def read(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Compute what is shown, with the methods themselves.

        Returns
        -------
        rows : dict of str to tuple of Tensor
            By method: its weights (3,), scaled to the sum 1, and what a step takes off each loss (3,).
        """
        vectors = gradients(self.lengths, self.angles)
        found = {name: weights(name, vectors) for name in self.methods}
        return {name: (w, vectors @ (w @ vectors)) for name, w in found.items()}

    def first_frame(self) -> str:
        rows = self.read()
        corners = [place(w) for w in np.eye(3)]
        parts = [
            f'<polygon points="{" ".join(f"{x},{y}" for x, y in corners)}" fill="none" stroke="{style.INK}"/>'
        ]
        for text, (x, y), side in zip(("task 1", "task 2", "task 3"), corners, (-12, 20, 20), strict=True):
            parts.append(
                f'<text x="{x}" y="{y + side}" text-anchor="middle" fill="{style.INK}">{text}</text>'
            )
        for name, (w, _) in rows.items():
            (x, y), fill = place(w), style.color(name)
            parts.append(
                f'<circle cx="{x}" cy="{y}" r="6" fill="{fill}"><title>{label(name)}</title></circle>'
            )
        picture = plane.svg(WIDTH, HEIGHT, "".join(parts))
        alt = f"Weights of {', '.join(map(label, rows))} as points of a triangle with a task at each corner"
        heads = ["", *(f"λ{i}" for i in "₁₂₃"), *(f"(Kλ){i}" for i in "₁₂₃")]
        numbers = [
            [label(name), *(f"{x:.2f}" for x in w), *(f"{x:.2f}" for x in gain)]
            for name, (w, gain) in rows.items()
        ]
        vectors = gradients(self.lengths, self.angles)
        gramian = [
            [f"g{i}", *(f"{x:.2f}" for x in row)] for i, row in zip("₁₂₃", vectors @ vectors.T, strict=True)
        ]
        both = html_table(["K", "g₁", "g₂", "g₃"], gramian) + html_table(heads, numbers)
        return still(picture, alt, both) + f'<p class="mtl-note">{self.data["note"]}</p>'


def _among(values: Any, allowed: Sequence[Any], name: str) -> list[Any]:
    if len(values) != 3 or any(value not in allowed for value in values):
        raise ValueError(f"{name} are three of {', '.join(map(str, allowed))}, not {values}")
    return [allowed[allowed.index(value)] for value in values]


def label(name: str) -> str:
    """What the picture calls a method."""
    return style.label(name)


def exist(angles: Sequence[int]) -> bool:
    """Whether three vectors can have these angles between them."""
    return sum(angles) < 360 and 2 * max(angles) < sum(angles)


def gradients(lengths: Sequence[float], angles: Sequence[int]) -> Tensor:
    """Vectors (3, 3), in float64, with these lengths and angles."""
    cosines = torch.eye(3, dtype=torch.float64)
    for (i, j), angle in zip(PAIRS, angles, strict=True):
        cosines[i, j] = cosines[j, i] = 0 if angle == 90 else np.cos(np.deg2rad(angle))
    return torch.tensor(lengths, dtype=torch.float64)[:, None] * torch.linalg.cholesky(cosines)


def weights(name: str, vectors: Tensor) -> Tensor:
    """Weights (3,) of a method scaled to the sum 1; the mean over all orders where it draws one."""
    rule = RULES[name]
    found = tables.expected(rule, vectors, _seeds(name))
    return found / found.sum()


@cache
def _seeds(name: str) -> list[int]:
    return tables.fair_seeds(RULES[name], 3)


def place(w: Any) -> tuple[float, float]:
    """Where weights with the sum 1 lie in the picture: task 1 on top, 2 on the left, 3 on the right.

    A point that is not inside the picture is moved towards the middle of the triangle.
    """
    x, y = (MIDDLE + min(1.0, _share(w)) * _away(w)).round(1).tolist()
    return x, y


def beyond(w: Any) -> bool:
    """Whether weights with the sum 1 lie outside of the picture."""
    return _share(w) < 1


def _away(w: Any) -> NDArray[np.float64]:
    """The way from the middle of the triangle to weights."""
    first, second, _ = (float(x) for x in w)
    return np.array([SIDE * ((1 - first) / 2 - second), SIDE * 3**0.5 / 2 * (1 / 3 - first)])


def _share(w: Any) -> float:
    """The part of that way that is inside the picture; more than 1 if all of it is."""
    away = _away(w)
    room = np.where(away > 0, np.array([WIDTH, HEIGHT]) - EDGE - MIDDLE, MIDDLE - EDGE)
    with np.errstate(divide="ignore"):
        return float((room / np.abs(away)).min())


def nodes() -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Indices of lengths and of angles, one node for all that differ by the tasks' order or by scale."""
    seen: set[Any] = set()
    possible = [a for a in product(range(len(ANGLES)), repeat=3) if exist([ANGLES[i] for i in a])]
    for lengths, angles in product(product(range(len(LENGTHS)), repeat=3), possible):
        if min(lengths) == 0 and (lengths, angles) not in seen:
            seen.update(ordered(lengths, angles, order) for order in permutations(range(3)))
            yield lengths, angles


def ordered(
    lengths: Sequence[int], angles: Sequence[int], order: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same three gradients with their tasks in another order."""
    by_pair = {frozenset(pair): angle for pair, angle in zip(PAIRS, angles, strict=True)}
    return (
        tuple(lengths[i] for i in order),
        tuple(by_pair[frozenset((order[i], order[j]))] for i, j in PAIRS),
    )


def compute() -> NDArray[np.int32]:
    """The table, (nodes, methods, 2): the first two weights of every method that is in it, times ``UNIT``."""
    table = []
    for lengths, angles in nodes():
        vectors = gradients([LENGTHS[i] for i in lengths], [ANGLES[i] for i in angles])
        table.append(torch.stack([weights(name, vectors)[:2] for name in STORED]))
    return (torch.stack(table) * UNIT).round().int().numpy()


def stored(columns: Sequence[str] = STORED) -> dict[str, list[int]]:
    """Columns of the table by node, whose name are the six digits of its indices."""
    with np.load(FILE) as file:
        found = file["weights"][:, [STORED.index(name) for name in columns]]
    rows = found.reshape(len(found), -1).tolist()
    names = ("".join(map(str, (*lengths, *angles))) for lengths, angles in nodes())
    return dict(zip(names, rows, strict=True))


@cache
def _content(methods: tuple[str, ...]) -> dict[str, Any]:
    columns = [*dict.fromkeys(SAME.get(name, name) for name in methods if name != "Static")]
    return {
        "methods": [
            {
                "name": name,
                "label": label(name),
                "colours": colours(name),
                "column": -1 if name == "Static" else columns.index(SAME.get(name, name)),
            }
            for name in methods
        ],
        "table": stored(columns),
        "unit": UNIT,
        "lengths": list(LENGTHS),
        "angles": list(ANGLES),
        "cosines": [round(float(np.cos(np.deg2rad(angle))), 15) for angle in ANGLES],
        "size": [WIDTH, HEIGHT, SIDE, TOP, EDGE],
        "note": " ".join([NOTE, *(text for name, text in REMARKS.items() if name in {*methods, *columns})]),
        "accent": colours("Static"),
    }


if __name__ == "__main__":
    np.savez_compressed(FILE, weights=compute())
