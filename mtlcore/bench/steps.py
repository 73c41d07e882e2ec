"""Training steps by name: those of our methods, of other libraries, and two in plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from inspect import signature

import torch
from torch import Tensor

from mtlcore.bench import libraries
from mtlcore.bench.problem import Problem
from mtlcore.methods import METHODS, make
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals

Passes = dict[str, int]
"""Numbers of forward, backward and forward-mode passes, by kind."""

Step = Callable[[], Passes]
"""One training step."""

BASELINE, PLAIN, LOOP = "Static", "plain torch", "plain loop"

OURS = tuple(
    full
    for name, method in METHODS.items()
    for full in (name, f"{name}(level='features')")
    if full == name or "level" in signature(method).parameters
)
"""Every registered method with its defaults, and at the level of features where it has that option."""


def make_step(name: str, on: Problem, seed: int = 0) -> Step:
    """Make a training step: set gradients to zero, compute them, and apply SGD.

    The learning rate is so small that the parameters hardly change, so that all steps do the same work.

    Parameters
    ----------
    name : str
        One of :data:`OURS`; one of :data:`mtlcore.bench.PEERS`; ``"plain torch"``, which is equal weights
        without mtlcore; or ``"plain loop"``, which is one backward pass per task and then the mean of the
        gradients, the least cost of a method that takes the task gradients one by one.
    on : Problem
        Network and data.
    seed : int, default 0
        Seed of the method.

    Returns
    -------
    step : callable
        It returns the numbers of passes that it counted; an empty dict for a step that counts none.

    Raises
    ------
    ValueError
        If no step has that name.
    ImportError
        If the library is not installed.
    """
    learnable: Iterable[Tensor] = ()
    if name == PLAIN:
        backward = _plain(on)
    elif name == LOOP:
        backward = _loop(on)
    elif name in libraries.PEERS:
        backward, learnable = libraries.backward(name, on)
    elif name in OURS:
        return _balanced(name, on, seed)
    else:
        raise ValueError(f"there is no step called {name!r}")
    optimizer = _optimizer(on, learnable)

    def step() -> Passes:
        optimizer.zero_grad()
        passes = backward()
        optimizer.step()
        return passes or {}

    return step


def _optimizer(on: Problem, learnable: Iterable[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.SGD([*on.model.parameters(), *learnable], lr=1e-6)


def _balanced(name: str, on: Problem, seed: int) -> Step:
    """A step of one of our methods."""
    method = make(name).to(on.batch.targets[0].device)
    method.seed(seed)
    validation = on.validation if method.validates else None
    optimizer = _optimizer(on, method.learnable())

    def step() -> Passes:
        optimizer.zero_grad()
        signals = Signals(on.model, on.batch, on.tasks, validation)
        method.backward(signals)
        optimizer.step()
        method.after_step(signals)
        return asdict(signals.passes)

    return step


def _plain(on: Problem) -> libraries.Backward:
    """The mean of the losses, in plain PyTorch."""

    def backward() -> None:
        torch.stack(on.losses(on.model.trunk(on.batch.inputs))).mean().backward()

    return backward


def _loop(on: Problem) -> libraries.Backward:
    """The mean of the task gradients, each from a backward pass of its own."""

    def backward() -> None:
        rows = one_by_one(on.model, on.losses(on.model.trunk(on.batch.inputs)))
        fill_shared(on.model, torch.stack(rows).mean(0))

    return backward


def one_by_one(model: MultiTaskModel, losses: Iterable[Tensor]) -> list[Tensor]:
    """Compute the task gradients by one backward pass per task, and write those of the heads.

    Parameters
    ----------
    model : MultiTaskModel
        D shared parameters; ``grad`` of the head parameters is overwritten.
    losses : iterable of Tensor
        T scalars.

    Returns
    -------
    gradients : list of Tensor
        T vectors (D,) with respect to the shared parameters.
    """
    shared, rows = list(model.shared_parameters()), []
    for loss, own in zip(losses, model.head_parameters(), strict=True):
        gradients = torch.autograd.grad(loss, [*shared, *own], retain_graph=True)
        rows.append(torch.cat([g.flatten() for g in gradients[: len(shared)]]))
        for p, g in zip(own, gradients[len(shared) :], strict=True):
            p.grad = g
    return rows


def fill_shared(model: MultiTaskModel, direction: Tensor) -> None:
    """Write a direction into ``grad`` of the shared parameters.

    Parameters
    ----------
    model : MultiTaskModel
        D shared parameters.
    direction : Tensor, shape (D,)
        The flattened gradient.
    """
    shared = list(model.shared_parameters())
    for p, piece in zip(shared, direction.split([p.numel() for p in shared]), strict=True):
        p.grad = piece.view_as(p)
