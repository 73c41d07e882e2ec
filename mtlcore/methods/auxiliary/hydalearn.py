"""HydaLearn: weigh each task by what a throw-away step on it does to the main metric."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from mtlcore.methods.auxiliary._gain_ratio import as_printed, shrink
from mtlcore.methods.base import Method, Scale, check_losses, check_main
from mtlcore.signals import Metric, Signals


class HydaLearn(Method):
    r"""Weigh the tasks, mini-batch by mini-batch, by their gains on the main metric (HydaLearn paper,
    Algorithm 1 and Equations 4 and 5).

    .. math:: \frac{w_m}{w_a} = \Bigl(\frac{\delta_m}{\delta_a}\Bigr)^\beta, \qquad w_m + w_a = W, \qquad
              W' = \frac{W}{1 + e^{-w_a / w_m}} \text{ if both gains are negative}

    A gain :math:`\delta_i` is what a throw-away step on task i alone adds to the metric. As printed,
    gains of mixed signs give a negative weight, and of two harmful steps the worse gets more; so by
    default gains below zero count as zero. That form also takes any number of auxiliary tasks.

    Parameters
    ----------
    lr : length of the throw-away steps, default 0.01.
    main : index of the main task, default 0.
    beta : exponent of the ratio, default 1 (the paper: 3 to 6).
    total : W, the sum of the weights, default 1.
    downscale : shrink W when no gain is positive (Equation 4), default True.
    invalid : gains that are not positive are zero, and when none is positive, "clamp" (default) weighs
        all tasks alike and "skip" takes no step; "literal" follows the paper, for two tasks.
    metric : (outputs, targets) -> number, higher is better; default: minus the main loss.
    normalise : throw-away steps of one length (default), or along the raw gradients.
    on_training : measure on the training batch (default: on the validation batch).
    baseline : compare with the metric at the current parameters, "recompute" (default), or, as printed,
        with the best of the last throw-away steps, "running".
    first_order : gains of the main loss from one forward-mode pass instead of throw-away steps.

    Cost: T + 2 forward, T + 1 backward. First-order, not normalised: 2 forward, 2 backward, 1 forward-mode.

    Raises
    ------
    ValueError : options that exclude each other, a metric that is not finite, a ratio without an answer.
    """

    sees = "gains"
    family: ClassVar[str] = "auxiliary"
    validates = True
    published: ClassVar[Scale] = "mean"
    best: Tensor

    def __init__(
        self,
        lr: float = 0.01,
        *,
        main: int = 0,
        beta: float = 1.0,
        total: float = 1.0,
        downscale: bool = True,
        invalid: Literal["clamp", "skip", "literal"] = "clamp",
        metric: Metric | None = None,
        normalise: bool = True,
        on_training: bool = False,
        baseline: Literal["recompute", "running"] = "recompute",
        first_order: bool = False,
    ) -> None:
        super().__init__()
        if invalid not in ("clamp", "skip", "literal"):
            raise ValueError(f"invalid is 'clamp', 'skip' or 'literal', not {invalid!r}")
        if baseline not in ("recompute", "running"):
            raise ValueError(f"baseline is 'recompute' or 'running', not {baseline!r}")
        if lr <= 0 or beta < 0 or total <= 0:
            raise ValueError("lr and total must be positive and beta not negative")
        if first_order and (metric is not None or on_training or baseline == "running"):
            raise ValueError("first-order gains are those of the main validation loss, without a baseline")
        self.lr, self.main, self.beta, self.total = lr, main, beta, total
        self.downscale, self.invalid, self.baseline = downscale, invalid, baseline
        self.metric, self.normalise = metric, normalise
        self.on_training, self.first_order = on_training, first_order
        self.register_buffer("best", torch.zeros(0, dtype=torch.float64))

    def weights(self, signal: Tensor) -> Tensor:
        """Weights of the tasks, (T,), from their gains on the main metric, (T,)."""
        gains = check_losses(signal).double()
        main = check_main(self.main, len(gains))
        if self.invalid == "literal":
            return self._rescale(self.total * as_printed(gains, main, self.beta, self.downscale), signal)
        if (gains > 0).any():
            helpful = torch.where(gains > 0, (gains / gains.max()).clamp(min=0) ** self.beta, 0)
            return self._rescale(self.total * helpful / helpful.sum(), signal)
        factor = 0.0 if self.invalid == "skip" else shrink(1.0) if self.downscale else 1.0
        return self._rescale(torch.full_like(gains, factor * self.total / len(gains)), signal)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) from the gains that are measured in this step."""
        return self.weights(self._gains(signals))

    def _gains(self, signals: Signals) -> Tensor:
        if self.first_order:
            return signals.first_order_gains(self.lr, self.main, self.normalise)
        gains, before = signals.gains(self.lr, self.main, self.metric, self.normalise, self.on_training)
        if self.baseline == "recompute":
            return gains
        after = gains.double() + before
        gains = after - (self.best if len(self.best) else before)
        self.best = after.max().reshape(1)
        return gains

    def reset(self) -> None:
        self.best = self.best.new_zeros(0)
