"""Paths of descent on two problems in the plane, computed by the methods, for a page to look up.

A path depends on the method, the unit of the first task, and the start, which lies on a grid. It is kept at
some of its steps. ``python -m mtlcore.book.widgets.paths`` computes the stored file anew, in about a
quarter of an hour.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.book.toys import Function, quadratic
from mtlcore.methods import FAMO, METHODS
from mtlcore.methods._learned import LearnedScales

Array = NDArray[np.float64]
Stored = NDArray[np.int16]
FILE = Path(__file__).with_name("paths.npz")
SHOWN = ("Static", "UW", "SLAW", "MGDA", "PCGrad", "IMTLG", "CAGrad")
UNITS = (1.0, 3.0, 8.0, 20.0)
ACROSS, UP = np.linspace(-2, 2, 11).round(1), np.linspace(-1, 2.2, 9).round(1)
"""Coordinates of the starts."""
STEP = 1 / 512
"""Unit of the stored coordinates."""
FLOOR = 1.0
"""Loss of a task at its minimum, in a unit of 1, so that no loss comes to zero."""
KEPT = np.array([0, 1, 2, 4, 7, 11, 16, 23, 32, 45, 62, 85, 115, 150, 195, 245, 300])


class Problem(NamedTuple):
    """Two tasks in the plane, the learning rate, and the steps at which their paths are kept."""

    label: str
    tasks: tuple[Function, Function]
    lr: float
    steps: NDArray[np.int64]

    def losses(self, unit: float) -> dict[str, Function]:
        """Losses of the tasks, the first in that unit."""
        first, second = self.tasks
        return {"task 1": lambda x: unit * (first(x) + FLOOR), "task 2": lambda x: second(x) + FLOOR}


def valley(centre: float) -> Function:
    """Half a squared distance along a curved valley, and a steeper one across it."""
    return lambda x: 0.25 * (x[..., 0] - centre) ** 2 + 1.8 * (x[..., 1] + 0.6 - 0.5 * x[..., 0] ** 2) ** 2


PROBLEMS = {
    "bowls": Problem(
        "two bowls", (quadratic([-1, 0], [1, 4], 30), quadratic([1, 0], [1, 4], -30)), 0.02, KEPT
    ),
    "valley": Problem("a curved valley", (valley(-1), valley(1)), 0.01, 2 * KEPT),
}


def descents(problem: str, method: str, unit: float, starts: Tensor) -> Array:
    """Paths of a method from starts (starts, 2), at the steps that are kept, (starts, steps, 2).

    They are those of :func:`mtlcore.book.toys.descend`, but losses and gradients are computed for all starts
    at once. Each start has a rule of its own.
    """
    tasks, lr, steps = PROBLEMS[problem].losses(unit).values(), PROBLEMS[problem].lr, PROBLEMS[problem].steps
    slopes = [torch.func.grad(lambda x, task=task: task(x).sum()) for task in tasks]
    rules = [METHODS[method](scale="mean") for _ in starts]
    learners = [rule for rule in rules if isinstance(rule, LearnedScales)]
    scales = [scale for rule in learners for scale in rule.learnable()]
    path = [starts]
    for _ in range(int(steps[-1])):
        losses = torch.stack([task(path[-1]) for task in tasks], 1)
        gradients = torch.stack([slope(path[-1]) for slope in slopes], 1)
        signals = losses if rules[0].sees == "losses" else gradients @ gradients.mT
        weights = torch.stack([rule.weights(signal) for rule, signal in zip(rules, signals, strict=True)])
        if learners:
            optimizer = torch.optim.SGD(scales, lr)
            optimizer.zero_grad()
            for rule, each in zip(learners, losses, strict=True):
                rule.objective(each).backward()
            optimizer.step()
        path.append(path[-1] - lr * (weights[:, None] @ gradients)[:, 0])
        after = torch.stack([task(path[-1]) for task in tasks], 1)
        for own, *both in zip(rules, losses, after, strict=True):
            if isinstance(own, FAMO):
                own.learn(*both)
    return torch.stack(path, 1)[:, steps].numpy()


@cache
def stored() -> dict[str, Stored]:
    """Paths by problem, (methods, units, starts up, starts across, steps, 2), in units of ``STEP``."""
    with np.load(FILE) as file:
        return {name: file[name] for name in PROBLEMS}


def packed(stored: Stored) -> str:
    """Differences along steps, starts and units, low bytes before high ones: zeros that compress well."""
    for axis in (4, 3, 2, 1):
        stored = np.diff(stored, axis=axis, prepend=np.zeros_like(stored.take([0], axis=axis)))
    planes = stored.astype("<i2").ravel().view(np.uint8).reshape(-1, 2).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def look_up(problem: str, method: str, unit: float, start: Sequence[float]) -> Array:
    """The stored :func:`path` of a start on the grid."""
    place = UP.tolist().index(start[1]), ACROSS.tolist().index(start[0])
    return stored()[problem][SHOWN.index(method), UNITS.index(unit)][place] * STEP


@cache
def polynomials(problem: str) -> Array:
    """Coefficients of x^a y^b in the losses in a unit of 1, (2, 5, 5); both problems are such sums."""
    points = np.stack(np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9)), -1).reshape(-1, 2)
    powers = np.polynomial.polynomial.polyvander2d(points[:, 0], points[:, 1], [4, 4])
    losses = [f(torch.as_tensor(points)).numpy() for f in PROBLEMS[problem].losses(1.0).values()]
    found = np.linalg.lstsq(powers, np.stack(losses, 1), rcond=None)[0]
    return found.T.reshape(2, 5, 5).round(10)


def _compute(problem: str) -> Stored:
    starts = torch.cartesian_prod(torch.as_tensor(UP), torch.as_tensor(ACROSS)).flip(1)
    paths = np.array([[descents(problem, method, unit, starts) for unit in UNITS] for method in SHOWN])
    shape = len(SHOWN), len(UNITS), len(UP), len(ACROSS), len(KEPT), 2
    return np.round(paths.reshape(shape) / STEP).astype(np.int16)


if __name__ == "__main__":
    np.savez_compressed(FILE, bowls=_compute("bowls"), valley=_compute("valley"))
