"""MOML: reference numbers, and its response against finite differences."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import TASKS, batch, gradients_by_hand, make_model, points
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.book.toys import Point
from mtlcore.methods.losses.moml import MOML


def test_moml_reference() -> None:
    rows, tasks = points((1, 0), (0, 2))
    validation, _ = points((1, 0.2), (0.1, 2))
    model = mtl.MultiTaskModel(Point([0, 0]), [nn.Identity(), nn.Identity()])
    step = mtl.Batch(torch.zeros(1, 0), rows)
    signals = mtl.Signals(model, step, tasks, mtl.Batch(torch.zeros(1, 0), validation))
    response = signals.response(vector(0.5, 0.5), 0.1)
    q = -0.1 * response @ (torch.eye(2, dtype=torch.float64) / 2 - 0.25)
    torch.testing.assert_close(q, torch.stack([vector(-0.01875, 0.01875), vector(0.09375, -0.09375)]))
    assert_exact(MOML(lr=0.1).logit_gradient(response), 0, 0)


def test_moml_response_is_the_slope_of_the_validation_losses() -> None:
    """Against finite differences of F_k(omega'(a)) in the logits."""
    model, data = make_model(), batch()
    held_out = mtl.Batch(data.inputs.flip(0) * 0.7, data.targets)
    logits, lr = vector(0.3, -0.2), 0.1
    alpha = logits.softmax(0)
    response = mtl.Signals(model, data, TASKS, held_out).response(alpha, lr)
    q = -lr * response @ (torch.diag(alpha) - torch.outer(alpha, alpha))
    jacobian, heads = gradients_by_hand(model, data)

    def after(logits: Tensor) -> Tensor:
        moved = make_model()
        weights = logits.softmax(0)
        pieces = (weights @ jacobian).split([p.numel() for p in moved.trunk.parameters()])
        with torch.no_grad():
            for p, v in zip(moved.trunk.parameters(), pieces, strict=True):
                p -= lr * v.view_as(p)
            for w, head, own in zip(weights, moved.heads, heads, strict=True):
                for p, g in zip(head.parameters(), own, strict=True):
                    p -= lr * w * g
        return mtl.Signals(moved, held_out, TASKS).losses

    step = 1e-6 * torch.eye(2, dtype=torch.float64)
    numeric = torch.stack([(after(logits + e) - after(logits - e)) / 2e-6 for e in step], 1)
    torch.testing.assert_close(q, numeric, rtol=1e-5, atol=1e-9)


def test_moml_follows_where_both_validation_losses_fall() -> None:
    method = MOML(optimizer=partial(torch.optim.SGD, lr=1.0))
    weights = method.weights(torch.tensor([[1.0, 0.1], [1.0, 0.2]]))
    assert weights[0] > 0.6  # task 0 helps both
    assert weights.sum().item() == pytest.approx(1)
