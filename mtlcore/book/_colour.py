"""What the book asks of a method's colours: contrast on both pages, and distance to readers with colour
vision deficiency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LIGHT_PAGE, DARK_PAGES = "#ffffff", ("#121212", "#14181e")
CONTRAST, DARK_CONTRAST = 3.0, 4.5
"""Least contrast of a light colour to every page (a stored figure serves both), and of a dark one to the
dark pages."""
DISTANCE = 0.035
"""Least distance in Oklab between methods of two families, to every reader of ``VIEWS``."""
# Machado, Oliveira and Fernandes (2009), severity 1, as matrices on linear RGB.
VIEWS: dict[str, Array] = {
    "all": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
_LMS = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
_LAB = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])


def linear(color: str) -> Array:
    """Linear RGB of a hex colour."""
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two hex colours, 1 to 21 (WCAG 2)."""
    bright, dim = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (first, second)), reverse=True)
    return float((bright + 0.05) / (dim + 0.05))


def oklab(rgb: Any) -> Array:
    """Oklab coordinates (3,) of a linear RGB colour."""
    return _LAB @ np.cbrt(_LMS @ np.clip(rgb, 0, 1))


def is_readable_light(color: str) -> bool:
    """Whether a light colour stands out on every page."""
    return min(contrast(color, page) for page in (LIGHT_PAGE, *DARK_PAGES)) >= CONTRAST


def is_readable_dark(color: str) -> bool:
    """Whether a dark colour stands out on the dark pages."""
    return min(contrast(color, page) for page in DARK_PAGES) >= DARK_CONTRAST


def distance(first: str, second: str) -> float:
    """Least distance of two hex colours in Oklab over the readers of ``VIEWS``."""
    a, b = linear(first), linear(second)
    return min(float(np.linalg.norm(oklab(view @ a) - oklab(view @ b))) for view in VIEWS.values())


def nearest(color: str, others: Iterable[str]) -> float:
    """Distance to the nearest of other colours; infinite if there are none."""
    return min((distance(color, other) for other in others), default=np.inf)


def to_oklch(color: str) -> tuple[float, float, float]:
    """Lightness, chroma and hue (degrees) of a hex colour."""
    lightness, a, b = oklab(linear(color))
    return float(lightness), float(np.hypot(a, b)), float(np.degrees(np.arctan2(b, a)))


def from_oklch(lightness: float, chroma: float, hue: float) -> str | None:
    """The hex colour, or None outside sRGB."""
    angle = np.radians(hue)
    lab = np.array([lightness, chroma * np.cos(angle), chroma * np.sin(angle)])
    rgb = np.linalg.solve(_LMS, np.linalg.solve(_LAB, lab) ** 3)
    if rgb.min() < 0 or rgb.max() > 1:
        return None
    values = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * value):02x}" for value in values)
