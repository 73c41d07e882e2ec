"""Gradient clipping for optimisers."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD

from mtlcore.train.optimizers import clipped


def step(gradients: list[list[float]], max_norm: float) -> torch.Tensor:
    """What plain gradient descent of unit length makes of parameters at zero, each in its own group."""
    parameters = [nn.Parameter(torch.zeros(len(g))) for g in gradients]
    optimizer = clipped(partial(SGD, lr=1.0), max_norm)([{"params": [p]} for p in parameters])
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = torch.tensor(g)
    optimizer.step()
    return torch.cat([p.detach() for p in parameters])


def test_a_long_gradient_is_shortened_as_one_vector_over_all_groups() -> None:
    torch.testing.assert_close(step([[3.0, 0.0], [4.0]], 0.5), torch.tensor([-0.3, 0.0, -0.4]))


def test_a_short_gradient_stays_as_it_is() -> None:
    assert step([[0.3, 0.0], [0.4]], 0.6).tolist() == pytest.approx([-0.3, 0.0, -0.4])


def test_every_step_is_clipped_and_the_state_is_the_optimisers_own() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = clipped(partial(SGD, lr=1.0, momentum=0.5), 1.0)([parameter])
    parameter.grad = torch.tensor([10.0])
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    parameter.grad = torch.tensor([10.0])
    optimizer.step()
    assert parameter.item() == pytest.approx(-1 - 1.5)


@pytest.mark.parametrize("max_norm", [0.0, -1.0, float("nan")])
def test_the_norm_must_be_positive(max_norm: float) -> None:
    with pytest.raises(ValueError, match="max_norm must be above zero"):
        clipped(SGD, max_norm)
