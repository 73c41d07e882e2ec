"""Assertions that several tests share."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from helpers.gradients import variables
from torch import Tensor

from mtlcore.methods import CAGrad
from mtlcore.methods.base import Method

EXACT = {"atol": 1e-9, "rtol": 0}


def assert_exact(actual: Tensor, *expected: float | list[float]) -> None:
    """The values of a tensor, as numbers or as one list, to an absolute error of 1e-9."""
    values = expected if not isinstance(expected[0], list | tuple) else expected[0]
    wanted = torch.tensor(values, dtype=torch.float64)
    torch.testing.assert_close(actual.detach().double(), wanted, **EXACT)


def assert_nearest(weights: Tensor, gradients: Tensor, slack: float = 1e-12) -> None:
    """On the simplex, and no gradient has a smaller product with d than d itself."""
    assert (weights >= 0).all()
    assert abs(weights.sum() - 1) < 1e-14
    d, norms = weights @ gradients, gradients.norm(dim=1)
    assert (gradients @ d >= d @ d - slack * norms * norms.min() - 1e-300).all()


def assert_same_steps(first: Sequence[Tensor], second: Sequence[Tensor]) -> None:
    """Two runs of some steps have answered with the same bits."""
    assert len(first) == len(second)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def assert_homogeneous(method: Method, twin: Method, jacobian: Tensor) -> None:
    """Eight times the gradients make eight times the direction."""
    torch.testing.assert_close(
        twin.direction(8 * jacobian, variables(jacobian)),
        8 * method.direction(jacobian, variables(jacobian)),
        rtol=1e-7,
        atol=1e-7 * float(jacobian.norm()),
    )


@contextmanager
def peak_below(limit: int) -> Iterator[None]:
    """What Python, numpy and its packers allocate inside is less than ``limit`` bytes at any time."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak:,} bytes"


def assert_same_state(state: dict, other: dict) -> None:
    """Two state dictionaries have the same bits."""
    assert state.keys() == other.keys()
    for name in state:
        if isinstance(state[name], Tensor):
            torch.testing.assert_close(state[name], other[name], rtol=0, atol=0, equal_nan=True)
        else:
            assert str(state[name]) == str(other[name])


def assert_mean_of_equal_gradients(method: Method, tasks: int) -> None:
    """On the scale of a mean: of equal losses with one gradient the direction is that gradient.

    CAGrad's is longer by a factor of its own.
    """
    gradient = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    jacobian = gradient.expand(tasks, 3)
    if method.sees == "losses":
        d = method.weights(torch.full((tasks,), 0.7, dtype=torch.float64)) @ jacobian
    else:
        d = method.direction(jacobian)
    factor = 1.4 / 1.16 if isinstance(method, CAGrad) else 1.0  # (1 + c) / (1 + c^2)
    torch.testing.assert_close(d, factor * gradient, rtol=1e-3, atol=1e-5)
