"""Projecting conflicting gradients."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor

from mtlcore.methods._random import Randomised, orders
from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.signals import Level


class PCGrad(Randomised, GradientBalancing):
    r"""Remove from each gradient what conflicts with the others, one by one.

    .. math::
        g &\leftarrow g_i; \\
        g &\leftarrow g - \frac{\langle g, g_j\rangle}{\|g_j\|^2} g_j
             \quad \text{for } j \ne i \text{ in random order, wherever } \langle g, g_j\rangle < 0; \\
        d &= \textstyle\sum_i g

    Parameters
    ----------
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").
    generator : torch.Generator, optional
        Source of the draws, on the CPU. Default: a new one, seeded from torch's global generator.
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.

    Each g is a combination of the task gradients, so its T coefficients and the Gramian are all that is
    needed. A zero gradient conflicts with nothing. The sum is that of the authors' code.

    References
    ----------
    Yu et al. 2020, Algorithm 1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.PCGrad().weights(gramian)
    tensor([2.0000, 1.5000])
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
        return project(gramian, orders(len(gramian), self.generator)).sum(0)


def project(gramian: Tensor, others: Tensor) -> Tensor:
    """(T, T) coefficients of the changed gradients, one a row; others (T, K) has the tasks that row meets."""
    rows = torch.arange(len(gramian))
    coefficients = torch.eye(len(gramian)).to(gramian)
    products = gramian.clone()  # of every row's current g with every g_j
    norms = gramian.diagonal()
    for met in others.T.to(gramian.device):
        conflict = products[rows, met].clamp(max=0)
        removed = torch.where(norms[met] > 0, conflict / norms[met], 0)
        coefficients[rows, met] -= removed
        products -= removed[:, None] * gramian[met]
    return coefficients
