"""Task gradients for the tests of methods: fixed ones, random ones, and the signals made from them."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

import mtlcore as mtl

H = [[3, 0], [0, 0.1]]
IDENTICAL = [[1, 2], [1, 2]]
ZERO = [[1, 0], [0, 0]]
ASCENDS = [[1, 0, 0], [0, 1, 0], [0.35, 0.35, 0.5 * 0.02**0.5]]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@st.composite
def problems(draw_: st.DrawFn, most: int = 6) -> Tensor:
    """Gradients of every awkward kind."""
    tasks, size = draw_(st.integers(1, most)), draw_(st.integers(1, 7))
    kind = draw_(st.sampled_from(["plain", "acute", "wild", "duplicated", "rank one", "zero"]))
    generator = seeded(draw_(st.integers(0, 2**31)))
    gradients = torch.randn(tasks, size, generator=generator, dtype=torch.float64)
    scale = 10 ** (16 * torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 8)
    return {
        "plain": lambda: gradients,
        "acute": lambda: gradients + 2 * torch.randn(size, generator=generator, dtype=torch.float64),
        "wild": lambda: scale * gradients,
        "duplicated": lambda: torch.cat([gradients, gradients[:2]]),
        "rank one": lambda: gradients[:, :1] * gradients[:1],
        "zero": lambda: torch.cat([gradients, torch.zeros_like(gradients[:1])]),
    }[kind]()


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


A = [[1, 0], [-1, 1]]
B = [[1, 0], [1, 1]]
C = [[1, 0, 0], [-1, 1, 0], [0.5, -2, 1]]
OPPOSITE = [[1, 0], [-1, 0]]


def rows(values: list[list[float]]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def signal_of(method: mtl.methods.Method, jacobian: Tensor) -> Tensor:
    """A signal of the kind that the method sees, made from task gradients (T, D)."""
    if method.family == "samples":
        return jacobian @ torch.ones(jacobian.shape[1], 4, dtype=torch.float64)
    return {
        "losses": lambda: jacobian.norm(dim=1) + 1,
        "norms": lambda: jacobian.norm(dim=1),
        "alignment": lambda: jacobian @ jacobian[0],
        "gains": lambda: jacobian @ jacobian[0],
        "gramian": lambda: jacobian @ jacobian.T,
        "response": lambda: jacobian @ jacobian.T,
        "jacobian": lambda: jacobian,
    }[method.sees]()


def answer(method: mtl.methods.Method, signal: Tensor) -> Tensor:
    """Weights, or the direction where a method has no weights."""
    if method.sees != "jacobian":
        return method.weights(signal)
    return method.direction(signal, variables(signal))


def variables(jacobian: Tensor) -> list[int]:
    """Sizes of two variables that make up D coordinates, or of one."""
    size = jacobian.shape[-1] if jacobian.dim() else 0
    return [1, size - 1] if size > 1 else [size]


@st.composite
def jacobians(draw_: st.DrawFn, least: int = 1, most: int = 5) -> Tensor:
    """Random task gradients with norms between 1e-3 and 1e3."""
    tasks = draw_(st.integers(least, most))
    size = draw_(st.integers(1, 6))
    generator = torch.Generator().manual_seed(draw_(st.integers(0, 2**31)))
    scales = 10 ** (6 * torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 3)
    return scales * torch.randn(tasks, size, generator=generator, dtype=torch.float64)
