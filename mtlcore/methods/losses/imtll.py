"""Impartial multi-task learning, the part that weights losses."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods._learned import LearnedScales, grow
from mtlcore.methods.base import Scale


class IMTLL(LearnedScales):
    r"""Learn scales that bring every loss to the same size (Liu et al. 2021b, Section 3.2).

    .. math:: \min_{\theta, s} \; \sum_i e^{s_i} L_i - s_i, \qquad w_i = e^{s_i}

    At its optimum for fixed losses every weighted loss is 1. With s turned round, this is twice
    the objective of :class:`UW`.

    Parameters
    ----------
    init : starting value of every s, default 0.
    scale : "sum" (default, as published) or "mean".

    The s are parameters: give ``method.learnable()`` to the optimiser, without weight decay
    (:func:`mtlcore.fit` does). They take their number from the first step.

    Cost: 1 forward, 1 backward.

    Raises
    ------
    ValueError : a negative loss, for which s has no optimum; a weight that has left the range of numbers.
    """

    def __init__(self, *, init: float = 0.0, scale: Scale | None = None) -> None:
        super().__init__(init=init, scale=scale)

    def objective(self, losses: Tensor) -> Tensor:
        """The scalar that s minimises, for losses (T,)."""
        s = grow(self.s, len(losses), self.init)
        return (torch.exp(s) * losses - s).sum()

    def rule(self, losses: Tensor) -> Tensor:
        if (losses < 0).any():
            raise ValueError(f"IMTL-L needs losses of at least 0, not {losses.tolist()}")
        return grow(self.s, len(losses), self.init).detach().exp()
