"""Nash-MTL: the tasks bargain about the direction."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from mtlcore.methods._fairness import fair
from mtlcore.methods.base import GradientBalancing, Scale


class NashMTL(GradientBalancing):
    r"""Take the direction with the greatest product of the tasks' gains.

    .. math:: d \parallel \arg\max_{\|d\| \le 1} \sum_i \log \langle d, g_i\rangle, \qquad
              d = \sum_i w_i g_i, \quad w_i\,(Kw)_i = \text{the same for all } i, \quad w > 0

    Every task gains to first order. In another unit of a task's loss its gradient gets longer and its weight
    smaller, and the direction stays the same.

    Parameters
    ----------
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean") or 1 each ("sum").
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.

    The paper's weights solve :math:`w_i (Kw)_i = 1`, so its update is :math:`\sqrt T` long, however short the
    gradients are. The authors' code takes :math:`K/\|K\|_F` for K and cuts the update to the length 1 where
    it is longer. Here the same weights are divided by their sum, so d is in the convex hull of the gradients,
    as that of :class:`MGDA`, and at most T times as long as that: zero at a Pareto-stationary point. Adam
    cancels most of the difference; SGD at a constant rate does not come to rest with the paper's.

    The authors solve a sequence of convex problems that approach the equation, and may reuse weights for some
    steps. Here Newton's method solves it at every step: it is the condition for the minimum of the convex
    function :math:`\frac12 w^\top K w - \sum_i \log w_i`. A zero gradient gets no weight.

    References
    ----------
    Navon et al. 2022, Claim 3.1 and Algorithm 1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.NashMTL().weights(gramian)
    tensor([0.5858, 0.4142])
    """

    published: ClassVar[Scale] = "mean"

    def rule(self, gramian: Tensor) -> Tensor:
        return fair(gramian, 1)
