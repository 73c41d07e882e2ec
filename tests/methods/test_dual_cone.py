"""Projections on the dual cone of task gradients."""

from __future__ import annotations

import torch
from helpers.gradients import problems
from hypothesis import given
from torch import Tensor

from mtlcore.methods import _dual_cone


@given(problems())
def test_the_conditions_of_a_projection(gradients: Tensor) -> None:
    """Inside the cone, and what was added is at right angles to the answer and made of gradients."""
    identity = torch.eye(len(gradients), dtype=gradients.dtype)
    found = _dual_cone.project(gradients, identity)
    norms = gradients.norm(dim=1)
    for x, weights in zip(gradients, found, strict=True):
        y = weights @ gradients
        slack = 1e-7 * float(x.norm())
        assert (gradients @ y >= -slack * norms).all()
        assert abs(y @ (y - x)) <= slack * float(x.norm())
        if weights.any():
            assert (weights >= 0).all()


def test_nothing_changes_without_a_conflict() -> None:
    gradients = torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    weights = torch.tensor([[0.2, 0.8]], dtype=torch.float64)
    assert torch.equal(_dual_cone.project(gradients, weights), weights)
