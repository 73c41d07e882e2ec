"""Rules that learn their weights, look ahead, or look at single samples: reference numbers and behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_signals import TASKS, batch, gradients_by_hand, make, masked, sample_alignment_by_hand, two_inputs
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.book.toys import Point
from mtlcore.methods.auxiliary.hydalearn import HydaLearn
from mtlcore.methods.auxiliary.olaux import OLAux
from mtlcore.methods.base import Signals as SignalsOfAStep
from mtlcore.methods.compose import Compose, Weighted
from mtlcore.methods.gradients.rotograd import RotoGrad
from mtlcore.methods.losses.dwa import DWA
from mtlcore.methods.losses.gradnorm import GradNorm
from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.moml import MOML
from mtlcore.methods.losses.uw import UW
from mtlcore.methods.samples.slgrad import SLGrad

EXACT = {"atol": 1e-9, "rtol": 0}


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def close(actual: Tensor, *expected: float) -> None:
    torch.testing.assert_close(actual.detach().double(), vector(*expected), **EXACT)


# Learned loss weights ----------------------------------------------------------------------------


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
    close(torch.autograd.grad(value, method.s)[0], *slope)
    close(method.weights(losses), *weights)


def test_uw_is_half_of_imtl_l_with_s_turned_round() -> None:
    losses, s = torch.rand(5, dtype=torch.float64) + 0.1, torch.randn(5, dtype=torch.float64)
    uw, imtll = UW(), IMTLL()
    uw.s.data, imtll.s.data = s.clone(), -s
    torch.testing.assert_close(uw.objective(losses), imtll.objective(losses) / 2)
    torch.testing.assert_close(uw.weights(losses), imtll.weights(losses) / 2)


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
    with pytest.raises(ValueError, match="learned 2 tasks and now meets 3"):
        method.weights(vector(1, 1, 1))
    method.s.data = vector(0, -2000 if isinstance(method, UW) else 2000)
    with pytest.raises(ValueError, match=r"weight of task 1 is not finite"):
        method.weights(vector(1, 1))
    method.reset()
    assert torch.isfinite(method.weights(vector(1, 1, 1))).all()


@pytest.mark.parametrize("name", ["uw", "imtll"])
def test_fit_learns_the_weights_without_decay(name: str) -> None:
    from test_train import toy

    method = {"uw": UW, "imtll": IMTLL}[name]()
    model = mtl.MultiTaskModel(nn.Linear(5, 4), [nn.Linear(4, 2), nn.Linear(4, 2)])
    adam = partial(torch.optim.AdamW, lr=0.05, weight_decay=10.0)
    mtl.fit(model, toy(), method, optimizer=adam, epochs=2, batch_size=16, progress=False)
    assert (method.s != 0).all()


# DWA ---------------------------------------------------------------------------------------------


def test_dwa_reference() -> None:
    method = DWA()
    for losses in (vector(1, 1), vector(0.5, 1)):
        close(method.weights(losses), 1, 1)
        method.end_epoch()
    close(method.weights(vector(9, 9)), 0.8756469982, 1.1243530018)


def test_dwa_takes_the_mean_of_an_epoch_and_nothing_else() -> None:
    method = DWA()
    for losses in (vector(2, 2), vector(0, 0)):
        method.weights(losses)
    method.end_epoch()
    method.weights(vector(0.5, 1))
    method.end_epoch()
    method.end_epoch()
    close(method.weights(vector(7, 8)), 0.8756469982, 1.1243530018)


def test_dwa_of_a_solved_task() -> None:
    method = DWA()
    for losses in (vector(0, 1), vector(1, 1)):
        method.weights(losses)
        method.end_epoch()
    close(method.weights(vector(1, 1)), 1, 1)


def test_dwa_by_steps_hardly_moves() -> None:
    """Why SLAW's paper finds it equal to constant weights."""
    method, generator = DWA(pace="step"), torch.Generator().manual_seed(0)
    for step in range(300):
        noise = 0.02 * torch.randn(3, generator=generator, dtype=torch.float64)
        weights = method.weights(vector(1, 10, 100) * (0.99**step + noise.abs()))
    assert (weights - 1).abs().max() < 0.02


# GradNorm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("losses", "alpha", "learned"),
    [((1, 1), 1.5, (1.0379746835, 0.9620253165)), ((0.5, 1), 1.5, (0.9629629630, 1.0370370370))],
)
def test_gradnorm_reference(losses: tuple, alpha: float, learned: tuple) -> None:
    method = GradNorm(alpha=alpha, optimizer=partial(torch.optim.SGD, lr=0.025))
    method.first = vector(1, 1)
    close(method.weights(vector(1, 2), vector(*losses)), 1, 1)
    close(method.w, *learned)


