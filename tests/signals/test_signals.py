"""Signals against plain autograd, on networks of every awkward kind."""

from __future__ import annotations

import warnings
from dataclasses import asdict, replace

import pytest
import torch
from helpers.networks import (
    TASKS,
    N,
    batch,
    batches,
    flat_grad,
    gradients_by_hand,
    losses_by_hand,
    make_model,
    masked,
    plain,
    sample_alignment_by_hand,
    two_inputs,
    with_noise,
    without_forward_mode,
)
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.tasks import UNLABELLED


@batches
def test_losses_and_gradients_are_autograds(data: mtl.Batch) -> None:
    model = make_model()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    torch.testing.assert_close(signals.losses, torch.stack(losses_by_hand(model, data)).detach())
    torch.testing.assert_close(signals.jacobian(), jacobian)
    torch.testing.assert_close(signals.gramian(), jacobian @ jacobian.T)
    assert signals.sizes == [p.numel() for p in model.trunk.parameters()]
    assert (signals.passes.forward, signals.passes.backward) == (1, 2)


def test_sample_losses_are_zero_where_a_label_is_missing() -> None:
    signals = mtl.Signals(make_model(), masked(), TASKS)
    assert torch.equal(signals.labelled[0], torch.arange(N) >= 7)
    assert torch.equal(signals.labelled[1], torch.arange(N) != 3)
    assert (signals.sample_losses[~signals.labelled] == 0).all()
    assert (signals.sample_losses[signals.labelled] > 0).all()
    means = signals.sample_losses.sum(1) / signals.labelled.sum(1)
    torch.testing.assert_close(means, signals.losses)


def test_gramian_at_the_features() -> None:
    model, data = make_model(), batch()
    z = model.trunk(data.inputs)
    losses = losses_by_hand(model, data)
    first, second = (head(z) for head in model.heads)
    losses = [
        nn.functional.cross_entropy(first, data.targets[0]),
        nn.functional.mse_loss(second, data.targets[1]),
    ]
    rows = torch.stack([torch.autograd.grad(loss, z, retain_graph=True)[0].flatten() for loss in losses])
    signals = mtl.Signals(model, data, TASKS)
    torch.testing.assert_close(signals.gramian(level="features"), rows @ rows.T)
    assert signals.passes.backward == 0
    signals.backward(torch.ones(2))
    assert (signals.passes.forward, signals.passes.backward) == (1, 1)
    with pytest.raises(ValueError, match="input of its own"):
        mtl.Signals(model, two_inputs(), TASKS).gramian(level="features")
    with pytest.raises(ValueError, match="level"):
        signals.gramian(level="layers")


@batches
@pytest.mark.parametrize("first_ask", ["nothing", "the Jacobian"])
def test_backward_weights_shared_parameters_and_leaves_heads(data: mtl.Batch, first_ask: str) -> None:
    model = make_model()
    jacobian, heads = gradients_by_hand(model, data)
    weights = torch.tensor([0.3, 1.7], dtype=torch.float64)
    signals = mtl.Signals(model, data, TASKS)
    if first_ask == "the Jacobian":
        signals.jacobian()
    signals.backward(weights)
    torch.testing.assert_close(flat_grad(model), weights @ jacobian)
    for head, own in zip(model.head_parameters(), heads, strict=True):
        torch.testing.assert_close([p.grad for p in head], own)
    assert signals.passes.backward == (1 if first_ask == "nothing" else 2)


@batches
def test_backward_of_weighted_losses(data: mtl.Batch) -> None:
    """The same weights on the heads are what one backward of the weighted loss gives."""
    model, weights = make_model(), torch.tensor([0.3, 1.7], dtype=torch.float64)
    total = sum(w * loss for w, loss in zip(weights, losses_by_hand(model, data), strict=True))
    expected = torch.autograd.grad(total, list(model.parameters()))
    mtl.Signals(model, data, TASKS).backward(weights, heads=weights)
    torch.testing.assert_close([p.grad for p in model.parameters()], list(expected))


def test_gradients_accumulate_and_cached_ones_stay() -> None:
    model = make_model()
    signals = mtl.Signals(model, batch(), TASKS)
    signals.backward(torch.ones(2))
    once = [p.grad.clone() for p in model.parameters()]
    for p in model.parameters():
        p.grad.mul_(3)  # as clipping does
    again = mtl.Signals(model, batch(), TASKS)
    again.backward(torch.ones(2))
    torch.testing.assert_close([p.grad for p in model.parameters()], [4 * g for g in once])
    torch.testing.assert_close(signals._step.head_grads[0][0], once[4])


