"""Overlays of two images, for the two-digit data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from mtlcore.tasks import MultiTaskData, Split, Task


@dataclass(frozen=True, eq=False)
class Pool:
    """Images and their classes, from which overlays are made.

    Parameters
    ----------
    images : ndarray, shape (M, H, W), uint8
        Grey images.
    classes : ndarray, shape (M,), int64
        Their classes, from 0 on.
    """

    images: np.ndarray
    classes: np.ndarray

    def __getitem__(self, part: slice) -> Pool:
        return Pool(self.images[part], self.classes[part])


def overlay(first: np.ndarray, second: np.ndarray, offset: int) -> np.ndarray:
    """Put the second images ``offset`` pixels to the right of and below the first ones.

    Where two images overlap, the brighter pixel counts.

    Parameters
    ----------
    first, second : ndarray, shape (N, H, W), uint8
        The images at the top left and at the bottom right.
    offset : int
        Number of pixels, horizontally and vertically.

    Returns
    -------
    images : ndarray, shape (N, H + offset, W + offset), uint8
        The overlays; pixels that no image covers are 0.
    """
    n, height, width = first.shape
    canvas = np.zeros((n, height + offset, width + offset), np.uint8)
    canvas[:, :height, :width] = first
    corner = canvas[:, offset:, offset:]
    np.maximum(corner, second, out=corner)
    return canvas


def draw_pairs(first: Pool, second: Pool, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of images, uniformly and with replacement.

    Parameters
    ----------
    first, second : Pool
        If both are the same object, the two images of a pair have different classes: the second one is
        uniform over the images of the other classes.
    n : int
        Number of pairs.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    i, j : ndarray, shape (n,)
        Positions in the first and in the second pool.
    """
    i = rng.integers(len(first.classes), size=n)
    if first is not second:
        return i, rng.integers(len(second.classes), size=n)
    # Sorted by class, the images of class c have the positions start[c] to start[c] + size[c] - 1. Number
    # the images of all other classes without gap: numbers from start[c] on have to jump over class c.
    by_class = np.argsort(first.classes, kind="stable")
    size = np.bincount(first.classes)
    start = np.cumsum(size) - size
    c = first.classes[i]
    k = rng.integers(len(by_class) - size[c])
    return i, by_class[np.where(k < start[c], k, k + size[c])]


def make_overlays(
    name: str,
    pools: Mapping[str, tuple[Pool, Pool]],
    sizes: Mapping[str, int],
    offset: int,
    seed: int,
) -> MultiTaskData:
    """Make a data set of overlays with the tasks ``"top-left"`` and ``"bottom-right"``.

    Each split has a random stream of its own, so that its content does not depend on the sizes of the others.

    Parameters
    ----------
    name : str
        Name of the data set.
    pools : mapping of str to tuple of Pool
        First and second pool of ``"train"``, ``"validation"`` and ``"test"``.
    sizes : mapping of str to int
        Number of overlays of each.
    offset : int
        As in :func:`overlay`.
    seed : int
        Seed of the random streams.

    Returns
    -------
    data : MultiTaskData
        Images (N, 1, H + offset, W + offset), uint8, and classes (N,), int64, of both tasks.
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
