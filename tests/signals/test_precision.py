"""Low precision: half types, extreme sizes, autocast, and a loss scale."""

from __future__ import annotations

import pytest
import torch
from helpers.methods import TEXTS, make, methods
from helpers.networks import TASKS, batch, make_model
from helpers.trunks import FIVE_TASKS, T, make_problem
from torch import Tensor, nn

import mtlcore as mtl


def factored(factor: float) -> list[mtl.Task]:
    """Regression tasks whose losses carry a factor."""
    return [mtl.Task(t.name, lambda o, y: factor * (o - y).square(), t.metrics) for t in FIVE_TASKS]


@pytest.mark.parametrize("name", ["wide", "convolution", "one layer"])
@pytest.mark.parametrize("factor", [1e-30, 1e-22, 1e19, 1e30])
def test_products_neither_overflow_nor_underflow(name: str, factor: float) -> None:
    """In float32, signals of losses of any size are those of float64."""
    model, data = make_problem(name, dtype=torch.float32)
    exact_model, exact_data = make_problem(name)
    exact_model.load_state_dict(model.state_dict())
    exact_data = mtl.Batch(data.inputs.double(), tuple(y.double() for y in data.targets))
    ours = mtl.Signals(model, data, factored(factor))
    exact = mtl.Signals(exact_model, exact_data, factored(factor))
    for question in (
        lambda s: s.gramian(),
        lambda s: s.gramian("features"),
        lambda s: s.norms(),
        lambda s: s.norms(list(s.model.shared_parameters())),
        lambda s: s.gramian_row(1),
        lambda s: s.gramian_times(torch.ones(T)),
    ):
        expected = question(exact)
        found = question(ours)
        assert found.dtype == torch.float64
        scale = float(expected.abs().max())
        torch.testing.assert_close(found / scale, expected / scale, rtol=2e-3, atol=1e-5)


def test_gradients_in_float16_are_weighed_as_in_float32() -> None:
    """Gradients of norm 5e-5 in float16: their products underflow there."""
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(nn.Linear(20, 8), [nn.Linear(8, 2) for _ in range(3)])
    data = mtl.Batch(torch.randn(16, 20), tuple(torch.randn(16, 2) for _ in range(3)))
    tasks = [
        mtl.Task(f"{i}", lambda o, y, f=f: f * (o - y).square(), FIVE_TASKS[0].metrics)
        for i, f in enumerate((3e-5, 1e-4, 2e-4))
    ]
    half = mtl.MultiTaskModel(nn.Linear(20, 8), [nn.Linear(8, 2) for _ in range(3)]).half()
    half.load_state_dict(model.state_dict())
    model.load_state_dict(half.state_dict())
    low = mtl.Signals(half, mtl.Batch(data.inputs.half(), tuple(y.half() for y in data.targets)), tasks)
    high = mtl.Signals(model, data, tasks)
    for method in (mtl.MGDA(), mtl.IMTLG(), mtl.CAGrad()):
        weights = [method.weights(s.gramian()) for s in (low, high)]
        torch.testing.assert_close(weights[0], weights[1], rtol=0.1, atol=0.02)


def run(
    text: str, *, autocast: torch.dtype | None, inside: bool = True, scaler: object = None
) -> list[Tensor]:
    """Gradients of a step in float32, its forward pass under autocast or not."""
    model, method = make_model(dtype=torch.float32), make(text)
    data = batch(torch.float32)
    with torch.autocast("cpu", dtype=autocast or torch.bfloat16, enabled=autocast is not None):
        signals = mtl.Signals(model, data, TASKS, data, scaler=scaler)
        if inside:
            method.backward(signals)
    if not inside:
        method.backward(signals)
    return [p.grad for p in model.parameters()]


