"""HydaLearn: weigh each task by what a throw-away step on it does to the main metric."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from mtlcore.methods.auxiliary._gain_ratio import as_printed, shrink
from mtlcore.methods.base import Method, Scale, check_main, check_vector
from mtlcore.signals import Metric, Signals


class HydaLearn(Method):
    r"""Weigh the tasks, mini-batch by mini-batch, by their gains on the main metric.

    .. math:: \frac{w_m}{w_a} = \Bigl(\frac{\delta_m}{\delta_a}\Bigr)^\beta, \qquad w_m + w_a = W, \qquad
              W' = \frac{W}{1 + e^{-w_a / w_m}} \text{ if both gains are negative}

    A gain :math:`\delta_i` is what a throw-away step on task i alone adds to the metric.

    Parameters
    ----------
    lr : float, default 0.01
        Length of the throw-away steps.
    main : int, default 0
        Index of the main task.
    beta : float, default 1.0
        Exponent of the ratio (the paper: 3 to 6).
    total : float, default 1.0
        W, the sum of the weights.
    downscale : bool, default True
        Shrink W when no gain is positive (Equation 4).
    invalid : {"clamp", "skip", "literal"}, default "clamp"
        Gains below zero count as zero, and when none is positive, "clamp" weighs all tasks alike and "skip"
        takes no step. "literal" follows the paper, for two tasks.
    metric : callable, optional
        (outputs, targets) -> number, higher is better. Default: minus the main loss.
    normalise : bool, default True
        Throw-away steps of one length, instead of along the raw gradients.
    on_training : bool, default False
        Measure on the training batch instead of the validation batch.
    baseline : {"recompute", "running"}, default "recompute"
        Compare with the metric at the current parameters, or, as printed, with the best of the last
        throw-away steps.
    first_order : bool, default False
        Take the gains of the main loss from one forward-mode pass instead of throw-away steps.

    Raises
    ------
    ValueError
        If options exclude each other, a metric is not finite, or a printed ratio has no value.

    Notes
    -----
    Cost: T + 2 forward, T + 1 backward. First-order, not normalised: 2 forward, 2 backward, 1 forward-mode.

    As printed, gains of mixed signs give a negative weight, and of two harmful steps the worse gets more
    weight. The default, with gains below zero as zero, also takes any number of auxiliary tasks.

    References
    ----------
    HydaLearn paper, Algorithm 1 and Equations 4 and 5.

    Examples
    --------
    >>> mtl.HydaLearn().weights(torch.tensor([0.3, 0.1, -0.2]))
    tensor([0.7500, 0.2500, 0.0000])
    """

    sees = "gains"
    family: ClassVar[str] = "auxiliary"
    validates = True
    published: ClassVar[Scale] = "mean"
    main: int
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
        self.add_state("best", shape="free")

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights (T,) of the tasks from their gains (T,) on the main metric."""
        gains = check_vector(signal, "gain").double()
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

    def _lacks(self, signals: Signals) -> bool:
        if self.on_training:
            return not self._main_in(signals.present)
        return signals.validation is not None and not self._main_in(signals.validated)

    def _gains(self, signals: Signals) -> Tensor:
        main = check_main(self.main, len(signals.losses))
        if self.first_order:
            return signals.first_order_gains(self.lr, main, self.normalise)
        gains, before = signals.gains(self.lr, main, self.metric, self.normalise, self.on_training)
        if self.baseline == "recompute":
            return gains
        after = gains.double() + before
        gains = after - (self.best if len(self.best) else before)
        self.best = after.max().reshape(1)
        return gains
