"""A chart as one SVG picture, for a page on which no script runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import log

from mtlcore.book.style import INK
from mtlcore.book.widgets.plane import Point, svg

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 48, 345, 20, 195


def draw(
    lines: Sequence[tuple[str, Sequence[Point]]],
    x: Mapping[float, str],
    y: Mapping[float, str],
    labels: tuple[str, str],
    logarithmic: bool = False,
) -> str:
    """SVG of lines, each a colour and its points, in a frame that reaches from the first tick to the last.

    ``x`` and ``y`` map ticks to what they say; ``labels`` are those of the axes; ``logarithmic`` is the
    vertical one.
    """
    across = _scale(min(x), max(x), LEFT, RIGHT)
    bend = log if logarithmic else float
    rise = _scale(bend(min(y)), bend(max(y)), BOTTOM, TOP)
    up = {tick: rise(bend(tick)) for tick in y}
    parts = [
        f'<path d="M{LEFT} {place}H{RIGHT}" stroke="{INK}" stroke-opacity=".3"/>'
        f'<text x="{LEFT - 6}" y="{place + 4}" fill="{INK}" text-anchor="end">{y[tick]}</text>'
        for tick, place in up.items()
    ] + [
        f'<text x="{across(tick)}" y="{BOTTOM + 18}" fill="{INK}" text-anchor="middle">{text}</text>'
        for tick, text in x.items()
    ]
    for color, points in lines:
        path = "L".join(f"{across(a)} {rise(bend(b))}" for a, b in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2.5"/>')
    parts += [
        f'<text x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 8}" fill="{INK}" text-anchor="middle">'
        f"{escape(labels[0])}</text>",
        f'<text x="4" y="12" fill="{INK}">{escape(labels[1])}</text>',
    ]
    return svg(WIDTH, HEIGHT, "".join(parts))


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: round(start + (value - low) / (high - low) * (end - start), 1)
