"""Dynamic weight average."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from mtlcore.methods.base import LossBalancing, Scale


class DWA(LossBalancing):
    r"""Weight more the task whose loss falls more slowly.

    .. math:: w_i = T \cdot \mathrm{softmax}_i(r_i / \tau), \qquad r_i = \bar L_i(t-1) / \bar L_i(t-2)

    Parameters
    ----------
    temperature : float, default 2.0
        tau.
    pace : {"epoch", "step"}, default "epoch"
        What a time t is. "epoch": L is the mean loss of an epoch; the weights are ones for the first two, and
        change when :meth:`end_epoch` is called, as :func:`mtlcore.fit` does. "step": L are the moving
        averages of successive steps, as in SLAW's public code.
    beta : float, default 0.9
        Decay of these moving averages.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").

    Raises
    ------
    ValueError
        If the temperature is not positive, the pace is unknown, or the number of tasks changes.

    Notes
    -----
    Cost: 1 forward, 1 backward. State: two mean losses a task and the running one.

    A loss that was zero, or was not yet seen twice, has no ratio; the ratio counts as 1.

    References
    ----------
    Liu, Johns and Davison 2019, Equation 7.

    Examples
    --------
    >>> dwa = mtl.DWA()
    >>> for losses in ([4.0, 4.0], [2.0, 4.0]):
    ...     _ = dwa.weights(torch.tensor(losses))
    ...     dwa.end_epoch()
    >>> dwa.weights(torch.tensor([1.0, 4.0]))
    tensor([0.8756, 1.1244])
    """

    recent: Tensor
    earlier: Tensor
    total: Tensor
    steps: Tensor

    def __init__(
        self,
        temperature: float = 2.0,
        *,
        pace: Literal["epoch", "step"] = "epoch",
        beta: float = 0.9,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        if pace not in ("epoch", "step"):
            raise ValueError(f"pace is 'epoch' or 'step', not {pace!r}")
        self.temperature, self.pace, self.beta = temperature, pace, beta
        self.add_state("recent", math.nan)
        self.add_state("earlier", math.nan)
        self.add_state("total")
        self.add_state("steps", dtype=torch.int64)

    def rule(self, losses: Tensor) -> Tensor:
        if self.pace == "step":
            before = torch.where(self.recent.isnan(), losses, self.recent)
            mean = self.beta * before + (1 - self.beta) * losses
            self.earlier, self.recent = self.recent, mean
        else:
            self.total = self.total + losses
            self.steps = self.steps + 1
        if self.earlier.isnan().all():
            return torch.ones_like(losses)
        ratios = torch.where(self.earlier > 0, self.recent / self.earlier, 1)
        return len(losses) * (ratios / self.temperature).softmax(0)

    def end_epoch(self) -> None:
        """Close an epoch: its mean losses become the most recent ones, for the tasks that it had."""
        if self.pace == "epoch":
            seen = self.steps > 0
            self.earlier = torch.where(seen, self.recent, self.earlier)
            self.recent = torch.where(seen, self.total / self.steps, self.recent)
            self.total, self.steps = torch.zeros_like(self.total), torch.zeros_like(self.steps)
