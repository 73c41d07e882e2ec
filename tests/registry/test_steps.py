"""A step of every method: gradients, passes, and what is missing."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from helpers.methods import make, methods
from helpers.networks import TASKS, N, batch, batches, flat_grad, gradients_by_hand, make_model, plain
from torch import nn

import mtlcore as mtl


@methods(lambda method: method.validates, "needs no validation batch", mtl.METHODS)
def test_a_method_that_looks_ahead_says_what_it_misses(text: str) -> None:
    with pytest.raises(ValueError, match="validation"):
        make(text).backward(mtl.Signals(make_model(), batch(), TASKS))


@methods(lambda method: method.family != "samples", "weighs samples: tests/methods/samples", mtl.METHODS)
@batches
def test_every_method_fills_the_gradients(text: str, data: mtl.Batch) -> None:
    """.grad of the shared parameters is the weighted sum or the direction; heads as the family says."""
    model, method, twin = make_model(), make(text), make(text)
    jacobian, heads = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS, data)
    weights = method.backward(signals)
    expected = twin.direction(jacobian, signals.sizes) if weights is None else weights @ jacobian
    torch.testing.assert_close(flat_grad(model), expected)
    if method.sees in ("losses", "gramian"):
        again = twin.weights(signals.losses if method.sees == "losses" else jacobian @ jacobian.T)
        torch.testing.assert_close(weights, again)
    for t, (head, own) in enumerate(zip(model.head_parameters(), heads, strict=True)):
        factor = weights[t] if method.weights_heads else 1
        torch.testing.assert_close([p.grad for p in head], [factor * g for g in own])


@methods(
    lambda method: method.family == "losses",
    "its heads follow their own loss, or its class says more",
    mtl.METHODS,
)
def test_weights_of_losses_are_weights_of_the_heads_too(text: str) -> None:
    assert make(text).weights_heads


def passes(method: mtl.methods.Method, trunk: nn.Module, inputs: int) -> dict[str, int]:
    """Of one step with seven tasks, so that a T is no other number."""
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(trunk, [nn.Linear(4, 2) for _ in range(7)])
    data = mtl.Batch(torch.randn(N, inputs), tuple(torch.randn(N, 2) for _ in range(7)))
    tasks = [mtl.Task.regression(f"task {i}") for i in range(7)]
    signals = mtl.Signals(model, data, tasks, data)
    method.backward(signals)
    return asdict(signals.passes)


@methods(texts=mtl.METHODS)
def test_passes_are_what_the_docstring_says(text: str) -> None:
    method = make(text)
    words = {7: "T", 8: "T + 1", 9: "T + 2", 14: "2T"}
    counts = passes(method, plain(), inputs=5)
    counted = ", ".join(f"{words.get(n, n)} {k.replace('_', '-')}" for k, n in counts.items() if n)
    assert f"Cost: {counted}" in method.__doc__


@methods(texts=mtl.METHODS)
def test_where_only_inner_products_are_kept_the_update_is_one_pass_more(text: str) -> None:
    method = make(text)
    narrow = passes(make(text), plain(), inputs=5)
    wide = passes(method, nn.Sequential(nn.Linear(400, 64), nn.Tanh(), nn.Linear(64, 4)), inputs=400)
    more = {
        **narrow,
        "backward": narrow["backward"] + ("Cost: 1 forward, T backward or T + 1" in method.__doc__),
    }
    assert wide == more
