"""Problems in the plane."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

import mtlcore as mtl
from mtlcore.book.toys import descend, quadratic

TASKS = {"flat": quadratic([1, 0], [1, 4], 30), "steep": quadratic([-1, 0.5], [9, 1], -20)}


@pytest.mark.parametrize("name", mtl.METHODS)
def test_descent_follows_the_methods_direction(name: str) -> None:
    method, twin = mtl.METHODS[name](), mtl.METHODS[name]()
    for m in (method, twin):
        m.seed(0)
    path = descend(TASKS, method, [2, 1.5], lr=0.05, steps=3)
    assert torch.isfinite(path).all()
    if method.sees not in ("losses", "gramian", "jacobian"):
        return
    learned = bool(method.learnable())  # its scales have moved after the first step
    for here, there in pairwise(path[:2] if learned else path):
        jacobian = torch.stack([torch.func.grad(f)(here) for f in TASKS.values()])
        losses = torch.stack([f(here) for f in TASKS.values()])
        expected = twin.weights(losses) @ jacobian if twin.family == "losses" else twin.direction(jacobian)
        torch.testing.assert_close(here - there, 0.05 * expected)


def test_quadratic_has_its_curvatures() -> None:
    hessian = torch.func.hessian(TASKS["steep"])(torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.eigvalsh(hessian), torch.tensor([1.0, 9], dtype=torch.float64))
    assert TASKS["steep"](torch.tensor([-1, 0.5], dtype=torch.float64)) == 0
