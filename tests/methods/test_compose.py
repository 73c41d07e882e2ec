"""Compose: a loss balancing and a gradient balancing in one step."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from helpers.networks import TASKS, batch, make_model
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.compose import Compose
from mtlcore.methods.gradients.rotograd import RotoGrad
from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.uw import UW
from mtlcore.methods.samples.slgrad import SLGrad

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
    model, both = make_model(), Compose(mtl.Static(factors), gradients)
    seen = [grads_of(model, both, data, TASKS) for _ in range(3)]
    weighted = tuple(
        mtl.Task(t.name, lambda o, y, t=t, f=f: f * t.loss(o, y), t.metrics)
        for t, f in zip(TASKS, factors, strict=True)
    )
    gradients.reset()
    gradients.seed(1)
    model = make_model()
    torch.testing.assert_close(seen, [grads_of(model, gradients, data, weighted) for _ in range(3)])


def grads_of(
    model: mtl.MultiTaskModel, method: mtl.Method, data: mtl.Batch, tasks: Sequence[mtl.Task]
) -> list[Tensor]:
    model.zero_grad()
    method.backward(mtl.Signals(model, data, tasks))
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def test_gradnorm_picks_its_parameters_from_the_signals() -> None:
    model = make_model()
    picked = mtl.GradNorm(parameters_of=lambda signals: list(signals.model.trunk[0].parameters()))
    scaled = mtl.Signals(model, batch(), TASKS).scaled(torch.tensor([0.5, 3.0]))
    twin = mtl.GradNorm()
    twin.weights(scaled.norms(list(model.trunk[0].parameters())), scaled.losses)
    Compose(mtl.Static((0.5, 3.0)), picked).backward(mtl.Signals(model, batch(), TASKS))
    torch.testing.assert_close(picked.w, twin.w)


@pytest.mark.parametrize(
    ("losses", "gradients", "product"),
    [
        (UW(), mtl.PCGrad(), 0.5),
        (UW(kind=("classification", "regression")), mtl.GradDrop(), 0.5),
        (IMTLL(), mtl.IMTLG(), 1.0),
    ],
    ids=repr,
)
def test_scales_come_to_rest_where_they_do_alone(
    losses: mtl.Method, gradients: mtl.Method, product: float
) -> None:
    """In a fixed network every weight times its loss becomes 1/2, or 1."""
    method, model = Compose(losses, gradients), make_model()
    sgd = torch.optim.SGD(method.learnable(), lr=0.5)
    for _ in range(200):
        sgd.zero_grad()
        method.backward(mtl.Signals(model, batch(), TASKS))
        sgd.step()
    values = mtl.Signals(model, batch(), TASKS).losses
    torch.testing.assert_close(losses.weights(values) * values, torch.full_like(values, product))


def test_the_full_imtl_at_rest() -> None:
    """Gradients of losses that are all 1, and an update with one projection on all of them."""
    imtl, model = Compose(IMTLL(), mtl.IMTLG()), make_model()
    signals = mtl.Signals(model, batch(), TASKS)
    imtl.losses.s.data = -signals.losses.log()
    jacobian = signals.jacobian()
    weights = imtl.backward(signals)
    torch.testing.assert_close((weights * signals.losses).sum().item(), 1.0)
    products = (jacobian / jacobian.norm(dim=1, keepdim=True)) @ (weights @ jacobian)
    torch.testing.assert_close(products[0], products[1])
    torch.testing.assert_close(imtl.losses.s.grad, torch.zeros_like(weights))


def test_compose_learns_the_loss_weights_and_refuses_the_wrong_kinds() -> None:
    uw = UW()
    Compose(uw, mtl.PCGrad()).backward(mtl.Signals(make_model(), batch(), TASKS))
    assert uw.s.grad is not None
    assert Compose(uw, mtl.PCGrad()).learnable() == [uw.s]
    with pytest.raises(ValueError, match="balances training losses"):
        Compose(mtl.PCGrad(), mtl.PCGrad())
    for second in (mtl.SLAW(), mtl.HydaLearn(lr=0.1), mtl.MOML(), SLGrad()):
        with pytest.raises(ValueError, match="balances gradients"):
            Compose(mtl.SLAW(), second)


def test_both_methods_learn_from_the_step() -> None:
    """The loss balancing from the losses as they are, the gradient balancing from the weighted ones."""
    seen = []

    class Watching(mtl.PCGrad):
        def after_step(self, signals: mtl.Signals) -> None:
            seen.append(signals.losses_now())

    famo, model = mtl.FAMO(), make_model()
    method = Compose(famo, Watching())
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    signals = mtl.Signals(model, batch(), TASKS)
    factors = mtl.FAMO().weights(signals.losses)
    method.backward(signals)
    sgd.step()
    method.after_step(signals)
    twin = mtl.FAMO()
    twin.learn(signals.losses, signals.losses_now())
    assert torch.equal(famo.xi, twin.xi)
    torch.testing.assert_close(seen, [factors * signals.losses_now()])
