"""The same properties for methods with other options than their defaults."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
import torch
from helpers.gradients import C, rows, seeded
from helpers.networks import TASKS, batch, gradients_by_hand, make_model
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.auxiliary.orthogonal import Orthogonal
from mtlcore.methods.base import Method
from mtlcore.methods.gradients.cagrad import CAGrad
from mtlcore.methods.gradients.graddrop import GradDrop
from mtlcore.methods.gradients.gradvac import GradVac
from mtlcore.methods.gradients.imtlg import IMTLG
from mtlcore.methods.gradients.mgda import MGDA


@pytest.mark.parametrize(
    "method",
    [GradDrop(), GradVac(per="variable"), Orthogonal(per="variable"), Orthogonal(smoothing=0.5)],
    ids=repr,
)
def test_rules_without_weights(method: Method) -> None:
    """They say so, and their direction is what a step applies."""
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


ALL = [
    MGDA(),
    IMTLG(),
    IMTLG(sign_fix=True, scale="sum"),
    CAGrad(),
    CAGrad(c=1, rescale=2),
    GradVac(),
    GradVac(beta=0.5, per="variable", scale="mean"),
    GradDrop(),
    GradDrop(leak=[0.5, 0, 1]),
    Orthogonal(),
    Orthogonal(per="variable", smoothing=0.1),
]
every = pytest.mark.parametrize("method", ALL, ids=repr)
SIZES = [1, 2]


def three_steps(method: Method) -> list[Tensor]:
    return [method.direction((k + 1) * rows(C), SIZES) for k in range(3)]


@every
@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "pickle"])
def test_state_round_trip(method: Method, how: str) -> None:
    method = copy.deepcopy(method)
    three_steps(method)
    if how == "state_dict":
        twin = eval(repr(method))
        twin.load_state_dict(method.state_dict())
    else:
        twin = copy.deepcopy(method) if how == "deepcopy" else pickle.loads(pickle.dumps(method))
    for a, b in zip(three_steps(method), three_steps(twin), strict=True):
        assert torch.equal(a, b)


@every
def test_reset_and_seed_start_anew(method: Method) -> None:
    method = copy.deepcopy(method)
    method.seed(3)
    first = three_steps(method)
    method.reset()
    method.seed(3)
    assert all(torch.equal(a, b) for a, b in zip(first, three_steps(method), strict=True))


@every
def test_float32_is_float64_rounded(method: Method) -> None:
    generator = seeded(5)
    gradients = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    exact, rounded = (copy.deepcopy(method) for _ in range(2))
    if isinstance(method, GradDrop):
        return  # draws another U for another type
    d = rounded.direction(gradients.float(), SIZES)
    assert d.dtype == torch.float32
    torch.testing.assert_close(d.double(), exact.direction(gradients, SIZES), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("tasks", [2, 5, 40])
@pytest.mark.parametrize("method", [MGDA(), IMTLG(), CAGrad(), CAGrad(1), GradVac()], ids=repr)
def test_float32_gramians_that_are_not_quite_positive(method: Method, tasks: int) -> None:
    """More tasks than dimensions: rounding makes eigenvalues of either sign."""
    gradients = torch.randn(tasks, 3, generator=seeded(tasks))
    gramian = gradients @ gradients.T
    weights = copy.deepcopy(method).weights(gramian)
    assert weights.dtype == torch.float32
    assert torch.isfinite(weights).all()
    if isinstance(method, MGDA):
        assert (weights >= 0).all()
        assert weights.sum().item() == pytest.approx(1, abs=1e-6)
        least = MGDA().direction(gradients.double()).norm()
        assert (weights @ gradients).norm() <= least + 1e-2


@every
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_names_its_task(method: Method, bad: float) -> None:
    gradients = rows(C)
    gradients[1, 1] = bad
    with pytest.raises(ValueError, match=r"task .*1.* not finite"):
        copy.deepcopy(method).direction(gradients, SIZES)


@every
def test_inputs_are_left_alone(method: Method) -> None:
    gradients = rows(C).requires_grad_()
    assert not copy.deepcopy(method).direction(gradients, SIZES).requires_grad
    assert torch.equal(gradients, rows(C))
