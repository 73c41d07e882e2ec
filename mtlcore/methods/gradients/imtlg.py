"""Impartial learning, the gradient part."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods._minnorm import norms_and_cosines
from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.signals import Level


class IMTLG(GradientBalancing):
    r"""Give the update the same projection on every gradient (IMTL-G, Liu et al. 2021b, Section 3.1).

    .. math:: d = \sum_i w_i g_i, \qquad
              \langle d, g_i / \|g_i\|\rangle = \text{the same for all } i, \qquad \sum_i w_i = 1

    With s the norms and C the cosines of the gradients, :math:`s_i w_i \propto \sum_j C^+_{ij}`: the paper's
    closed form where that exists, and two tasks always weigh :math:`w_i \propto 1/s_i`. Weights may be
    negative, and so may the common projection: then the published rule makes every task worse.

    Parameters
    ----------
    sign_fix : turn d round where the common projection is negative, so that the weights sum to -1.
        Default False, as published.
    scale : "mean" (default, as published: the weights sum to one) or "sum" (to T).
    level : "parameters" (default) or "features".

    A zero gradient gets no weight. Where no sum of one is possible, as for opposite gradients, all
    weights are zero.

    Cost: 1 forward, T backward (1 at the level of features).
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
