"""HydaLearn: reference numbers, gains of a step, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import TASKS, batch, gradients_by_hand, make_model, quadratic_step
from hypothesis import given
from hypothesis import strategies as st

import mtlcore as mtl
from mtlcore.methods.auxiliary.hydalearn import HydaLearn
from mtlcore.tasks import accuracy


@pytest.mark.parametrize(
    ("gains", "options", "weights"),
    [
        ((2, 1), {}, (2 / 3, 1 / 3)),
        ((2, 1), {"beta": 3}, (0.8888888889, 0.1111111111)),
        ((-3, -1), {"downscale": False}, (0.75, 0.25)),
        ((-3, -1), {}, (0.4369276548, 0.1456425516)),
        ((1, -2), {}, (-1, 2)),
        ((1, -0.5), {}, (2, -1)),
        ((2, 0), {}, (1, 0)),
    ],
)
def test_hydalearn_as_printed(gains: tuple, options: dict, weights: tuple) -> None:
    assert_exact(HydaLearn(invalid="literal", **options).weights(vector(*gains)), *weights)


def test_hydalearn_literal_ratios_without_an_answer() -> None:
    with pytest.raises(ValueError, match="opposite sign"):
        HydaLearn(invalid="literal").weights(vector(1, -1))
    with pytest.raises(ValueError, match="no real power"):
        HydaLearn(invalid="literal", beta=0.5).weights(vector(1, -2))
    with pytest.raises(ValueError, match="two tasks"):
        HydaLearn(invalid="literal").weights(vector(1, 2, 3))


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), st.floats(0, 6))
def test_hydalearn_by_default_answers_on_the_simplex(gains: list[float], beta: float) -> None:
    weights = HydaLearn(beta=beta).weights(vector(*gains))
    assert (weights >= 0).all()
    helped = any(g > 0 for g in gains)
    assert weights.sum().item() == pytest.approx(1 if helped else 1 / (1 + 2.718281828459045**-1))
    if helped and beta > 0:
        assert (weights[vector(*gains) <= 0] == 0).all()


def test_hydalearn_skips_a_batch_that_helps_nobody() -> None:
    assert_exact(HydaLearn(invalid="skip").weights(vector(-1, -2, 0)), 0, 0, 0)


@pytest.mark.parametrize(
    ("normalise", "gains", "weights"),
    [
        (False, (0.18, -0.105), (2.4, -1.4)),
        (True, (0.1293502884, -0.0407770876), (1.4603772617, -0.4603772617)),
    ],
)
def test_gains_reference(normalise: bool, gains: tuple, weights: tuple) -> None:
    measured = quadratic_step(normalise)
    assert_exact(measured, *gains)
    assert_exact(HydaLearn(invalid="literal").weights(measured), *weights)


def test_hydalearn_leaves_the_model_alone_until_it_answers() -> None:
    data, model = batch(), make_model()
    held_out = mtl.Batch(data.inputs.flip(0), data.targets)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    signals = mtl.Signals(model, data, TASKS, held_out)
    jacobian, heads = gradients_by_hand(model, data)
    weights = HydaLearn(lr=0.1).backward(signals)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    grads = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(grads, weights @ jacobian)
    torch.testing.assert_close(model.heads[1].bias.grad, heads[1][1])


def test_hydalearn_with_a_metric_that_has_no_gradient() -> None:
    data = batch()
    method = HydaLearn(lr=0.5, metric=accuracy, on_training=True)
    weights = method.backward(mtl.Signals(make_model(), data, TASKS))
    assert torch.isfinite(weights).all()
    with pytest.raises(ValueError, match="metric of task 'shape' is nan"):
        broken = HydaLearn(metric=lambda o, y: float("nan"), on_training=True)
        broken.backward(mtl.Signals(make_model(), data, TASKS))


def test_hydalearn_running_baseline_is_the_last_best_fake_metric() -> None:
    data, model = batch(), make_model()
    method = HydaLearn(lr=0.1, baseline="running", on_training=True)
    gains, before = mtl.Signals(model, data, TASKS).gains(0.1, on_training=True)
    method.backward(mtl.Signals(model, data, TASKS))
    assert_exact(method.best, (gains + before).max().item())
    assert method._gains(mtl.Signals(model, data, TASKS)).max().item() == pytest.approx(0, abs=1e-12)


def test_hydalearn_of_first_order_takes_no_metric() -> None:
    with pytest.raises(ValueError, match="first-order"):
        HydaLearn(first_order=True, metric=max)


@pytest.mark.parametrize("wrong", [{"lr": 0}, {"lr": -1}, {"beta": -1}, {"total": 0}, {"total": -1}])
def test_each_wrong_argument_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="lr and total must be positive and beta not negative"):
        HydaLearn(**wrong)


def test_the_total_is_shared_where_nobody_helps() -> None:
    assert_exact(HydaLearn(total=2, downscale=False).weights(vector(-1, -2, 0)), 2 / 3, 2 / 3, 2 / 3)
