"""Impartial learning, the gradient part."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods._minnorm import norms_and_cosines
from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.signals import Level


class IMTLG(GradientBalancing):
    r"""Give the update the same projection on every gradient.

    .. math:: d = \sum_i w_i g_i, \qquad
              \langle d, g_i / \|g_i\|\rangle = \text{the same for all } i, \qquad \sum_i w_i = 1

    Parameters
    ----------
    sign_fix : bool, default False
        Reverse d where the common projection is negative, so that the weights sum to -1. As published: no.
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.

    With s the norms and C the cosines of the gradients, :math:`s_i w_i \propto \sum_j C^+_{ij}`: the paper's
    closed form where that exists, and two tasks always weigh :math:`w_i \propto 1/s_i`. Weights may be
    negative, and so may the common projection: then the published rule makes every task worse. A zero
    gradient gets no weight. Where no sum of one is possible, as for opposite gradients, all weights are zero.

    References
    ----------
    Liu et al. 2021b, Section 3.1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.IMTLG().weights(gramian)
    tensor([0.5858, 0.4142])
    """

    published: ClassVar[Scale] = "mean"

    def __init__(
        self, *, sign_fix: bool = False, scale: Scale | None = None, level: Level = "parameters"
    ) -> None:
        super().__init__(scale=scale, level=level)
        self.sign_fix = sign_fix

    def rule(self, gramian: Tensor) -> Tensor:
        norms, cosines = norms_and_cosines(gramian)
        values, vectors = torch.linalg.eigh(cosines)
        ones = vectors.sum(0)
        noise = len(norms) * torch.finfo(values.dtype).eps * values[-1]
        inverse = torch.where((values > noise) & (ones.abs() > 1e-12), ones / values, 0)
        weights = torch.where(norms > 0, vectors @ inverse / norms, 0)
        total = weights.sum()
        if total.abs() <= 1e-12 * weights.abs().sum():
            return torch.zeros_like(weights)
        return weights / (total.abs() if self.sign_fix else total)
