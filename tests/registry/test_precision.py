"""Every method under autocast, and with a loss scaler."""

from __future__ import annotations

import copy

import pytest
import torch
from helpers.asserts import assert_same_state
from helpers.methods import TEXTS, make, methods
from helpers.networks import TASKS, batch, flat_grad, make_model
from torch import Tensor

import mtlcore as mtl

COMPOSED = ["Compose(SLAW, PCGrad)", "Compose(UW, GradVac(per='variable'))", "Compose(GradNorm, RotoGrad)"]
ALL = [*TEXTS, *COMPOSED]
LARGE = 2.0**127


def single(factor: float = 1) -> mtl.Batch:
    whole = batch(torch.float32)
    return mtl.Batch(whole.inputs, (whole.targets[0], factor * whole.targets[1]))


@methods(texts=ALL)
def test_decisions_are_not_taken_in_half_precision(text: str) -> None:
    """An autocast around the step changes nothing but the forward pass."""
    found = []
    for around in (False, True):
        model, method, data = make_model(dtype=torch.float32), make(text), single()
        sgd = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=0.1)
        for _ in range(3):
            sgd.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                signals = mtl.Signals(model, data, TASKS, data)
                if around:
                    weights = method.backward(signals)
            if not around:
                weights = method.backward(signals)
            found.append([torch.zeros(()) if weights is None else weights, flat_grad(model)])
            sgd.step()
    torch.testing.assert_close(found[3:], found[:3], rtol=0, atol=0)


class Asks(mtl.methods.LossBalancing):
    def rule(self, losses: Tensor) -> Tensor:
        assert not torch.is_autocast_enabled("cpu")
        return torch.ones_like(losses)


def test_a_rule_of_your_own_is_not_under_autocast_either() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        Asks().backward(mtl.Signals(make_model(dtype=torch.float32), single(), TASKS))


def steps(text: str, scale: float | None) -> list:
    """Weights, gradients without the scale, and state, over some steps."""
    model, method, data = make_model(dtype=torch.float32), make(text), single()
    scaler = None if scale is None else torch.amp.GradScaler("cpu", init_scale=scale)
    learned = method.learnable()
    sgd = torch.optim.SGD([*model.parameters(), *learned], lr=0.1)
    found = []
    for _ in range(3):
        sgd.zero_grad()
        weights = method.backward(mtl.Signals(model, data, TASKS, data, scaler=scaler))
        if scaler is not None:
            scaler.unscale_(sgd)
        found += [weights, flat_grad(model), *(p.grad.clone() for p in learned)]
        (sgd if scaler is None else scaler).step(*([] if scaler is None else [sgd]))
        if scaler is not None:
            scaler.update()
    return [x for x in found if x is not None]


@methods(texts=ALL)
def test_a_scale_drops_out(text: str) -> None:
    """Of weights, of gradients, and of the scales that an optimiser of the training loop learns."""
    torch.testing.assert_close(steps(text, 2.0**10), steps(text, None), rtol=1e-4, atol=1e-6)


@methods(texts=[*ALL, "HydaLearn(first_order=True)"])
def test_a_gradient_that_overflows_is_a_skipped_step(text: str) -> None:
    """The scaler lowers its scale, and a rule that looks at gradients learns nothing from that step."""
    model, method, data = make_model(dtype=torch.float32), make(text), single(20)
    sgd = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=1e-3)
    method.backward(mtl.Signals(model, data, TASKS, data))
    sgd.step()
    sgd.zero_grad()
    before, trained = copy.deepcopy(method.state_dict()), copy.deepcopy(model.state_dict())
    scaler = torch.amp.GradScaler("cpu", init_scale=LARGE)
    weights = method.backward(mtl.Signals(model, data, TASKS, data, scaler=scaler))
    scaler.step(sgd)
    scaler.update()
    skipped = scaler.get_scale() == LARGE / 2
    assert skipped or method.sees == "losses"  # weights of losses may keep their sum in range
    if skipped:
        assert_same_state(model.state_dict(), trained)
    if method.sees != "losses" and method.family != "samples":
        assert weights is None or not weights.any()
        assert_same_state(method.state_dict(), before)
    calm = torch.amp.GradScaler("cpu", init_scale=1.0)
    sgd.zero_grad()
    method.backward(mtl.Signals(model, data, TASKS, data, scaler=calm))
    calm.step(sgd)
    assert flat_grad(model).isfinite().all()


def test_an_error_that_is_no_overflow_stays_one() -> None:
    data, scaler = single(), torch.amp.GradScaler("cpu", init_scale=2.0)
    hydalearn = mtl.HydaLearn(metric=lambda outputs, targets: float("nan"))
    with pytest.raises(ValueError, match="metric"):
        hydalearn.backward(mtl.Signals(make_model(dtype=torch.float32), data, TASKS, data, scaler=scaler))
    broken = mtl.Batch(data.inputs * torch.nan, data.targets)
    with pytest.raises(ValueError, match="loss of task"):
        mtl.PCGrad().backward(mtl.Signals(make_model(dtype=torch.float32), broken, TASKS, scaler=scaler))


def test_a_scaler_that_is_off_is_none() -> None:
    model, scaler = make_model(dtype=torch.float32), torch.amp.GradScaler("cpu", enabled=False)
    with torch.no_grad():
        model.heads[1].weight.fill_(1e30)
        model.heads[1].bias.fill_(0)
    data = single()
    loss = mtl.Task("root", lambda o, y: (o / 1e30).abs().sqrt() * 1e30, TASKS[1].metrics)
    zero = mtl.Batch(torch.zeros_like(data.inputs), data.targets)
    with torch.no_grad():
        for p in model.trunk.parameters():
            p.zero_()
    with pytest.raises(ValueError, match="not finite"):
        mtl.PCGrad().backward(mtl.Signals(model, zero, (TASKS[0], loss), scaler=scaler))
