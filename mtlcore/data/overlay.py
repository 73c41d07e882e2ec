"""Two images in one: what the two-digit data sets have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import index

import numpy as np
import torch

from mtlcore.tasks.batch import MultiTaskData, Split
from mtlcore.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Pool:
    """Images (M, H, W), uint8, and their classes (M,), that overlays are made from."""

    images: np.ndarray
    classes: np.ndarray

    def __getitem__(self, part: slice) -> "Pool":
        return Pool(self.images[part], self.classes[part])


def overlay(first: np.ndarray, second: np.ndarray, offset: int) -> np.ndarray:
    """The first images at the top left, the second ones ``offset`` pixels right of and below them.

    Where they meet, the brighter pixel counts. (N, H, W) twice -> (N, H + offset, W + offset).
    """
    n, height, width = first.shape
    canvas = np.zeros((n, height + offset, width + offset), np.uint8)
    canvas[:, :height, :width] = first
    corner = canvas[:, offset:, offset:]
    np.maximum(corner, second, out=corner)
    return canvas


def draw_pairs(first: Pool, second: Pool, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n,) in each pool, uniform and with replacement.

    When both are the same pool, the second image is uniform over those of the other classes.
    """
    i = rng.integers(len(first.classes), size=n)
    if first is not second:
        return i, rng.integers(len(second.classes), size=n)
    by_class = np.argsort(first.classes, kind="stable")
    size = np.bincount(first.classes)
    start = np.cumsum(size) - size
    c = first.classes[i]
    k = rng.integers(len(by_class) - size[c])  # a place among the images of the other classes
    return i, by_class[np.where(k < start[c], k, k + size[c])]


def make_overlays(
    name: str,
    pools: Mapping[str, tuple[Pool, Pool]],
    sizes: Mapping[str, int],
    offset: int,
    seed: int,
) -> MultiTaskData:
    """A data set of overlays with the tasks "top-left" and "bottom-right".

    ``pools`` and ``sizes`` have the keys "train", "validation" and "test". Each split has its own
    stream of random numbers, so that the size of one does not change another.
    """

    def split(stream: int, key: str) -> Split:
        first, second = pools[key]
        i, j = draw_pairs(first, second, sizes[key], np.random.default_rng([seed, stream]))
        images = overlay(first.images[i], second.images[j], offset)
        return Split(
            torch.from_numpy(images[:, None]),
            (torch.from_numpy(first.classes[i]), torch.from_numpy(second.classes[j])),
        )

    train, validation, test = (split(s, k) for s, k in enumerate(("train", "validation", "test")))
    tasks = (Task.classification("top-left"), Task.classification("bottom-right"))
    return MultiTaskData(name, train, validation, test, tasks)


def check_options(*, seed: int, **sizes: int) -> None:
    """Refuse a size below one, a negative seed and whatever is not a whole number."""
    for option, value, least in [("seed", seed, 0), *((k, n, 1) for k, n in sizes.items())]:
        try:
            if isinstance(value, bool) or index(value) < least:
                raise TypeError
        except TypeError:
            raise ValueError(f"{option} must be a whole number of at least {least}, not {value!r}") from None
