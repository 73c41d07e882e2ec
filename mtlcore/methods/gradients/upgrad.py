"""UPGrad: every gradient without what harms another task."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods import _dual_cone
from mtlcore.methods._minnorm import factor_gramian
from mtlcore.methods.base import GradientBalancing, Scale


class UPGrad(GradientBalancing):
    r"""Turn every gradient as little as harms no task, and take the mean.

    .. math:: d = \frac1T \sum_i \pi(g_i), \qquad
              \pi(x) = \arg\min \{\|y - x\| : \langle y, g_j\rangle \ge 0 \text{ for all } j\}

    No task gets worse to first order. Unlike :class:`PCGrad` of three or more tasks, every
    :math:`\pi(g_i)` conflicts with no gradient, and there is no order to draw.

    Parameters
    ----------
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.
    The weights are those of up to T quadratic programs in T variables, solved exactly.

    References
    ----------
    Quinton and Rey 2024, Section 3.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.UPGrad().weights(gramian)
    tensor([1.0000, 0.7500])
    """

    published: ClassVar[Scale] = "mean"

    def rule(self, gramian: Tensor) -> Tensor:
        gradients = factor_gramian(gramian.cpu())
        identity = torch.eye(len(gradients), dtype=gradients.dtype)
        return _dual_cone.project(gradients, identity).mean(0).to(gramian)
