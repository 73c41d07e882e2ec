"""Learned loss weights (UW and IMTL-L): reference numbers, optimum, limits."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import toy
from torch import nn

import mtlcore as mtl
from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.uw import UW


def with_s(method: UW | IMTLL, *values: float) -> UW | IMTLL:
    method.s.data = vector(*values)
    return method


@pytest.mark.parametrize(
    ("method", "objective", "slope", "weights"),
    [
        (with_s(UW(), 0, 0.5), 1.4016326649, (-0.5, 0.3483673351), (0.5, 0.3032653299)),
        (with_s(UW("classification"), 0, 0.5), 2.5532653299, (-1.5, 0.1967346701), (1, 0.6065306597)),
        (with_s(IMTLL(), 0, -0.5), 2.8032653299, (1, -0.6967346701), (1, 0.6065306597)),
    ],
    ids=["UW regression", "UW classification", "IMTL-L"],
)
def test_learned_weights_reference(
    method: UW | IMTLL, objective: float, slope: tuple, weights: tuple
) -> None:
    losses = vector(2, 0.5)
    value = method.objective(losses)
    assert value.item() == pytest.approx(objective, abs=1e-9)
    assert_exact(torch.autograd.grad(value, method.s)[0], *slope)
    assert_exact(method.weights(losses), *weights)


@pytest.mark.parametrize(
    ("method", "optimum"), [(UW(), lambda loss: 1 / (2 * loss)), (IMTLL(), lambda loss: 1 / loss)]
)
def test_learned_weights_reach_their_optimum(method: UW | IMTLL, optimum: object) -> None:
    losses = vector(0.3, 4)
    method.weights(losses)
    sgd = torch.optim.SGD(method.learnable(), lr=0.2)
    for _ in range(2000):
        sgd.zero_grad()
        method.objective(losses).backward()
        sgd.step()
    torch.testing.assert_close(method.weights(losses), optimum(losses))


@pytest.mark.parametrize("method", [UW(), IMTLL()])
def test_what_a_learned_weight_cannot_do(method: UW | IMTLL) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        method.weights(vector(1, -1))
    method.weights(vector(1, 1))
    with pytest.raises(ValueError, match="seen 2 tasks and now sees 3; make a new one"):
        method.weights(vector(1, 1, 1))
    method.s.data = vector(0, -2000 if isinstance(method, UW) else 2000)
    with pytest.raises(ValueError, match=r"weight of task 1 is not finite"):
        method.weights(vector(1, 1))
    method.reset()
    assert torch.isfinite(method.weights(vector(1, 1))).all()


@pytest.mark.parametrize("name", ["uw", "imtll"])
def test_fit_learns_the_weights_without_decay(name: str) -> None:
    method = {"uw": UW, "imtll": IMTLL}[name]()
    model = mtl.MultiTaskModel(nn.Linear(5, 4), [nn.Linear(4, 2), nn.Linear(4, 2)])
    adam = partial(torch.optim.AdamW, lr=0.05, weight_decay=10.0)
    mtl.fit(model, toy(), method, optimizer=adam, epochs=2, batch_size=16, progress=False)
    assert (method.s != 0).all()
