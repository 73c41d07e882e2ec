"""FairGrad: alpha-fairness of the tasks' gains."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from mtlcore.methods._fairness import fair
from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.signals import Level


class FairGrad(GradientBalancing):
    r"""Take the direction with the greatest total utility of the tasks' gains.

    .. math:: d \parallel \arg\max_{\|d\| \le 1} \sum_i
              \frac{\langle d, g_i\rangle^{1-\alpha}}{1-\alpha}, \quad
              d = \sum_i w_i g_i, \quad (Kw)_i \propto w_i^{-1/\alpha}, \quad w > 0

    Every task gains to first order. The larger :math:`\alpha` is, the more the small gains count.

    Parameters
    ----------
    alpha : float, default 2.0
        Degree of fairness. At 1 the utility is a logarithm, and this is :class:`NashMTL`. Towards infinity
        only the least gain counts, as in :class:`MGDA`. Towards 0 the total gain counts, among the directions
        that harm no task: the mean gradient if that harms none, else what is nearest to it.
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean") or 1 each ("sum").
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Raises
    ------
    ValueError
        If alpha is not positive and finite.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.

    The paper's weights solve :math:`(Kw)_i = w_i^{-1/\alpha}`, so the length of its update goes with the
    power :math:`(1-\alpha)/(1+\alpha)` of the gradients': for :math:`\alpha > 1`, the shorter they are, the
    longer is the step. Here the same weights are divided by their sum, as in :class:`NashMTL`. A zero
    gradient gets no weight.

    References
    ----------
    Ban and Ji 2024, Equation 4 and Algorithm 1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.FairGrad(alpha=2).weights(gramian)
    tensor([0.5924, 0.4076])
    """

    published: ClassVar[Scale] = "mean"

    def __init__(
        self, alpha: float = 2.0, *, scale: Scale | None = None, level: Level = "parameters"
    ) -> None:
        super().__init__(scale=scale, level=level)
        if not 0 < alpha < float("inf"):
            raise ValueError(f"alpha must be a positive finite number, not {alpha}")
        self.alpha = alpha

    def rule(self, gramian: Tensor) -> Tensor:
        return fair(gramian, self.alpha)
