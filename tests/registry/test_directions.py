"""What holds for every rule that has a direction, from the task gradients themselves."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from helpers.asserts import assert_same_steps
from helpers.gradients import C, rows, seeded
from helpers.methods import OF_THREE, TEXTS, make, methods
from helpers.networks import TASKS, batch, gradients_by_hand, make_model
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.base import Method

SIZES = [1, 2]
OF_C = [text for text in (*TEXTS, *OF_THREE) if make(text).sees in ("gramian", "jacobian")]


def three_steps(method: Method) -> list[Tensor]:
    return [method.direction((k + 1) * rows(C), SIZES) for k in range(3)]


@methods(texts=[text for text in OF_C if text not in OF_THREE and make(text).sees == "jacobian"])
def test_rules_without_weights(text: str) -> None:
    """They say so, and their direction is what a step applies."""
    method = make(text)
    with pytest.raises(ValueError, match="no weights"):
        method.weights(torch.eye(2))
    model, data = make_model(), batch()
    jacobian, heads = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    twin = copy.deepcopy(method)
    assert method.backward(signals) is None
    filled = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(filled, twin.direction(jacobian, signals.sizes))
    for head, own in zip(model.head_parameters(), heads, strict=True):
        torch.testing.assert_close([p.grad for p in head], own)


@methods(texts=OF_C)
def test_reset_and_seed_start_anew(text: str) -> None:
    method = make(text)
    method.seed(3)
    first = three_steps(method)
    method.reset()
    method.seed(3)
    assert_same_steps(first, three_steps(method))


@methods(lambda method: not isinstance(method, mtl.GradDrop), "draws another U for another type", OF_C)
def test_float32_is_float64_rounded(text: str) -> None:
    gradients = torch.randn(3, 3, generator=seeded(5), dtype=torch.float64)
    d = make(text).direction(gradients.float(), SIZES)
    assert d.dtype == torch.float32
    torch.testing.assert_close(d.double(), make(text).direction(gradients, SIZES), rtol=1e-3, atol=1e-4)


@methods(texts=[text for text in OF_C if make(text).sees == "gramian"])
@pytest.mark.parametrize("tasks", [2, 5, 40])
def test_float32_gramians_that_are_not_quite_positive(text: str, tasks: int) -> None:
    """More tasks than dimensions: rounding makes eigenvalues of either sign."""
    gradients = torch.randn(tasks, 3, generator=seeded(tasks))
    method = make(text)
    weights = method.weights(gradients @ gradients.T)
    assert weights.dtype == torch.float32
    assert torch.isfinite(weights).all()


@methods(texts=OF_C)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_names_its_task(text: str, bad: float) -> None:
    gradients = rows(C)
    gradients[1, 1] = bad
    with pytest.raises(ValueError, match=r"task .*1.* not finite"):
        make(text).direction(gradients, SIZES)


@methods(texts=OF_C)
def test_gradients_are_left_alone(text: str) -> None:
    gradients = rows(C).requires_grad_()
    assert not make(text).direction(gradients, SIZES).requires_grad
    assert torch.equal(gradients, rows(C))


FAR = {
    "huge": (torch.float32, 1e25),
    "tiny": (torch.float32, 1e-30),
    "half": (torch.float16, 5e-5),
    "brain half": (torch.bfloat16, 5e-5),
    "huge brain half": (torch.bfloat16, 1e25),
}


@methods(texts=OF_C)
@pytest.mark.parametrize("name", FAR)
def test_directions_do_not_depend_on_the_range_of_a_type(text: str, name: str) -> None:
    """Squares that overflow or vanish in the type of the gradients: against float64, over some steps."""
    dtype, size = FAR[name]
    gradients = torch.randn(3, 3, generator=seeded(5), dtype=torch.float64)
    gradients = (size * gradients / gradients.norm()).to(dtype)
    method, twin = make(text), make(text)
    wide = torch.float32 if isinstance(method, mtl.GradDrop) else torch.float64  # it draws U in that type
    for k in range(3):
        found = method.direction((k + 1) * gradients, SIZES)
        expected = twin.direction(((k + 1) * gradients).to(wide), SIZES)
        assert found.dtype == dtype
        slack = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 2e-2}[dtype]
        torch.testing.assert_close(found.double() / size, expected.double() / size, rtol=slack, atol=slack)
