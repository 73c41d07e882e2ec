"""Weights that are learned: parameters that take their size from the first step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mtlcore.methods.base import LossBalancing, Method, Scale
from mtlcore.signals import Signals

MakeOptimizer = Callable[[Iterable[Tensor]], Optimizer]


def grow(parameter: nn.Parameter, tasks: int, value: float) -> nn.Parameter:
    """Give a parameter that is still empty one entry a task.

    Raises
    ------
    ValueError
        If it has another number of entries already.
    """
    if not len(parameter):
        parameter.data = torch.full((tasks,), value, dtype=parameter.dtype, device=parameter.device)
    if len(parameter) != tasks:
        raise ValueError(f"this method has learned {len(parameter)} tasks and now meets {tasks}; reset() it")
    return parameter


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

    def __init__(self, *, init: float = 0.0, scale: Scale | None = None) -> None:
        super().__init__(scale=scale)
        self.init = init
        self.s = nn.Parameter(torch.zeros(0, dtype=torch.float64))

    def objective(self, losses: Tensor) -> Tensor:
        """Return the scalar that s minimises, for losses (T,)."""
        raise NotImplementedError

    def after_backward(self, signals: Signals) -> None:
        """Backpropagate the objective to s."""
        self.objective(signals.losses.double()).backward()

    def learnable(self) -> list[nn.Parameter]:
        """Return the s."""
        return [self.s]

    def reset(self) -> None:
        self.s.data = self.s.data.new_zeros(0)


class SelfLearning(Method):
    """Mixin for rules that train parameters of their own, with an optimiser of their own.

    The optimiser's state is part of ``state_dict()``. The parameters do not ask the training loop
    for a step.
    """

    optimizer: MakeOptimizer
    _optimizer: Optimizer | None = None

    def _step(self, parameter: nn.Parameter, gradient: Tensor) -> None:
        """One step of the method's own optimiser against a gradient."""
        if self._optimizer is None:
            self._optimizer = self.optimizer([parameter])
        parameter.grad = gradient.detach().to(parameter)
        self._optimizer.step()
        parameter.grad = None

    def get_extra_state(self) -> Any:
        return None if self._optimizer is None else self._optimizer.state_dict()

    def set_extra_state(self, state: Any) -> None:
        self._optimizer = None
        if state is not None:
            self._optimizer = self.optimizer(self.parameters())
            self._optimizer.load_state_dict(copy.deepcopy(state))

    def reset(self) -> None:
        self._optimizer = None
        for parameter in self.parameters():
            parameter.data = torch.zeros(0, dtype=parameter.dtype, device=parameter.device)
