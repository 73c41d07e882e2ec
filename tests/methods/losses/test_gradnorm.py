"""GradNorm: reference numbers, its target, and the parameters whose norms it takes."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import TASKS, batch, gradients_by_hand, make_model

import mtlcore as mtl
from mtlcore.methods.losses.gradnorm import GradNorm


@pytest.mark.parametrize(
    ("losses", "alpha", "learned"),
    [((1, 1), 1.5, (1.0379746835, 0.9620253165)), ((0.5, 1), 1.5, (0.9629629630, 1.0370370370))],
)
def test_gradnorm_reference(losses: tuple, alpha: float, learned: tuple) -> None:
    method = GradNorm(alpha=alpha, optimizer=partial(torch.optim.SGD, lr=0.025))
    method.first = vector(1, 1)
    assert_exact(method.weights(vector(1, 2), vector(*losses)), 1, 1)
    assert_exact(method.w, *learned)


def test_gradnorm_with_alpha_zero_finds_slaws_target() -> None:
    """Equal weighted norms: Equation 4 of SLAW's paper."""
    method, norms = GradNorm(alpha=0, optimizer=partial(torch.optim.SGD, lr=1e-3)), vector(1, 2, 4)
    for _ in range(4000):
        weights = method.weights(norms)
    target = 3 / norms / (1 / norms).sum()
    torch.testing.assert_close(weights, target, atol=0.01, rtol=0)


def test_gradnorm_keeps_weights_at_its_floor() -> None:
    """A step of 0.6 takes the weights to 1.6 and -0.2."""
    method = GradNorm(floor=0.4, optimizer=partial(torch.optim.SGD, lr=0.6))
    method.weights(vector(1, 2))
    assert_exact(method.weights(vector(1, 2)), 1.6, 0.4)
    least = GradNorm(optimizer=partial(torch.optim.SGD, lr=0.6))
    least.weights(vector(1, 2))
    assert_exact(least.weights(vector(1, 2)), 2 / (1 + 1e-6 / 1.6), 2 / (1 + 1.6 / 1e-6))


def test_gradnorm_refuses() -> None:
    with pytest.raises(ValueError, match="first losses"):
        GradNorm().weights(vector(1, 1), vector(0, 1))


def test_norms_are_of_the_last_shared_layer_or_of_what_is_chosen() -> None:
    model, data = make_model(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    last = signals.sizes[-2] + signals.sizes[-1]
    torch.testing.assert_close(signals.norms(), jacobian[:, -last:].norm(dim=1))
    first = [model.trunk[0].weight]
    torch.testing.assert_close(signals.norms(first), jacobian[:, : signals.sizes[0]].norm(dim=1))
    assert signals.passes.backward == 0
    GradNorm(parameters_of=lambda s: [model.trunk[0].weight]).backward(signals)
    assert signals.passes.partial == 6
