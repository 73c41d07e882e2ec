"""The plane of the gradient explorer as one SVG picture, for a page on which no script runs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import atan2, cos, degrees, hypot, pi, radians, sin
from typing import NamedTuple

from mtlcore.book.style import INK

Point = tuple[float, float]

SIZE, UNIT = 340, 72
"""Side of the picture, and length of a unit vector in it."""


class Arrow(NamedTuple):
    """An update: its label, its vector and its colour."""

    label: str
    vector: Point
    color: str


def draw(
    gradients: Sequence[Point],
    updates: Sequence[Arrow],
    names: Sequence[str] = ("g₁", "g₂", "g₃"),
    served: int = 3,
    unit: float = UNIT,
) -> str:
    """SVG of the gradients, the updates, and the cone in which the first ``served`` tasks improve."""
    parts = [
        f'<circle cx="{SIZE / 2}" cy="{SIZE / 2}" r="{r * unit}" fill="none" '
        f'stroke="{INK}" stroke-opacity=".3"/>'
        for r in (1, 2)
        if r * unit < SIZE / 2
    ]
    opening = cone([degrees(atan2(y, x)) for x, y in gradients[:served]])
    if opening:
        reach = 2.25 * UNIT
        (x0, y0), (x1, y1) = (_place((reach * cos(radians(a)), reach * sin(radians(a)))) for a in opening)
        parts.append(
            f'<path d="M{SIZE / 2} {SIZE / 2}L{x0} {y0}A{reach} {reach} 0 0 0 {x1} {y1}Z" '
            f'fill="{INK}" fill-opacity=".2"/>'
        )
    taken: list[tuple[float, float, float]] = []
    for name, (x, y) in zip(names, gradients, strict=False):
        tip = unit * x, unit * y
        parts += [_arrow(tip, 4, INK), _label(name, tip, INK, taken)]
    for label, (x, y), fill in updates:
        tip = unit * x, unit * y
        parts += [_arrow(tip, 2.5, fill), _label(label, tip, fill, taken)]
    return svg(SIZE, SIZE, "".join(parts))


def svg(width: float, height: float, content: str) -> str:
    """A standalone SVG document."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13" font-weight="600">'
        f"{content}</svg>"
    )


def cone(angles: Sequence[float]) -> tuple[float, float] | None:
    """First and last angle, in degrees, of the directions that improve every task; None if there are none."""
    turns = [(angle - angles[0] + 180) % 360 - 180 for angle in angles]
    low, high = max(turns) - 90, min(turns) + 90
    return (angles[0] + low, angles[0] + high) if low < high else None


def _place(vector: Point) -> Point:
    return round(SIZE / 2 + vector[0], 1), round(SIZE / 2 - vector[1], 1)


def _arrow(vector: Point, width: float, stroke: str) -> str:
    x, y = _place(vector)
    angle = atan2(-vector[1], vector[0])
    head = "".join(
        f"L{x - 3.5 * width * cos(angle + side):.1f} {y - 3.5 * width * sin(angle + side):.1f}"
        for side in (pi / 7, -pi / 7)
    )
    return (
        f'<path d="M{SIZE / 2} {SIZE / 2}L{x} {y}" stroke="{stroke}" stroke-width="{width}"/>'
        f'<path d="M{x} {y}{head}Z" fill="{stroke}"/>'
    )


def _label(text: str, vector: Point, fill: str, taken: list[tuple[float, float, float]]) -> str:
    """Text beyond a tip, moved up or down until it is clear of the spans (left, right, y) taken."""
    x, y = _place(vector)
    length, width = hypot(*vector) or 1, 8 * len(text)
    x += 10 * vector[0] / length - (width if vector[0] < 0 else 0)
    y += 5 - 14 * vector[1] / length
    y = next(
        y + shift
        for shift in (0, -16, 16, -32, 32, -48, 48, 0)
        if shift == 48
        or all(right < x or left > x + width or abs(y + shift - at) > 14 for left, right, at in taken)
    )
    taken.append((x, x + width, y))
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}">{escape(text)}</text>'
