"""Problems in the plane, and one for a network."""

from __future__ import annotations

from itertools import pairwise

import torch
from helpers.methods import make, methods

import mtlcore as mtl
from mtlcore.book.toys import descend, quadratic, teachers

TASKS = {"flat": quadratic([1, 0], [1, 4], 30), "steep": quadratic([-1, 0.5], [9, 1], -20)}


@methods(texts=mtl.METHODS)
def test_descent_stays_finite(text: str) -> None:
    assert torch.isfinite(descend(TASKS, make(text), [2, 1.5], lr=0.05, steps=3)).all()


@methods(
    lambda method: method.sees in ("losses", "gramian", "jacobian"),
    "another signal stands in for the one that it sees",
    mtl.METHODS,
)
def test_descent_follows_the_methods_direction(text: str) -> None:
    method, twin = make(text), make(text)
    path = descend(TASKS, method, [2, 1.5], lr=0.05, steps=3)
    learned = bool(method.learnable())  # its scales have moved after the first step
    for here, there in pairwise(path[:2] if learned else path):
        jacobian = torch.stack([torch.func.grad(f)(here) for f in TASKS.values()])
        losses = torch.stack([f(here) for f in TASKS.values()])
        expected = twin.weights(losses) @ jacobian if twin.family == "losses" else twin.direction(jacobian)
        torch.testing.assert_close(here - there, 0.05 * expected)
        if isinstance(twin, mtl.FAMO):
            twin.learn(losses, torch.stack([f(there) for f in TASKS.values()]))


def test_quadratic_has_its_curvatures() -> None:
    hessian = torch.func.hessian(TASKS["steep"])(torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.eigvalsh(hessian), torch.tensor([1.0, 9], dtype=torch.float64))
    assert TASKS["steep"](torch.tensor([-1, 0.5], dtype=torch.float64)) == 0


def test_teachers_differ_in_scale_alone() -> None:
    plain, scaled = teachers(3, (1, 1)), teachers(3, (1, 4))
    for name in ("train", "validation", "test"):
        one, other = getattr(plain, name), getattr(scaled, name)
        assert torch.equal(one.inputs, other.inputs) and torch.equal(one.targets[0], other.targets[0])
        torch.testing.assert_close(4 * one.targets[1], other.targets[1])
    assert not torch.equal(teachers(4).train.inputs, teachers(3).train.inputs)