@batches
@pytest.mark.parametrize("scope", ["shared", "all"])
def test_alignment_is_an_inner_product(data: mtl.Batch, scope: str) -> None:
    model = make_model()
    signals = mtl.Signals(model, data, TASKS)
    shared, heads = gradients_by_hand(model, data)
    own = torch.zeros(2, sum(g.numel() for head in heads for g in head), dtype=torch.float64)
    size = sum(g.numel() for g in heads[0])
    own[0, :size] = torch.cat([g.flatten() for g in heads[0]])
    own[1, size:] = torch.cat([g.flatten() for g in heads[1]])
    whole = shared if scope == "shared" else torch.cat([shared, own], 1)
    direction = torch.randn(whole.shape[1], dtype=torch.float64)
    torch.testing.assert_close(signals.alignment(direction), whole @ direction)
    assert signals.passes.forward_mode == 1
    assert signals.passes.backward == 0


@batches
@pytest.mark.parametrize("trunk", [plain, without_forward_mode])
def test_alignment_of_every_sample(data: mtl.Batch, trunk: type) -> None:
    model = make_model(trunk)
    direction = torch.randn(sum(p.numel() for p in model.trunk.parameters()), dtype=torch.float64)
    signals = mtl.Signals(model, data, TASKS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = signals.alignment(direction, of="samples")
    torch.testing.assert_close(samples, sample_alignment_by_hand(model, data, direction))


def test_the_fallback_is_said_and_gives_the_same_numbers() -> None:
    model, data = make_model(without_forward_mode), batch()
    signals = mtl.Signals(model, data, TASKS)
    jacobian, _ = gradients_by_hand(model, data)
    direction = jacobian[0]
    with pytest.warns(UserWarning, match="forward-mode"):
        torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)
    assert signals.passes.forward_mode == 0


def test_alignment_leaves_buffers_and_random_state_alone_and_shares_the_mask() -> None:
    model, data = make_model(with_noise), batch()
    torch.manual_seed(5)
    signals = mtl.Signals(model, data, TASKS)
    jacobian = signals.jacobian()
    buffers = {k: v.clone() for k, v in model.named_buffers()}
    state = torch.get_rng_state()
    direction = jacobian[1]
    for _ in range(2):
        torch.testing.assert_close(signals.alignment(direction), jacobian @ direction)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.named_buffers():
        assert torch.equal(value, buffers[name]), name


def test_batch_norm_statistics_are_updated_once_a_step() -> None:
    model, twin = make_model(with_noise), make_model(with_noise)
    for _ in range(3):
        twin(batch().inputs)
        signals = mtl.Signals(model, batch(), TASKS)
        signals.alignment(signals.jacobian()[0])
        signals.backward(torch.ones(2))
    for (name, ours), (_, theirs) in zip(model.named_buffers(), twin.named_buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)


@batches
def test_losses_after_the_step(data: mtl.Batch) -> None:
    """Those of the ordinary way with the new parameters: one forward pass without a graph."""
    model = make_model()
    signals = mtl.Signals(model, data, TASKS)
    assert torch.equal(signals.losses_now(), signals.losses)
    before = signals.losses
    signals.backward(torch.ones(2))
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    passes = asdict(signals.passes)
    after = signals.losses_now()
    torch.testing.assert_close(after, torch.stack(losses_by_hand(model, data)))
    assert asdict(signals.passes) == passes | {"forward": passes["forward"] + 1}
    assert not after.requires_grad
    assert torch.equal(signals.losses, before)
    assert not torch.equal(after, before)
    torch.testing.assert_close(signals.only([1]).losses_now(), after[1:])


def test_losses_after_the_step_have_the_steps_masks_and_statistics() -> None:
    model = make_model(with_noise)
    signals = mtl.Signals(model, batch(), TASKS)
    before = signals.losses
    buffers, random = [b.clone() for b in model.buffers()], torch.get_rng_state()
    torch.rand(5)
    moved = torch.get_rng_state()
    assert torch.equal(signals.losses_now(), before)
    assert torch.equal(torch.get_rng_state(), moved)
    assert not torch.equal(moved, random)
    assert all(torch.equal(a, b) for a, b in zip(model.buffers(), buffers, strict=True))


