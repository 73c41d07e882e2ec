"""An overlay of two images, pixel by pixel."""

import numpy as np


def slow_overlay(first: np.ndarray, second: np.ndarray, offset: int) -> np.ndarray:
    size = len(first) + offset
    canvas = np.zeros((size, size), int)
    for y in range(size):
        for x in range(size):
            here = []
            if y < len(first) and x < len(first):
                here.append(first[y, x])
            if y >= offset and x >= offset:
                here.append(second[y - offset, x - offset])
            canvas[y, x] = max(here, default=0)
    return canvas
