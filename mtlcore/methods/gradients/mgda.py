"""Multiple-gradient descent."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods._minnorm import factor_gramian, min_norm
from mtlcore.methods.base import GradientBalancing, Scale, check_vector
from mtlcore.signals import Level, Signals


class MGDA(GradientBalancing):
    r"""Step along the shortest vector in the convex hull of the gradients.

    .. math:: d = \sum_i w_i g_i, \qquad
              w = \arg\min_{w \ge 0,\ \sum_i w_i = 1} \Big\|\sum_i w_i g_i\Big\|^2

    No task gets worse to first order, :math:`\langle d, g_i\rangle \ge \|d\|^2`, and d is zero where no
    direction helps all. Small gradients get most of the weight, and a zero one gets all of it: then training
    stops.

    Parameters
    ----------
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.
    gap : float, optional
        Take row after row of the Gramian, always that of the task which the present direction serves least
        (Frank-Wolfe over all tasks seen so far), until :math:`\|d\|^2 - \min_i \langle d, g_i\rangle` is at
        most gap times :math:`\|d\|^2`; 0 is exact. That is for trunks too large for many gradients, where
        few tasks decide. Default: take the whole Gramian.

    Raises
    ------
    ValueError
        If the gap is negative, or asked for at the level of features.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.
    By rows: 1 forward, and a backward and a forward-mode pass for each row, at most T, and 1 backward.

    With ``level="features"`` this is MGDA-UB, the upper bound of Sener and Koltun. For two tasks, published
    code rounds weights of 0 and 1 to 0.001 and 0.999; here they are exact.

    References
    ----------
    Désidéri 2012; Sener and Koltun 2018, Equation 3.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.MGDA().weights(gramian)
    tensor([0.6000, 0.4000])
    """

    published: ClassVar[Scale] = "mean"

    def __init__(
        self, *, scale: Scale | None = None, level: Level = "parameters", gap: float | None = None
    ) -> None:
        super().__init__(scale=scale, level=level)
        if gap is not None and (not 0 <= gap < float("inf") or level == "features"):
            raise ValueError(f"gap={gap} must be a number of at least 0, at the level of parameters")
        self.gap = gap

    def rule(self, gramian: Tensor) -> Tensor:
        return min_norm(factor_gramian(gramian.cpu())).to(gramian)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the task gradients in this step."""
        if self.gap is None:
            return super().step_weights(signals)
        return self._rescale(self._by_rows(signals, self.gap), signals.losses)

    def _by_rows(self, signals: Signals, gap: float) -> Tensor:
        seen, rows = [0], [check_vector(signals.gramian_row(0), "gradient").double()]
        while True:
            known = torch.stack(rows)
            w = self.rule(known[:, seen])
            products = w @ known
            square = w @ products[seen]
            worst = int(products.argmin())
            if square - products[worst] <= gap * square or worst in seen:
                return torch.zeros_like(products).index_add(0, torch.tensor(seen, device=w.device), w)
            seen.append(worst)
            rows.append(check_vector(signals.gramian_row(worst), "gradient").double())
