"""Scaled loss approximate weighting."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from mtlcore.methods.base import LossBalancing, Scale


class SLAW(LossBalancing):
    r"""Weight each loss by the inverse of its running standard deviation.

    .. math:: a_i \leftarrow \beta a_i + (1-\beta) L_i^2, \quad b_i \leftarrow \beta b_i + (1-\beta) L_i,
              \quad \mathrm{sd}_i = \sqrt{a_i - b_i^2}, \quad
              w_i = \frac{T / \mathrm{sd}_i}{\sum_j 1 / \mathrm{sd}_j}

    The spread of a loss stands in for the norm of its gradient, which would cost T backward passes.

    Parameters
    ----------
    beta : float, default 0.99
        Decay of the moving averages.
    init : {"arithmetic", "zero"}, default "arithmetic"
        How the averages start. "arithmetic" (the public code): plain means over the first 1/(1-beta) steps,
        and weights of one at the first step. "zero" (as printed): from zero, which for hundreds of steps
        measures the level of a loss more than its spread.
    floor : float, default 1e-05
        Least standard deviation.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").

    Raises
    ------
    ValueError
        If beta does not lie between 0 and 1, init is unknown, or the number of tasks changes.

    Notes
    -----
    Cost: 1 forward, 1 backward. State: two moments and the number of steps, a task.

    Algorithm 1 of the paper swaps the two moments; Equations 6 to 8 and the public code have them as here.

    References
    ----------
    SLAW paper, Equations 6 to 9, which write s for sd.

    Examples
    --------
    >>> slaw = mtl.SLAW(beta=0.9)
    >>> slaw.weights(torch.tensor([1.0, 10.0]))
    tensor([1., 1.])
    >>> slaw.weights(torch.tensor([2.0, 13.0]))
    tensor([1.5000, 0.5000])
    """

    published: ClassVar[Scale] = "sum"
    mean: Tensor
    variance: Tensor
    steps: Tensor

    def __init__(
        self,
        beta: float = 0.99,
        *,
        init: Literal["arithmetic", "zero"] = "arithmetic",
        floor: float = 1e-5,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        if not 0 < beta < 1:
            raise ValueError(f"beta must lie between 0 and 1, not {beta}")
        if init not in ("arithmetic", "zero"):
            raise ValueError(f"init is 'arithmetic' or 'zero', not {init!r}")
        self.beta, self.init, self.floor = beta, init, floor
        self.add_state("mean")
        self.add_state("variance")
        self.add_state("steps", dtype=torch.int64)

    def rule(self, losses: Tensor) -> Tensor:
        self._observe(losses)
        inverse = 1 / self.variance.sqrt().clamp(min=self.floor)
        if self.init == "arithmetic":
            # One loss has no spread: a task that comes later than others
            # starts with a weight of one, as all tasks do in the first step.
            old = self.steps > 1
            mean = (inverse * old).sum() / old.sum()
            inverse = torch.where(old | ~old.any(), inverse, mean)
        return len(losses) * inverse / inverse.sum()

    def _observe(self, losses: Tensor) -> None:
        self.steps = self.steps + 1
        decay = torch.full_like(losses, self.beta)
        if self.init == "arithmetic":
            decay = decay.clamp(max=1 - 1 / self.steps.double())
        # a - b^2 as one recursion, which rounding cannot make negative.
        change = losses - self.mean
        self.variance = decay * (self.variance + (1 - decay) * change**2)
        self.mean = decay * self.mean + (1 - decay) * losses
