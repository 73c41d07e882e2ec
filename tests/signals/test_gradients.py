"""What is written into ``.grad``, and what is not."""

from __future__ import annotations

import pytest
import torch
from helpers.awkward import TASKS, make_case
from helpers.methods import TEXTS, make, methods
from torch import Tensor, nn

import mtlcore as mtl


class Unused(nn.Module):
    """A trunk, or a head, with a parameter that it does not use."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer, self.unused = nn.Linear(inputs, outputs), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def problem(trunk: nn.Module, heads: list[nn.Module] | None = None) -> tuple[mtl.MultiTaskModel, mtl.Batch]:
    torch.manual_seed(0)
    _, data = make_case("plain")
    return mtl.MultiTaskModel(trunk, heads or [nn.Linear(4, 2) for _ in TASKS]).double(), data


@methods(texts=TEXTS)
def test_what_no_loss_reaches_has_no_gradient(text: str) -> None:
    """None, so that weight decay and momentum leave it alone; in one batch and in micro-batches."""
    for several in (False, True):
        model, data = problem(Unused(5, 4), [Unused(4, 2) for _ in TASKS])
        names = [n for n, _ in model.named_parameters() if "unused" in n]
        assert len(names) == 8
        step = [data, data] if several else data
        make(text).backward(mtl.Signals(model, step, TASKS, data))
        grads = {n: p.grad for n, p in model.named_parameters()}
        assert all(grads[n] is None for n in names)
        if "SLGrad" not in text:
            assert all(g is not None for n, g in grads.items() if n not in names)


def test_a_weight_of_zero_is_a_gradient_of_zero() -> None:
    model, data = problem(nn.Linear(5, 4))
    mtl.Signals(model, data, TASKS).backward(torch.zeros(3), heads=torch.zeros(3))
    assert all(p.grad is not None and not p.grad.any() for p in model.parameters())


@methods(texts=TEXTS)
def test_a_step_fills_gradients_once(text: str) -> None:
    model, data = make_case("plain")
    signals = mtl.Signals(model, data, TASKS, data)
    make(text).backward(signals)
    before = [p.grad.clone() for p in model.parameters()]
    for fill in (
        lambda: make(text).backward(signals),
        lambda: signals.backward(torch.ones(3)),
        lambda: signals.scaled(torch.ones(3)).backward(torch.ones(3)),
        lambda: signals.only([0, 1]).backward(torch.ones(2)),
    ):
        with pytest.raises(RuntimeError, match=r"has filled \.grad already"):
            fill()
    torch.testing.assert_close([p.grad for p in model.parameters()], before, rtol=0, atol=0)


class Root(nn.Module):
    """A finite value whose derivative by ``scale`` is infinite."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(5, 4), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + self.scale.abs().sqrt()


@methods(texts=TEXTS)
@pytest.mark.parametrize("where", ["trunk", "head"])
def test_a_gradient_that_is_not_finite_is_not_written(text: str, where: str) -> None:
    """Neither by a method that sees no gradient nor by one that does; nothing at all is written."""
    if where == "trunk":
        model, data = problem(Root())
        name = "trunk.scale"
    else:
        heads = [nn.Linear(4, 2), nn.Sequential(nn.Linear(4, 5), Root(), nn.Linear(4, 2)), nn.Linear(4, 2)]
        model, data = problem(nn.Linear(5, 4), heads)
        name = "heads.1.1.scale"
    method = make(text)
    with pytest.raises(ValueError) as raised:
        method.backward(mtl.Signals(model, data, TASKS, data))
    assert "not finite" in str(raised.value) or "nan" in str(raised.value)
    if method.sees == "losses" and not method.validates:
        assert repr(name) in str(raised.value)
    assert all(p.grad is None for p in model.parameters())


def test_large_gradients_are_finite() -> None:
    """Entries near the largest number: their norm overflows, but they are gradients all the same."""
    model, data = problem(nn.Linear(5, 4))
    model, data = model.float(), mtl.Batch(data.inputs.float(), tuple(y.float() for y in data.targets))
    huge = torch.full((24,), 3e38)
    mtl.Signals(model, data, TASKS).apply(huge)
    assert (model.trunk.weight.grad == 3e38).all()


def test_no_gradient_shares_memory() -> None:
    """The gradients of exp(a + b) are one tensor in autograd; clipping in place must not halve both twice."""
    model, data = make_case("sum of two")
    mtl.Signals(model, data, TASKS).backward(torch.ones(3))
    before = [p.grad.clone() for p in model.parameters()]
    assert torch.equal(model.trunk.a.grad, model.trunk.b.grad)
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    total = torch.cat([g.flatten() for g in before]).norm()
    torch.testing.assert_close([p.grad for p in model.parameters()], [g * 0.1 / total for g in before])


def test_a_gradient_that_repeats_one_number_can_be_changed_in_place() -> None:
    class Shift(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.b = nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            return x[:, :4] * 0 + self.b.sum()

    model, data = problem(Shift())
    mtl.Signals(model, data, TASKS).backward(torch.ones(3))
    model.trunk.b.grad[0] = 0
    assert model.trunk.b.grad[1:].all()


def test_hooks_after_accumulation_run() -> None:
    model, data = make_case("plain")
    stepped = []
    model.trunk[0].weight.register_post_accumulate_grad_hook(lambda p: stepped.append(p.grad.clone()))
    mtl.Signals(model, data, TASKS).backward(torch.ones(3))
    assert len(stepped) == 1
    assert torch.equal(stepped[0], model.trunk[0].weight.grad)


@pytest.mark.parametrize("text", ["Static", "UW", "RLW", "SLAW", "DWA", "IMTLL", "SingleTask", "RGW"])
def test_a_frozen_trunk_trains_its_heads(text: str) -> None:
    """Linear probing, with the methods that need no gradient of the trunk; the others say what is missing."""
    model, data = make_case("plain")
    model.trunk.requires_grad_(False)
    make(text).backward(mtl.Signals(model, data, TASKS))
    assert all(p.grad is None for p in model.trunk.parameters())
    assert all(p.grad is not None for head in model.head_parameters() for p in head)
    with pytest.raises(ValueError, match="share nothing"):
        mtl.PCGrad().backward(mtl.Signals(model, data, TASKS))