def test_the_loss_after_the_step_of_a_task_without_a_label_is_none() -> None:
    values = torch.full_like(batch().targets[1], torch.nan)
    signals = mtl.Signals(make_model(), mtl.Batch(batch().inputs, (batch().targets[0], values)), TASKS)
    assert signals.losses_now().isnan().tolist() == [False, True]


def test_a_step_is_skipped_until_gradients_are_there() -> None:
    signals = mtl.Signals(make_model(), batch(), TASKS)
    assert signals.skipped
    signals.only([0]).backward(torch.ones(1))
    assert not signals.skipped


def test_alignment_against_finite_differences() -> None:
    model, data = make_model(), batch()
    signals = mtl.Signals(model, data, TASKS)
    direction = torch.randn(sum(signals.sizes), dtype=torch.float64)
    measured = signals.alignment(direction)
    step, ends = 1e-6, []
    for sign in (1, -1):
        moved = make_model()
        pieces = direction.split(signals.sizes)
        with torch.no_grad():
            for p, v in zip(moved.trunk.parameters(), pieces, strict=True):
                p += sign * step * v.view_as(p)
        ends.append(mtl.Signals(moved, data, TASKS).losses)
    torch.testing.assert_close(measured, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "direction",
    [torch.ones(3), torch.ones(2, 2), torch.full((84,), torch.nan)],
    ids=["short", "matrix", "nan"],
)
def test_a_wrong_direction(direction: Tensor) -> None:
    with pytest.raises(ValueError, match="direction"):
        mtl.Signals(make_model(), batch(), TASKS).alignment(direction)


def test_autocast() -> None:
    model, data = make_model(dtype=torch.float32), batch(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mtl.PCGrad().backward(mtl.Signals(model, data, TASKS))
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in model.parameters())
    low = flat_grad(model).clone()
    model.zero_grad()
    mtl.PCGrad().backward(mtl.Signals(model, data, TASKS))
    assert torch.cosine_similarity(low, flat_grad(model), dim=0) > 0.99


def test_bad_batches_say_what_is_wrong() -> None:
    model, good = make_model(), batch()
    labels, values = good.targets
    empty = mtl.Batch(good.inputs[:0], (labels[:0], values[:0]))
    nothing = mtl.Batch(good.inputs, (torch.full_like(labels, UNLABELLED), values))
    broken = mtl.Batch(good.inputs.clone().fill_(torch.nan), good.targets)
    cases = [
        (empty, "empty"),
        (nothing, "'shape' has no labelled entry"),
        (broken, "'shape' is nan"),
        (mtl.Batch(good.inputs, (labels.double(), values)), "'shape'.*integers"),
        (mtl.Batch(good.inputs, (labels + 7, values)), "'shape'.*do not fit"),
        (mtl.Batch(good.inputs, (labels, values[:, :1])), "'size'.*shape"),
        (mtl.Batch(good.inputs, (labels, labels)), "'size'.*real"),
        (mtl.Batch(good.inputs, (labels, values[:4])), "12 outputs but 4 targets"),
        (mtl.Batch(good.inputs, (labels,)), "2 heads"),
    ]
    for data, message in cases:
        with pytest.raises(ValueError, match=message):
            _ = mtl.Signals(model, data, TASKS, absent="raise").losses
    with pytest.raises(ValueError, match="2 inputs but 3"):
        mtl.Batch((good.inputs, good.inputs), (labels, values, values))


def test_a_trunk_without_parameters() -> None:
    model = mtl.MultiTaskModel(nn.Identity(), [nn.Linear(5, 3), nn.Linear(5, 2)]).double()
    with pytest.raises(ValueError, match="share nothing"):
        mtl.Signals(model, batch(), TASKS).jacobian()


# Weighted losses ---------------------------------------------------------------------------------

FACTORS = torch.tensor([0.5, 3.0], dtype=torch.float64)
WEIGHTS = torch.tensor([0.3, -1.7], dtype=torch.float64)
SCALED = {
    "losses": lambda s: s.losses,
    "losses_now": lambda s: s.losses_now(),
    "sample_losses": lambda s: s.sample_losses,
    "feature_gradients": lambda s: s.feature_gradients(),
    "gradient": lambda s: s.gradient(1),
    "jacobian": lambda s: s.jacobian(),
    "gramian": lambda s: s.gramian(),
    "gramian_row": lambda s: s.gramian_row(1),
    "gramian_times": lambda s: s.gramian_times(WEIGHTS),
    "norms": lambda s: s.norms(),
    "alignment": lambda s: (s.alignment(direction_of(s)), s.alignment(direction_of(s), of="samples")),
    "sample_norms": lambda s: s.sample_norms(),
    "backward": lambda s: (s.backward(WEIGHTS), grads_of(s)),
    "backward of weighted heads": lambda s: (s.backward(WEIGHTS, heads=WEIGHTS), grads_of(s)),
    "backward_samples": lambda s: (s.backward_samples(s.labelled * WEIGHTS[:, None]), grads_of(s)),
    "backward_features": lambda s: (s.backward_features([torch.ones(N, 4).double()] * 2), grads_of(s)),
    "apply": lambda s: (s.apply(direction_of(s)), grads_of(s)),
}
"""What a view with weights scales, by the name of the member, as far as it is the same for weighted tasks."""