def test_gradnorm_with_alpha_zero_finds_slaws_target() -> None:
    """Equal weighted norms: Equation 4 of SLAW's paper."""
    method, norms = GradNorm(alpha=0, optimizer=partial(torch.optim.SGD, lr=1e-3)), vector(1, 2, 4)
    for _ in range(4000):
        weights = method.weights(norms)
    target = 3 / norms / (1 / norms).sum()
    torch.testing.assert_close(weights, target, atol=0.01, rtol=0)


def test_gradnorm_refuses() -> None:
    with pytest.raises(ValueError, match="first losses"):
        GradNorm().weights(vector(1, 1), vector(0, 1))


def test_norms_are_of_the_last_shared_layer_or_of_what_is_chosen() -> None:
    model, data = make(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    last = signals.sizes[-2] + signals.sizes[-1]
    torch.testing.assert_close(signals.norms(), jacobian[:, -last:].norm(dim=1))
    first = [model.trunk[0].weight]
    torch.testing.assert_close(signals.norms(first), jacobian[:, : signals.sizes[0]].norm(dim=1))
    assert signals.passes.backward == 0
    GradNorm(parameters_of=lambda s: [model.trunk[0].weight]).backward(signals)
    assert signals.passes.partial == 6


# MOML --------------------------------------------------------------------------------------------


def points(*targets: tuple) -> tuple[mtl.MultiTaskModel, mtl.Batch, tuple]:
    """A point model whose tasks are half squared distances to targets."""
    tasks = tuple(
        mtl.Task(
            str(i),
            lambda z, y: 0.5 * ((z - y) ** 2).sum(1)[:, None].expand_as(y),
            lambda z, y: 0.0,
            "loss",
            False,
        )
        for i, _ in enumerate(targets)
    )
    rows = tuple(torch.tensor([t], dtype=torch.float64) for t in targets)
    return rows, tasks


def test_moml_reference() -> None:
    rows, tasks = points((1, 0), (0, 2))
    validation, _ = points((1, 0.2), (0.1, 2))
    model = mtl.MultiTaskModel(Point([0, 0]), [nn.Identity(), nn.Identity()])
    step = mtl.Batch(torch.zeros(1, 0), rows)
    signals = mtl.Signals(model, step, tasks, mtl.Batch(torch.zeros(1, 0), validation))
    response = signals.response(vector(0.5, 0.5), 0.1)
    q = -0.1 * response @ (torch.eye(2, dtype=torch.float64) / 2 - 0.25)
    torch.testing.assert_close(q, torch.stack([vector(-0.01875, 0.01875), vector(0.09375, -0.09375)]))
    close(MOML(lr=0.1).logit_gradient(response), 0, 0)


def test_moml_response_is_the_slope_of_the_validation_losses() -> None:
    """Against finite differences of F_k(omega'(a)) in the logits."""
    model, data = make(), batch()
    held_out = mtl.Batch(data.inputs.flip(0) * 0.7, data.targets)
    logits, lr = vector(0.3, -0.2), 0.1
    alpha = logits.softmax(0)
    response = mtl.Signals(model, data, TASKS, held_out).response(alpha, lr)
    q = -lr * response @ (torch.diag(alpha) - torch.outer(alpha, alpha))
    jacobian, heads = gradients_by_hand(model, data)

    def after(logits: Tensor) -> Tensor:
        moved = make()
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


# RotoGrad ----------------------------------------------------------------------------------------


def test_rotograd_scaling_reference() -> None:
    method = RotoGrad()
    method.weights(vector(1, 0.2))  # the reference norms
    weights = method.weights(vector(3, 0.1))
    close(weights * vector(3, 0.1), 2.5857142857, 2.5857142857)


def test_rotations_stay_rotations_and_bring_gradients_together() -> None:
    gradients = torch.randn(2, 4, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    method = RotoGrad(optimizer=partial(torch.optim.Adam, lr=0.02))
    norms = gradients.flatten(1).norm(dim=1)

    def spread(rotations: Tensor) -> float:
        turned = (rotations @ gradients).flatten(1)
        return torch.cosine_similarity(turned[0], turned[1], dim=0).item()

    start = spread(torch.eye(4, dtype=torch.float64).expand(2, 4, 4))
    for _ in range(200):
        rotations = method._turn(gradients, norms)
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(4, dtype=torch.float64).expand(2, 4, 4))
    assert abs(spread(rotations) - start) > 0.01


def test_rotograd_in_a_network() -> None:
    model, data = make(), batch()
    first = mtl.Signals(model, data, TASKS)
    method = RotoGrad(optimizer=partial(torch.optim.SGD, lr=1.0))
    jacobian, _ = gradients_by_hand(model, data)
    weights = method.backward(first)
    grads = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(grads, weights @ jacobian)
    assert model.rotations.shape == (2, 4, 4)
    z = model.trunk(data.inputs)
    torch.testing.assert_close(model(data.inputs)[1], model.heads[1](z @ model.rotations[1].T))
    copy = make()
    copy.load_state_dict(model.state_dict())
    torch.testing.assert_close(copy(data.inputs)[0], model(data.inputs)[0])


def test_rotations_turn_channels_of_images() -> None:
    trunk = nn.Conv2d(1, 3, 2)
    model = mtl.MultiTaskModel(trunk, [nn.Sequential(nn.Flatten(), nn.Linear(12, 2)) for _ in range(2)])
    data = mtl.Batch(torch.randn(5, 1, 3, 3), (torch.randint(2, (5,)), torch.randint(2, (5,))))
    tasks = (mtl.Task.classification("a"), mtl.Task.classification("b"))
    for _ in range(2):
        RotoGrad().backward(mtl.Signals(model, data, tasks))
    assert model.rotations.shape == (2, 3, 3)


# OL-AUX ------------------------------------------------------------------------------------------


def test_olaux_reference() -> None:
    method = OLAux(lr=0.1, beta=2, every=2)
    for dots in ((1, 1, -1), (1, 0.5, -2)):
        close(method.weights(vector(*dots)), 1, 1, 1)
    close(method.w, 1, 1.3, 0.4)


def test_olaux_options() -> None:
    turned, kept = OLAux(lr=0.1, beta=-2, every=1), OLAux(lr=10, every=1, nonnegative=True)
    turned.weights(vector(1, 1, -1))
    close(turned.w, 1, 0.8, 1.2)
    kept.weights(vector(1, -1, 2))
    close(kept.w, 1, 0, 21)
    logarithms = OLAux(lr=0.1, every=1, log=True)
    logarithms.weights(vector(1, 4, 6), vector(1, 2, 3))
    close(logarithms.w, 1, 1.2, 1.2)
    with pytest.raises(ValueError, match="positive"):
        logarithms.weights(vector(1, 4, 6), vector(1, 0, 3))


# HydaLearn ---------------------------------------------------------------------------------------


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
    close(HydaLearn(invalid="literal", **options).weights(vector(*gains)), *weights)


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
    close(HydaLearn(invalid="skip").weights(vector(-1, -2, 0)), 0, 0, 0)


def quadratic_step(normalise: bool) -> Tensor:
    rows, tasks = points((0, 0), (3, 0))
    target, _ = points((0.1, 0), (0, 0))
    model = mtl.MultiTaskModel(Point([1, 1]), [nn.Identity(), nn.Identity()])
    held_out = mtl.Batch(torch.zeros(1, 0), target)
    signals = mtl.Signals(model, mtl.Batch(torch.zeros(1, 0), rows), tasks, held_out)
    return signals.gains(0.1, normalise=normalise)[0]


@pytest.mark.parametrize(
    ("normalise", "gains", "weights"),
    [
        (False, (0.18, -0.105), (2.4, -1.4)),
        (True, (0.1293502884, -0.0407770876), (1.4603772617, -0.4603772617)),
    ],
)
def test_gains_reference(normalise: bool, gains: tuple, weights: tuple) -> None:
    measured = quadratic_step(normalise)
    close(measured, *gains)
    close(HydaLearn(invalid="literal").weights(measured), *weights)


@pytest.mark.parametrize("normalise", [True, False])
def test_first_order_gains_are_the_limit_of_small_steps(normalise: bool) -> None:
    data = batch()
    held_out = mtl.Batch(data.inputs.flip(0) * 0.7, data.targets)
    errors = []
    for lr in (1e-3, 1e-4):
        signals = mtl.Signals(make(), data, TASKS, held_out)
        gains, _ = signals.gains(lr, normalise=normalise)
        errors.append((gains / lr - signals.first_order_gains(1.0, normalise=normalise)).abs().max())
    assert errors[1] < errors[0] / 5 < 1e-2


def test_hydalearn_leaves_the_model_alone_until_it_answers() -> None:
    data, model = batch(), make()
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
    accuracy = mtl.Task.classification("shape").metric
    method = HydaLearn(lr=0.5, metric=accuracy, on_training=True)
    weights = method.backward(mtl.Signals(make(), data, TASKS))
    assert torch.isfinite(weights).all()
    with pytest.raises(ValueError, match="metric of task 'shape' is nan"):
        broken = HydaLearn(metric=lambda o, y: float("nan"), on_training=True)
        broken.backward(mtl.Signals(make(), data, TASKS))


def test_hydalearn_running_baseline_is_the_last_best_fake_metric() -> None:
    data, model = batch(), make()
    method = HydaLearn(lr=0.1, baseline="running", on_training=True)
    gains, before = mtl.Signals(model, data, TASKS).gains(0.1, on_training=True)
    method.backward(mtl.Signals(model, data, TASKS))
    close(method.best, (gains + before).max().item())
    assert method._gains(mtl.Signals(model, data, TASKS)).max().item() == pytest.approx(0, abs=1e-12)


def test_a_method_that_looks_ahead_says_what_it_misses() -> None:
    for method in (HydaLearn(), SLGrad(), MOML()):
        with pytest.raises(ValueError, match="validation"):
            method.backward(mtl.Signals(make(), batch(), TASKS))
    with pytest.raises(ValueError, match="first-order"):
        HydaLearn(first_order=True, metric=max)


# SLGrad ------------------------------------------------------------------------------------------


def slgrad_problem() -> mtl.Signals:
    """The reference's linear regressions in the plane: theta = (1, -1), two samples a task."""

    def squared(theta: Tensor, xy: Tensor) -> Tensor:
        error = (theta * xy[:, :2]).sum(1) - xy[:, 2]
        return (0.5 * error**2)[:, None].expand_as(xy)

    tasks = tuple(mtl.Task(n, squared, lambda o, y: 0.0, "loss", False) for n in ("main", "other"))
    model = mtl.MultiTaskModel(Point([1, -1]), [nn.Identity(), nn.Identity()])
    train = (
        torch.tensor([[1.0, 0, 0], [0, 1, 0]], dtype=torch.float64),
        torch.tensor([[1.0, 1, 1], [2, 0, 5]], dtype=torch.float64),
    )
    held_out = torch.tensor([[1, 0.5, 0]], dtype=torch.float64)
    return mtl.Signals(
        model,
        mtl.Batch(torch.zeros(2, 0), train),
        tasks,
        mtl.Batch(torch.zeros(1, 0), (held_out, held_out)),
    )


def test_slgrad_reference() -> None:
    signals = slgrad_problem()
    direction = signals.main_gradient()
    close(direction, 0.5, 0.25)
    alignment = signals.alignment(direction, of="samples")
    torch.testing.assert_close(alignment, torch.stack([vector(0.5, -0.25), vector(-0.75, -3)]))
    total = SLGrad().backward(signals)
    close(total, 1, 0)
    close(signals.model.trunk.theta.grad, 1, 0)


def test_slgrad_look_ahead_reference() -> None:
    signals = slgrad_problem()
    direction = signals.main_gradient(lookahead=0.1)
    close(direction, 0.675, 0.3375)
    alignment = signals.alignment(direction, of="samples")
    torch.testing.assert_close(alignment, torch.stack([vector(0.675, -0.3375), vector(-1.0125, -4.05)]))


@pytest.mark.parametrize("data", [batch(), masked(), two_inputs()], ids=["whole", "masked", "two inputs"])
@pytest.mark.parametrize("lookahead", [None, 0.1])
def test_slgrad_step_is_the_weighted_sum_of_sample_gradients(
    data: mtl.Batch, lookahead: float | None
) -> None:
    model = make()
    held_out = batch()
    if isinstance(data.inputs, tuple):
        held_out = mtl.Batch((held_out.inputs, held_out.inputs), held_out.targets)
    signals = mtl.Signals(model, data, TASKS, held_out)
    method = SLGrad(scope="shared", lookahead=lookahead)
    direction = signals.main_gradient(0, lookahead)[: sum(signals.sizes)]
    method.backward(signals)
    raw = sample_alignment_by_hand(model, data, direction)
    weights = raw.clamp(min=0) / raw.clamp(min=0).sum()
    outputs = model(data.inputs)
    rows = [t.sample_losses(o, y)[0] for t, o, y in zip(TASKS, outputs, data.targets, strict=True)]
    expected = torch.autograd.grad((weights * torch.stack(rows)).sum(), list(model.parameters()))
    torch.testing.assert_close([p.grad for p in model.parameters()], list(expected))
    grads = torch.cat([g.flatten() for g in expected[: len(signals.sizes)]])
    assert grads @ direction > 0


def test_slgrad_cosine_forgets_the_size_of_a_gradient() -> None:
    data = batch()
    signals = mtl.Signals(make(), data, TASKS, data)
    direction = signals.main_gradient()
    cosines = signals.alignment(direction, of="samples") / signals.sample_norms()
    assert (cosines.abs() <= direction.norm() * (1 + 1e-9)).all()
    total = SLGrad(similarity="cosine").backward(signals)
    expected = cosines.clamp(min=0) / cosines.clamp(min=0).sum()
    torch.testing.assert_close(total, expected.sum(1))


def test_slgrad_takes_no_step_when_no_sample_helps() -> None:
    against = -torch.ones(2, 3, dtype=torch.float64)
    assert not SLGrad().weights(against).any()
    torch.testing.assert_close(SLGrad(on_empty="uniform").weights(against), torch.full_like(against, 1 / 6))


def test_slgrad_ignores_a_broken_sample() -> None:
    weights = SLGrad().weights(torch.tensor([[1.0, torch.nan], [3.0, -1.0]]))
    torch.testing.assert_close(weights, torch.tensor([[0.25, 0], [0.75, 0]]))


def test_the_history_says_how_many_steps_were_skipped() -> None:
    from test_train import toy

    class Never(SLGrad):
        def weights(self, signal: Tensor) -> Tensor:
            return torch.zeros_like(signal)

    model = mtl.MultiTaskModel(nn.Linear(5, 4), [nn.Linear(4, 2), nn.Linear(4, 2)])
    before = {k: v.clone() for k, v in model.state_dict().items()}
    history = mtl.fit(model, toy(), Never(), epochs=1, batch_size=20, progress=False)
    assert history["skipped"].tolist() == [3]
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_a_main_task_without_gradient_is_said() -> None:
    model, data = make(), batch()
    nn.init.zeros_(model.heads[1].weight)
    nn.init.zeros_(model.heads[1].bias)
    zero = mtl.Batch(data.inputs, (data.targets[0], torch.zeros_like(data.targets[1])))
    with pytest.raises(ValueError, match="validation gradient is zero"):
        SLGrad(main=1).backward(mtl.Signals(model, data, TASKS, zero))


# Compose -----------------------------------------------------------------------------------------


SECOND = [
    mtl.PCGrad(),
    mtl.RGW(),
    mtl.CosSim(),
    mtl.OLAux(every=2, lr=0.3),
    mtl.MGDA(gap=0),
    mtl.MGDA(level="features"),
    mtl.GradDrop(),
    mtl.GradDrop(level="features"),
    mtl.Projection(per="variable"),
    mtl.GradNorm(),
    RotoGrad(),
]


@pytest.mark.parametrize("gradients", SECOND, ids=repr)
def test_compose_balances_the_gradients_of_balanced_losses(gradients: mtl.Method) -> None:
    """The same as the second method alone on losses that carry the weights, over three steps."""
    data, factors = batch(), (0.5, 3.0)
    gradients.seed(1)
    model, both = make(), Compose(mtl.Static(factors), gradients)
    seen = [grads_of(model, both, data, TASKS) for _ in range(3)]
    weighted = tuple(
        mtl.Task(t.name, lambda o, y, t=t, f=f: f * t.loss(o, y), t.metric, t.metric_name, t.higher_is_better)
        for t, f in zip(TASKS, factors, strict=True)
    )
    gradients.reset()
    gradients.seed(1)
    model = make()
    torch.testing.assert_close(seen, [grads_of(model, gradients, data, weighted) for _ in range(3)])


def grads_of(
    model: mtl.MultiTaskModel, method: mtl.Method, data: mtl.Batch, tasks: Sequence[mtl.Task]
) -> list[Tensor]:
    model.zero_grad()
    method.backward(mtl.Signals(model, data, tasks))
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def test_compose_hands_on_every_signal_of_the_training_losses() -> None:
    asked = {name for name in vars(SignalsOfAStep) if not name.startswith("_")}
    ahead = {"main_gradient", "response", "gains", "first_order_gains"}
    of_samples = {"sample_norms", "backward_samples"}
    assert asked - set(dir(Weighted)) == ahead | of_samples


def test_compose_learns_the_loss_weights_and_refuses_the_wrong_kinds() -> None:
    uw = UW()
    Compose(uw, mtl.PCGrad()).backward(mtl.Signals(make(), batch(), TASKS))
    assert uw.s.grad is not None
    assert Compose(uw, mtl.PCGrad()).learnable() == [uw.s]
    with pytest.raises(ValueError, match="balances training losses"):
        Compose(mtl.PCGrad(), mtl.PCGrad())
    for second in (mtl.SLAW(), mtl.HydaLearn(lr=0.1), mtl.MOML(), SLGrad()):
        with pytest.raises(ValueError, match="balances gradients"):
            Compose(mtl.SLAW(), second)
