"""Projecting conflicting gradients."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor

from mtlcore.methods._random import Randomised, orders
from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.signals import Level


class PCGrad(Randomised, GradientBalancing):
    r"""Remove from each gradient what conflicts with the others, one by one (Yu et al. 2020, Algorithm 1).

    .. math::
        g &\leftarrow g_i; \\
        g &\leftarrow g - \frac{\langle g, g_j\rangle}{\|g_j\|^2} g_j
             \quad \text{for } j \ne i \text{ in random order, wherever } \langle g, g_j\rangle < 0; \\
        d &= \textstyle\sum_i g

    Everything happens on the T coefficients of each g, so the Gramian is all it needs. A zero
    gradient conflicts with nothing.

    Parameters
    ----------
    scale : "sum" (default, as in the authors' code) or "mean".
    generator : source of the orders.
    level : "parameters" (default) or "features".

    Cost: 1 forward, T backward (1 at the level of features).
    """

    published: ClassVar[Scale] = "sum"

    def __init__(
        self,
        *,
        scale: Scale | None = None,
        generator: Generator | None = None,
        level: Level = "parameters",
    ) -> None:
        super().__init__(scale=scale, level=level, generator=generator)

    def rule(self, gramian: Tensor) -> Tensor:
        tasks = len(gramian)
        rows = torch.arange(tasks)
        coefficients = torch.eye(tasks).to(gramian)
        products = gramian.clone()  # of every row's current g with every g_j
        norms = gramian.diagonal()
        for others in orders(tasks, self.generator).T.to(gramian.device):
            conflict = products[rows, others].clamp(max=0)
            removed = torch.where(norms[others] > 0, conflict / norms[others], 0)
            coefficients[rows, others] -= removed
            products -= removed[:, None] * gramian[others]
        return coefficients.sum(0)