def direction_of(signals: mtl.Signals) -> Tensor:
    return torch.linspace(-1, 2, sum(signals.sizes), dtype=torch.float64)


def grads_of(signals: mtl.Signals) -> list[Tensor]:
    return [p.grad.clone() for p in signals.model.parameters()]


def weighted_twin(model: mtl.MultiTaskModel, data: mtl.Batch) -> mtl.Signals:
    """Signals of tasks whose losses carry the factors themselves."""
    tasks = [
        replace(task, loss=lambda o, y, task=task, f=f: f * task.loss(o, y))
        for task, f in zip(TASKS, FACTORS, strict=True)
    ]
    return mtl.Signals(model, data, tasks, data)


@batches
@pytest.mark.parametrize("name", SCALED)
def test_a_scaled_view_is_the_step_of_weighted_tasks(name: str, data: mtl.Batch) -> None:
    models = make_model(), make_model()
    scaled = mtl.Signals(models[0], data, TASKS, data).scaled(FACTORS)
    twin = weighted_twin(models[1], data)
    torch.testing.assert_close(SCALED[name](scaled), SCALED[name](twin))
    assert scaled.passes == twin.passes


@pytest.mark.parametrize("normalise", [True, False])
def test_throw_away_steps_of_a_scaled_view_are_measured_without_weights(normalise: bool) -> None:
    model, data = make_model(), batch()
    scaled, twin = mtl.Signals(model, data, TASKS, data).scaled(FACTORS), weighted_twin(model, data)
    response = FACTORS[:, None] * scaled.response(WEIGHTS, 0.1)
    torch.testing.assert_close(response, twin.response(WEIGHTS, 0.1))
    gradient = FACTORS[1] * scaled.main_gradient(1, lookahead=0.1)
    torch.testing.assert_close(gradient, twin.main_gradient(1, lookahead=0.1))
    gains = FACTORS[1] * scaled.gains(0.1, 1, normalise=normalise)[0]
    torch.testing.assert_close(gains, twin.gains(0.1, 1, normalise=normalise)[0])
    gains = FACTORS[1] * scaled.first_order_gains(0.1, 1, normalise)
    torch.testing.assert_close(gains, twin.first_order_gains(0.1, 1, normalise))


def test_every_signal_of_a_scaled_view_is_tested() -> None:
    as_they_are = {"labelled", "sizes", "features", "rotate", "scaled", "only", "agreed", "overflow"}
    as_they_are |= {"present", "validated", "skipped"}
    measured = {"main_gradient", "response", "gains", "first_order_gains"}
    members = {name for name in vars(mtl.Signals) if not name.startswith("_")}
    assert members - SCALED.keys() == as_they_are | measured


def test_views_of_a_step_share_passes_and_caches() -> None:
    signals = mtl.Signals(make_model(), batch(), TASKS)
    once = signals.scaled(FACTORS)
    twice = once.scaled(FACTORS)
    jacobian = signals.jacobian()
    torch.testing.assert_close(twice.jacobian(), FACTORS[:, None] ** 2 * jacobian)
    torch.testing.assert_close(once.gramian(level="features"), scaled_by_hand(signals.gramian("features")))
    assert signals.jacobian() is jacobian
    assert twice.passes is signals.passes
    assert asdict(signals.passes) == {"forward": 1, "backward": 2, "forward_mode": 0, "partial": 0}


def scaled_by_hand(gramian: Tensor) -> Tensor:
    return FACTORS[:, None] * gramian * FACTORS


def test_norms_of_negative_weights_are_positive() -> None:
    signals = mtl.Signals(make_model(), batch(), TASKS)
    torch.testing.assert_close(signals.scaled(-FACTORS).norms(), FACTORS * signals.norms())
