"""Fast adaptive multi-task optimisation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mtlcore.methods._learned import PATIENCE, MakeOptimizer, SelfLearning
from mtlcore.methods.base import LossBalancing, Scale, check_vector
from mtlcore.signals import Signals


class FAMO(SelfLearning, LossBalancing):
    r"""Learn weights with which the logarithms of all losses fall at one rate.

    .. math:: z = \mathrm{softmax}(\xi), \quad
              w_i = \frac{z_i / (L_i - b_i)}{\sum_j z_j / (L_j - b_j)}, \quad
              \delta_i = \log \frac{L_i - b_i}{L_i' - b_i}, \quad
              \nabla_\xi = (\mathrm{diag}\,z - z z^\top)\, \delta

    L' are the losses of the same batch after the optimiser's step. A task whose loss fell more than the
    others' gets less weight.

    Parameters
    ----------
    optimizer : callable, default Adam with learning rate 0.025 and weight decay 0.001
        Makes the optimiser of xi from its list. The rate is that of the public code; the weight decay, the
        paper's gamma, is 0.001 to 0.01 in its scripts.
    least : float or sequence of float, default 0.0
        b, a bound below the losses, one for all tasks or one a task.
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").

    Raises
    ------
    ValueError
        If a loss, before or after a step, is not above ``least``, or that is not finite or not one a task.

    Notes
    -----
    Cost: 1 forward, 1 backward; then ``after_step`` takes one forward pass more. State: xi and its optimiser.

    A training loop of your own calls ``method.after_step(signals)`` after ``optimizer.step()``, as
    :func:`mtlcore.fit` does; else xi stays where it is, and a warning says so.

    References
    ----------
    Liu et al. 2023, Algorithm 1.

    Examples
    --------
    >>> famo = mtl.FAMO(optimizer=lambda xi: torch.optim.SGD(xi, lr=1.0))
    >>> losses = torch.tensor([2.0, 2.0])
    >>> famo.weights(losses)
    tensor([0.5000, 0.5000])
    >>> famo.learn(losses, torch.tensor([1.0, 2.0]))
    >>> famo.weights(losses)
    tensor([0.4142, 0.5858])
    """

    published: ClassVar[Scale] = "mean"
    per_task: ClassVar[tuple[str, ...]] = ("least",)
    xi: nn.Parameter
    _waiting = 0  # steps since after_step was called

    def __init__(
        self,
        *,
        optimizer: MakeOptimizer = partial(torch.optim.Adam, lr=0.025, weight_decay=1e-3),  # noqa: B008
        least: float | Sequence[float] = 0.0,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        if not torch.tensor(least).isfinite().all():
            raise ValueError(f"least must be finite, not {least}")
        self.optimizer, self.least = optimizer, least
        self.add_state("xi", learned=True)

    def rule(self, losses: Tensor) -> Tensor:
        shares = self.xi.detach().softmax(0) / self._above(losses)
        return shares / shares.sum()

    def learn(self, before: Tensor, after: Tensor) -> None:
        """Take a step of xi.

        Parameters
        ----------
        before, after : Tensor, shape (T,)
            The losses of one batch before and after a step of the network.
        """
        first, second = (self._above(check_vector(x, "loss")).log() for x in (before, after))
        z, delta = self.xi.detach().softmax(0), first - second
        self._step(self.xi, z * (delta - (z * delta).sum()))

    def _above(self, losses: Tensor, names: Sequence[str] | None = None) -> Tensor:
        losses = losses.double()
        self._meet(len(losses), losses.device)
        least = losses.new_tensor(self._of_tasks("least", len(losses)))
        for task in (losses <= least).nonzero().flatten().tolist():
            name = task if names is None else repr(names[task])
            raise ValueError(
                f"FAMO takes the logarithm of L - least, but the loss of task {name} is {losses[task]:g}, "
                f"and its least is {least[task]:g}: pass a lower bound of the losses as least="
            )
        return losses - least + 1e-8  # as in the public code

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the losses in this step."""
        self._above(signals.losses, [task.name for task in signals.tasks])
        return super().step_weights(signals)

    def after_backward(self, signals: Signals) -> None:
        self._waiting += 1
        if self._waiting == PATIENCE:
            warnings.warn(
                f"the xi of {self} has not moved in {PATIENCE} steps: nothing calls after_step, so add "
                "method.after_step(signals) after optimizer.step()",
                stacklevel=7,  # the caller of backward
            )

    def after_step(self, signals: Signals) -> None:
        """Take a step of xi, by the losses of the step's batch before and after; none if it was skipped."""
        self._waiting = 0
        if not signals.skipped:
            self._among(signals, _observe)

    def _take_from(self, twin: Any, kept: Sequence[int], tasks: int) -> None:
        super()._take_from(twin, kept, tasks)
        self._waiting = twin._waiting


def _observe(method: Any, signals: Signals) -> None:
    after = signals.losses_now()
    method._above(after, [task.name for task in signals.tasks])
    method.learn(signals.losses, after)
