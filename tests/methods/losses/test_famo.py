"""FAMO: reference numbers, the direction in which xi moves, and what a training loop has to call."""

from __future__ import annotations

import copy
import math
import warnings
from functools import partial

import pytest
import torch
from helpers.asserts import assert_same_state
from helpers.gradients import vector
from helpers.networks import TASKS, batch, make_model, plain, toy
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.methods._learned import PATIENCE

SGD = partial(torch.optim.SGD, lr=1.0)


def assert_near(actual: Tensor, *expected: float) -> None:
    """To the 1e-8 that is added to each loss."""
    torch.testing.assert_close(actual.detach(), vector(*expected), rtol=0, atol=1e-7)


def test_famo_reference() -> None:
    """With xi = 0: shares 1/2, 1/4, 1/4 of inverse losses; then losses that halve, stay, and double."""
    famo, losses = mtl.FAMO(optimizer=SGD), vector(1, 2, 2)
    assert_near(famo.weights(losses), 0.5, 0.25, 0.25)
    famo.learn(losses, vector(0.5, 2, 4))
    step = math.log(2) / 3
    assert_near(famo.xi, -step, 0, step)
    # z is proportional to 2 ** (-1/3, 0, 1/3); the second step has a mean of the logarithms with weights z
    z = vector(2 ** (-1 / 3), 1, 2 ** (1 / 3))
    z = z / z.sum()
    famo.learn(losses, vector(0.5, 2, 2))
    delta = vector(math.log(2), 0, 0)
    assert_near(famo.xi, *(vector(-step, 0, step) - z * (delta - z[0] * math.log(2))).tolist())


def test_the_default_optimiser() -> None:
    """Adam's first step has the length of the rate; weight decay pulls xi back to zero."""
    famo = mtl.FAMO()
    famo.learn(vector(1, 1), vector(0.5, 1))
    assert_near(famo.xi, -0.025, 0.025)
    for _ in range(2000):
        famo.learn(vector(1, 1), vector(1, 1))
    assert famo.xi.abs().max() < 0.005


def test_a_task_whose_loss_falls_more_gets_less_weight() -> None:
    famo, losses = mtl.FAMO(), vector(1, 1, 1)
    before = famo.weights(losses)
    famo.learn(losses, vector(0.5, 0.8, 0.9))
    after = famo.weights(losses)
    assert after[0] < before[0]
    assert after[2] > before[2]


def test_xi_descends_the_squared_length_of_the_weighted_log_gradients() -> None:
    """The dual problem of the paper, by finite differences: half of |sum_i z_i grad log L_i|^2, in xi."""
    rows = torch.tensor([[1.0, 0.2], [-0.5, 1.5], [0.3, -0.1]], dtype=torch.float64)
    offsets, theta, xi = vector(2, 1, 3), vector(0.3, -0.4), vector(0.4, -0.3, 0.1)

    def losses(theta: Tensor) -> Tensor:
        return 0.5 * (rows @ theta - 1) ** 2 + offsets

    slopes = torch.func.jacrev(lambda theta: losses(theta).log())(theta)

    def dual(xi: Tensor) -> Tensor:
        return 0.5 * (xi.softmax(0) @ slopes).square().sum()

    step = 1e-6 * torch.eye(3, dtype=torch.float64)
    numeric = torch.stack([(dual(xi + e) - dual(xi - e)) / 2e-6 for e in step])
    famo, alpha = mtl.FAMO(optimizer=SGD), 1e-4
    famo.weights(losses(theta))
    famo.xi.data = xi.clone()
    famo.learn(losses(theta), losses(theta - alpha * xi.softmax(0) @ slopes))
    torch.testing.assert_close((xi - famo.xi.detach()) / alpha, numeric, rtol=1e-3, atol=1e-7)


def test_weights_lead_along_the_weighted_log_gradients() -> None:
    famo, losses = mtl.FAMO(least=(0.5, -1.0)), vector(1.5, 1).requires_grad_()
    famo.weights(losses)
    famo.xi.data = vector(0.7, -0.2)
    objective = (famo.xi.detach().softmax(0) * (losses - vector(0.5, -1)).log()).sum()
    (slope,) = torch.autograd.grad(objective, losses)
    torch.testing.assert_close(famo.weights(losses), slope / slope.sum(), rtol=1e-7, atol=0)


def training(famo: mtl.FAMO, steps: int = 1, after: bool = True) -> None:
    model = make_model()
    sgd = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(steps):
        sgd.zero_grad()
        signals = mtl.Signals(model, batch(), TASKS)
        famo.backward(signals)
        sgd.step()
        if after:
            famo.after_step(signals)


def test_after_step_compares_the_losses_of_one_batch() -> None:
    famo, twin, model = mtl.FAMO(), mtl.FAMO(), make_model()
    signals = mtl.Signals(model, batch(), TASKS)
    famo.backward(signals)
    torch.optim.SGD(model.parameters(), lr=0.05).step()
    famo.after_step(signals)
    assert (signals.passes.forward, signals.passes.backward) == (2, 1)
    twin.learn(signals.losses, mtl.Signals(model, batch(), TASKS).losses)
    torch.testing.assert_close(famo.xi, twin.xi, rtol=0, atol=1e-12)
    assert famo.xi.abs().min() > 0.01