@methods(texts=TEXTS)
def test_autocast_is_as_it_was_where_the_signals_were_made(text: str) -> None:
    """Decisions and backward passes are the same inside and outside, the gradients near those of float32."""
    inside, outside = (run(text, autocast=torch.bfloat16, inside=here) for here in (True, False))
    torch.testing.assert_close(inside, outside, rtol=0, atol=0)
    exact = run(text, autocast=None)
    assert all(g.dtype == torch.float32 for g in inside)
    assert any(not torch.equal(a, b) for a, b in zip(inside, exact, strict=True))
    low, high = (torch.cat([g.flatten() for g in found]) for found in (inside, exact))
    assert torch.cosine_similarity(low, high, dim=0) > 0.95


@methods(texts=TEXTS)
def test_a_scaler_scales_what_is_written_and_nothing_else(text: str) -> None:
    """In float32 the scale changes no decision, and ``.grad`` carries it."""
    plain = run(text, autocast=None)
    scaled = run(text, autocast=None, scaler=torch.amp.GradScaler("cpu", init_scale=1024.0))
    torch.testing.assert_close([g / 1024 for g in scaled], plain, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("text", ["Static", "PCGrad", "MGDA", "CosSim", "SLAW", "GradNorm", "Projection"])
def test_float16_with_a_scaler_trains(text: str) -> None:
    """Losses so small that their gradients underflow in float16 move the network with a scaler."""
    tasks = [
        mtl.Task(task.name, lambda o, y, task=task: 1e-5 * task.loss(o, y), task.metrics) for task in TASKS
    ]
    model, data = make_model(dtype=torch.float32), batch(torch.float32)
    exact = make_model(dtype=torch.float32)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    with torch.autocast("cpu", dtype=torch.float16):
        signals = mtl.Signals(model, data, tasks, data, scaler=scaler)
    make(text).backward(signals)
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    scaler.unscale_(sgd)
    make(text).backward(mtl.Signals(exact, data, tasks, data))
    low, high = (torch.cat([p.grad.flatten() for p in m.parameters()]) for m in (model, exact))
    assert torch.cosine_similarity(low, high, dim=0) > 0.95
    assert 0.8 < float(low.norm() / high.norm()) < 1.25
    scaler.step(sgd)
    scaler.update()
    assert scaler.get_scale() == 2.0**16


def test_an_overflow_skips_the_step() -> None:
    """The scaler finds the infinities, takes no step and lowers its scale; the method's state stays."""
    model, data = make_model(dtype=torch.float32), batch(torch.float32)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**60)
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    before = [p.detach().clone() for p in model.parameters()]
    with torch.autocast("cpu", dtype=torch.float16):
        weights = mtl.PCGrad().backward(mtl.Signals(model, data, TASKS, scaler=scaler))
    assert not weights.any()
    scaler.step(sgd)
    scaler.update()
    assert scaler.get_scale() == 2.0**59
    torch.testing.assert_close([p.detach() for p in model.parameters()], before, rtol=0, atol=0)


@pytest.mark.parametrize("overflows", [False, True])
def test_whether_the_scaler_skips_the_step(overflows: bool) -> None:
    """Gradients that are finite until they carry the scale."""
    model, data = make_model(dtype=torch.float32), batch(torch.float32)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    signals = mtl.Signals(model, data, TASKS, scaler=scaler)
    assert signals.skipped
    signals.backward(torch.tensor([1.0, 2.0**127 if overflows else 1.0]))
    before = [p.detach().clone() for p in model.parameters()]
    scaler.step(sgd)
    assert signals.skipped == overflows
    assert signals.skipped == all(
        torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True)
    )
    sgd.zero_grad()
    with pytest.raises(RuntimeError, match=r"after_step\(signals\) before optimizer.zero_grad"):
        _ = signals.skipped


def test_losses_after_the_step_under_one_autocast_for_the_whole_loop() -> None:
    """Its cache has the parameters of before the step."""
    model, data = make_model(dtype=torch.float32), batch(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        signals = mtl.Signals(model, data, TASKS)
        before = signals.losses
        signals.backward(torch.ones(2))
        torch.optim.SGD(model.parameters(), lr=0.5).step()
        found = signals.losses_now()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = mtl.Signals(model, data, TASKS).losses
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)
    assert torch.dist(found, before) > 0.01
