"""Weights that are learned: parameters that take their size from the first step."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mtlcore.methods.base import LossBalancing, Method, Scale
from mtlcore.signals import Signals

MakeOptimizer = Callable[[Iterable[Tensor]], Optimizer]

PATIENCE = 100
"""Steps without any change of the scales before a warning. A step of a training loop may be made of tens of
micro-batches, and a loss scaler may skip its first ten to twenty steps: nothing is wrong there."""


class _Unsized(nn.Parameter):
    """A parameter that takes its size from the first step, so no optimiser may make state of its size yet."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.full_like, torch.zeros_like):
            raise ValueError(
                "this optimiser needs to know how many scales there are, which the method takes from its "
                "first step; make it from method.learnable(tasks=T)"
            )
        return super().__torch_function__(func, types, args, kwargs or {})


class LearnedScales(LossBalancing):
    """Rules whose weights come from scales s, one a task, that the training loop's optimiser learns.

    ``s`` minimises the rule's ``objective``.

    Parameters
    ----------
    init : float, default 0.0
        Starting value of every s.
    scale : {"sum", "mean"}, optional
        As in :class:`Method`.
    """

    s: nn.Parameter
    _given = False

    def __init__(self, *, init: float = 0.0, scale: Scale | None = None) -> None:
        super().__init__(scale=scale)
        self.init = init
        self.add_state("s", init, learned=True)
        self.s = _Unsized(self.s.data)
        self._filled, self._start = 0, (0, self.s.detach())

    def objective(self, losses: Tensor) -> Tensor:
        """Return the scalar that s minimises, for losses (T,)."""
        raise NotImplementedError

    def after_backward(self, signals: Signals) -> None:
        """Backpropagate the objective to s."""
        objective = self.objective(signals.losses)
        if signals.scaler is not None:  # it divides all gradients of an optimiser by its scale
            objective = signals.scaler.scale(objective)
        objective.backward()
        self._watch()

    def _take_from(self, twin: Any, kept: Sequence[int], tasks: int) -> None:
        gradient = torch.zeros_like(self.s)
        gradient[kept] = twin.s.grad
        self.s.grad = gradient if self.s.grad is None else self.s.grad + gradient
        self._watch()

    def _watch(self) -> None:
        """Warn where the scales never move; by value and by version, since a learning rate may be zero."""
        if not self._filled:
            self._start = self.s._version, self.s.detach().clone()
        self._filled += 1
        if self._filled == PATIENCE and self.s._version == self._start[0] and self.s.equal(self._start[1]):
            warnings.warn(
                f"the scales of {self} have not changed in {PATIENCE} steps: no optimiser steps them, so add "
                "optimizer.add_param_group({'params': method.learnable(), 'weight_decay': 0})",
                stacklevel=8,  # the caller of backward
            )

    def learnable(self, tasks: int | None = None) -> list[nn.Parameter]:
        """Return the s; of a number of tasks, for an optimiser that needs it before the first step."""
        if tasks is not None:
            self._meet(tasks, self.s.device)
        self._given, self.remedy = True, "make a new one, and a new optimiser, which holds its scales"
        return [self.s]

    def _assign(self, name: str, value: Tensor) -> None:
        super()._assign(name, value)
        self.s.__class__ = nn.Parameter if len(self.s) else _Unsized

    def _forget(self) -> None:
        self.s.grad = None
        if self._given:  # an optimiser may have state of this size
            self.s.data.fill_(self.init)
        else:
            super()._forget()


class SelfLearning(Method):
    """Mixin for rules that train a parameter of their own, with an optimiser of their own.

    The optimiser's state is part of ``state_dict()``. The parameter does not ask the training loop
    for a step.
    """

    optimizer: MakeOptimizer
    _optimizer: Optimizer | None = None
    _stepped: Sequence[Tensor] = ()
    """What the optimiser steps: the parameter, or its rows once tasks have made unlike numbers of steps."""

    def _step(self, parameter: nn.Parameter, gradient: Tensor) -> None:
        """One step of the method's own optimiser against a gradient."""
        if self._optimizer is None:
            self._stepped = [parameter]
            self._optimizer = self.optimizer(self._stepped)
        gradient = gradient.detach().to(parameter)
        if self._stepped[0] is parameter:
            parameter.grad = gradient
        else:
            for piece, row, part in zip(self._stepped, parameter.data, gradient, strict=True):
                piece.data, piece.grad = row, part  # the row is a view, so the step changes the parameter
        self._optimizer.step()
        for piece in self._stepped:
            piece.grad = None

    def _alone(self, kept: Sequence[int], tasks: int) -> Any:
        self._split()
        twin = super()._alone(kept, tasks)
        twin._stepped = [self._stepped[task] for task in kept if self._stepped]
        return twin

    def _split(self) -> None:
        """Let the optimiser step the rows of the parameter one by one, each with its own state.

        A row without a gradient then keeps its value, and its averages and number of steps.
        """
        (parameter,) = self.parameters()
        if not len(parameter) or (self._stepped and self._stepped[0] is not parameter):
            return
        whole = {} if self._optimizer is None else self._optimizer.state[parameter]
        self._stepped = [row.clone() for row in parameter.detach()]
        self._optimizer = self.optimizer(self._stepped)
        for task, row in enumerate(self._stepped):
            for name, value in whole.items():
                of_rows = isinstance(value, Tensor) and value.shape == parameter.shape
                self._optimizer.state[row][name] = value[task].clone() if of_rows else copy.deepcopy(value)

    def get_extra_state(self) -> Any:
        return None if self._optimizer is None else self._optimizer.state_dict()

    def set_extra_state(self, state: Any) -> None:
        self._optimizer, self._stepped = None, ()
        if state is not None:
            (parameter,) = self.parameters()
            rows = sum(len(group["params"]) for group in state["param_groups"]) > 1
            self._stepped = [row.clone() for row in parameter.detach()] if rows else [parameter]
            self._optimizer = self.optimizer(self._stepped)
            self._optimizer.load_state_dict(copy.deepcopy(state))

    def reset(self) -> None:
        super().reset()
        self._optimizer, self._stepped = None, ()