def test_fit_calls_after_step() -> None:
    famo = mtl.FAMO()
    model = mtl.MultiTaskModel(nn.Linear(5, 4), [nn.Linear(4, 2), nn.Linear(4, 2)])
    mtl.fit(model, toy(), famo, epochs=2, batch_size=16, progress=False)
    assert int(famo._optimizer.state[famo.xi]["step"]) == 8


def test_a_step_that_is_skipped_is_none_for_xi() -> None:
    """Before gradients are there, and where the scaler skips the step."""
    famo, model = mtl.FAMO(), make_model(dtype=torch.float32)
    training(famo, 3)
    before = copy.deepcopy(famo.state_dict())
    single = batch(torch.float32)
    famo.after_step(mtl.Signals(model, single, TASKS))
    assert_same_state(famo.state_dict(), before)
    scaler, sgd = torch.amp.GradScaler("cpu", init_scale=2.0**10), torch.optim.SGD(model.parameters(), lr=0.1)
    for broken in (False, True):
        signals = mtl.Signals(model, single, TASKS, scaler=scaler)
        famo.backward(signals)
        if broken:
            next(model.parameters()).grad[0, 0] = torch.inf
        state = copy.deepcopy(famo.state_dict())
        scaler.step(sgd)
        scaler.update()
        famo.after_step(signals)
        assert torch.equal(famo.xi, state["xi"]) == broken
        sgd.zero_grad()


def test_a_compiled_trunk() -> None:
    found = []
    torch.compiler.reset()
    for compiled in (False, True):
        torch.manual_seed(0)
        trunk = plain().double()
        trunk = torch.compile(trunk, backend="aot_eager") if compiled else trunk
        model, famo = mtl.MultiTaskModel(trunk, make_model().heads), mtl.FAMO()
        sgd = torch.optim.SGD(model.parameters(), lr=0.05)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own
            for _ in range(3):
                sgd.zero_grad()
                signals = mtl.Signals(model, batch(), TASKS)
                famo.backward(signals)
                sgd.step()
                famo.after_step(signals)
        found.append(famo.xi.detach().clone())
    torch.testing.assert_close(*found)
    assert found[0].abs().min() > 0.01


def test_a_loop_without_after_step_is_told_once() -> None:
    famo = mtl.FAMO()
    training(famo, PATIENCE - 1, after=False)
    with pytest.warns(UserWarning, match=r"add method.after_step\(signals\)") as caught:
        training(famo, 2 * PATIENCE, after=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="after_step"):
        training(mtl.Compose(mtl.FAMO(), mtl.PCGrad()), PATIENCE, after=False)


def test_steps_without_a_label_of_a_task_are_counted_too() -> None:
    labels, values = batch().targets
    data = mtl.Batch(batch().inputs, (labels, torch.full_like(values, torch.nan)))
    famo, model = mtl.FAMO(), make_model()
    with pytest.warns(UserWarning, match="after_step") as caught:
        for _ in range(2 * PATIENCE):
            famo.backward(mtl.Signals(model, data, TASKS))
    assert len(caught) == 1


def test_a_loop_with_after_step_is_not_told(recwarn: pytest.WarningsRecorder) -> None:
    training(mtl.FAMO(), PATIENCE + 1)
    assert not [w for w in recwarn if w.category is UserWarning]


def test_losses_that_are_not_above_their_least_name_the_task() -> None:
    with pytest.raises(ValueError, match=r"loss of task 1 is 0, and its least is 0: .*least="):
        mtl.FAMO().weights(vector(1, 0))
    with pytest.raises(ValueError, match=r"loss of task 0 is 0\.5, and its least is 1"):
        mtl.FAMO(least=(1.0, 0.0)).learn(vector(2, 1), vector(0.5, 1))
    signals = mtl.Signals(make_model(), batch(), TASKS)
    with pytest.raises(ValueError, match="loss of task 'size' is"):
        mtl.FAMO(least=(0.0, 50.0)).backward(signals)
    famo = mtl.FAMO()
    famo.backward(signals)
    famo.least = (0.0, float(signals.losses[1]))
    with pytest.raises(ValueError, match="loss of task 'size' is"):
        famo.after_step(signals)
    with pytest.raises(ValueError, match="least must be finite"):
        mtl.FAMO(least=(0.0, math.inf))


def test_losses_and_tasks_that_do_not_fit() -> None:
    famo = mtl.FAMO()
    famo.weights(vector(1, 2))
    with pytest.raises(ValueError, match="seen 2 tasks and now sees 3"):
        famo.learn(vector(1, 2), vector(1, 2, 3))
    with pytest.raises(ValueError, match="loss of task 1 is not finite"):
        famo.learn(vector(1, 2), vector(1, math.nan))
