"""PCGrad: reference numbers, its algorithm word for word, and identities."""

from __future__ import annotations

import itertools

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import OPPOSITE, A, B, C, jacobians, rows, seeded
from hypothesis import given
from torch import Tensor

import mtlcore as mtl


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (mtl.PCGrad(), A, [0.5, 1.5]),
        (mtl.PCGrad(), B, [2, 1]),
        (mtl.PCGrad(), OPPOSITE, [0, 0]),
        (mtl.PCGrad(scale="mean"), A, [0.25, 0.75]),
    ],
    ids=repr,
)
def test_reference_directions(method: mtl.METHODS, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


def test_pcgrad_orders() -> None:
    """With three tasks the order matters; its mean over all orders is the reference's expectation."""
    seen = torch.stack([mtl.PCGrad(generator=seeded(i)).direction(rows(C)) for i in range(300)])
    distinct = torch.unique(seen.round(decimals=9), dim=0)
    natural = torch.tensor([0.0119047619, -0.2976190476, 1.5238095238], dtype=torch.float64)
    assert (distinct - natural).abs().sum(1).min() < 1e-8
    orders = itertools.product(*[list(itertools.permutations(set(range(3)) - {i})) for i in range(3)])
    directions = [_pcgrad_in_order(rows(C), order) for order in orders]
    for row in distinct:
        assert min((row - d).norm() for d in directions) < 1e-8
    assert_exact(torch.stack(directions).mean(0), [0.2559523810, -0.25, 1.5])


def _pcgrad_in_order(gradients: Tensor, order: tuple) -> Tensor:
    """Algorithm 1 of Yu et al., word for word."""
    total = torch.zeros_like(gradients[0])
    for i, others in enumerate(order):
        g = gradients[i].clone()
        for j in others:
            if g @ gradients[j] < 0:
                g -= (g @ gradients[j]) / (gradients[j] @ gradients[j]) * gradients[j]
        total += g
    return total


@given(jacobians(least=2, most=2))
def test_pcgrad_of_two_is_two_projections(jacobian: Tensor) -> None:
    both = mtl.Projection(main=0).direction(jacobian) + mtl.Projection(main=1).direction(jacobian)
    expected = both - jacobian.sum(0)
    torch.testing.assert_close(mtl.PCGrad().direction(jacobian), expected, rtol=1e-7, atol=1e-9)
    assert (jacobian @ expected >= -1e-9 * (jacobian.norm() ** 2)).all()


@given(jacobians())
def test_pcgrad_without_conflict_is_the_sum(jacobian: Tensor) -> None:
    torch.testing.assert_close(mtl.PCGrad().direction(jacobian.abs()), jacobian.abs().sum(0))
