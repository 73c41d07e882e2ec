"""Learned loss weights (UW and IMTL-L): reference numbers, optimum, limits."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import TASKS, batch, make_model, toy
from torch import nn

import mtlcore as mtl
from mtlcore.methods._learned import PATIENCE
from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.uw import UW


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
    assert_exact(torch.autograd.grad(value, method.s)[0], *slope)
    assert_exact(method.weights(losses), *weights)


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


SCALES = pytest.mark.parametrize("cls", [UW, IMTLL])


def train(method: UW | IMTLL, optimizer: torch.optim.Optimizer | None, steps: int = 1) -> None:
    model = make_model()
    for _ in range(steps):
        if optimizer is not None:
            optimizer.zero_grad()
        method.backward(mtl.Signals(model, batch(), TASKS))
        if optimizer is not None:
            optimizer.step()


@SCALES
def test_scales_that_nobody_steps_are_reported_once(cls: type) -> None:
    method = cls()
    train(method, None, PATIENCE - 1)
    with pytest.warns(UserWarning, match=r"add_param_group.*method.learnable\(\)") as caught:
        train(method, None, 2 * PATIENCE)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="no optimiser"):
        train(mtl.Compose(cls(), mtl.PCGrad()), None, PATIENCE)


@SCALES
@pytest.mark.parametrize("how", ["stepped", "by hand", "one step late", "no learning rate at first"])
def test_scales_that_move_are_not_reported(cls: type, how: str, recwarn: pytest.WarningsRecorder) -> None:
    method = cls()
    late = PATIENCE - 2 if how == "one step late" else 0
    train(method, None, late)
    if how == "by hand":
        train(method, None)
        method.s.data -= 0.1 * method.s.grad
        train(method, None, PATIENCE)
    else:
        lr = 0 if how == "no learning rate at first" else 0.01
        train(method, torch.optim.Adam(method.learnable(), lr=lr), PATIENCE)
    assert not [w for w in recwarn if w.category is UserWarning]


OPTIMIZERS = {
    "Adam": torch.optim.Adam,
    "SGD": partial(torch.optim.SGD, momentum=0.9),
    "RMSprop": torch.optim.RMSprop,
    "Adagrad": torch.optim.Adagrad,
}


@SCALES
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("told", [False, True])
def test_every_optimiser_learns_the_scales_or_says_what_it_needs(cls: type, name: str, told: bool) -> None:
    """The same as of a parameter that had its size from the start."""
    method = cls()
    if name == "Adagrad" and not told:
        with pytest.raises(ValueError, match=r"method.learnable\(tasks=T\)"):
            OPTIMIZERS[name](method.learnable(), lr=0.1)
        return
    optimizer = OPTIMIZERS[name](method.learnable(tasks=2 if told else None), lr=0.1)
    plain = nn.Parameter(vector(0, 0))
    twin = OPTIMIZERS[name]([plain], lr=0.1)
    losses = vector(2, 0.3)
    for _ in range(5):
        optimizer.zero_grad()
        method.objective(losses).backward()
        plain.grad = method.s.grad.clone()
        optimizer.step()
        twin.step()
    assert torch.equal(method.s, plain)
    assert type(method.s) is nn.Parameter


@SCALES
def test_the_size_of_the_scales_is_known_in_every_copy(cls: type) -> None:
    """Copies of a method without a size, and what is loaded into it."""
    losses = vector(2, 0.3)
    for twin in (copy.deepcopy(cls()), pickle.loads(pickle.dumps(cls())), cls().to(torch.float32)):
        assert torch.isfinite(twin.weights(losses)).all()
    known, fresh = cls(), cls()
    known.weights(losses)
    known.s.data = vector(0.5, -1)
    fresh.load_state_dict(known.state_dict())
    assert torch.equal(fresh.weights(losses), known.weights(losses))
    known.reset()
    with pytest.raises(ValueError, match="how many scales"):
        torch.optim.Adagrad(known.learnable())
    torch.optim.Adagrad(fresh.learnable())


@SCALES
def test_another_number_of_tasks_is_refused_after_reset_too(cls: type) -> None:
    """The optimiser of the training loop has state for the first number."""
    method = cls(init=0.25)
    adam = torch.optim.Adam(method.learnable(), lr=0.1)
    train(method, adam, 3)
    for _ in range(2):
        with pytest.raises(
            ValueError, match=f"this {cls.__name__} has seen 2 tasks and now sees 3; make a new"
        ):
            method.weights(vector(1, 1, 1))
        with pytest.raises(ValueError, match="seen 2 tasks"):
            method.learnable(tasks=3)
        method.reset()
        assert method.s.tolist() == [0.25, 0.25]
        assert method.s.grad is None
    train(method, adam)
    assert method.s.tolist() != [0.25, 0.25]


@pytest.mark.parametrize("method", [UW(), IMTLL()])
def test_what_a_learned_weight_cannot_do(method: UW | IMTLL) -> None:
    with pytest.raises(ValueError, match="losses >= 0"):
        method.weights(vector(1, -1))
    method.weights(vector(1, 1))
    with pytest.raises(ValueError, match=r"seen 2 tasks and now sees 3; reset\(\)"):
        method.weights(vector(1, 1, 1))
    method.s.data = vector(0, -2000 if isinstance(method, UW) else 2000)
    with pytest.raises(ValueError, match=r"weight of task 1 is not finite"):
        method.weights(vector(1, 1))
    method.reset()
    assert torch.isfinite(method.weights(vector(1, 1, 1))).all()


@pytest.mark.parametrize("name", ["uw", "imtll"])
def test_fit_learns_the_weights_without_decay(name: str) -> None:
    method = {"uw": UW, "imtll": IMTLL}[name]()
    model = mtl.MultiTaskModel(nn.Linear(5, 4), [nn.Linear(4, 2), nn.Linear(4, 2)])
    adam = partial(torch.optim.AdamW, lr=0.05, weight_decay=10.0)
    mtl.fit(model, toy(), method, optimizer=adam, epochs=2, batch_size=16, progress=False)
    assert (method.s != 0).all()
