"""The paths to the circle are those of the methods."""

import pytest
import torch

from mtlcore import Projection, SingleTask, Static
from mtlcore.book import toys
from mtlcore.experiments.projection import figure3 as circle

METHODS = {"SingleTask": SingleTask(), "Static": Static([1, 0.1]), "Projection": Projection(lam=0.1)}


def test_gradients_are_those_of_the_losses():
    points = torch.randn(9, 2, dtype=torch.float64, requires_grad=True)
    for found, loss in zip(circle.gradients(points.detach()), circle.TASKS.values(), strict=True):
        (exact,) = torch.autograd.grad(loss(points).sum(), points)
        assert torch.allclose(found, exact)


@pytest.mark.parametrize("name", METHODS)
def test_paths_are_those_of_the_library(name):
    found = circle.descend(circle.RULES[name], circle.STARTS, circle.OPTIMIZERS["SGD"], 150)
    for place, start in enumerate(circle.STARTS):
        exact = toys.descend(circle.TASKS, METHODS[name], start, lr=0.01, steps=150)
        assert torch.allclose(found[:, place], exact, atol=1e-5)


@pytest.mark.parametrize("name", circle.OPTIMIZERS)
def test_the_end_points_of_the_paper(name):
    """Multi-task is drawn off the circle, to (12/11, 0); Projection stays on it, at (1, 0)."""
    ends = {
        rule: circle.descend(circle.RULES[rule], circle.STARTS, circle.OPTIMIZERS[name])[-1]
        for rule in ("Static", "Projection")
    }
    assert torch.allclose(ends["Static"], torch.tensor([12 / 11, 0.0]).double().expand(4, 2), atol=1e-4)
    assert torch.allclose(ends["Projection"], torch.tensor([1.0, 0.0]).double().expand(4, 2), atol=0.02)
