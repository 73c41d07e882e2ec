"""Multiple-gradient descent."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.methods.minnorm import min_norm, roots


class MGDA(GradientBalancing):
    r"""Step along the shortest vector in the hull of the gradients (Désidéri 2012; Sener & Koltun 2018,
    Equation 3).

    .. math:: d = \sum_i w_i g_i, \qquad
              w = \arg\min_{w \ge 0,\ \sum_i w_i = 1} \Big\|\sum_i w_i g_i\Big\|^2

    No task gets worse to first order, :math:`\langle d, g_i\rangle \ge \|d\|^2`, and d is zero where
    no direction helps all. Small gradients get most of the weight, and a zero one gets all of it: then
    training stops. With ``level="features"`` this is MGDA-UB, their upper bound. For two tasks
    published code rounds weights of 0 and 1 to 0.001 and 0.999; here they are exact.

    Parameters
    ----------
    scale : "mean" (default, as published: the weights sum to one) or "sum" (to T).
    level : "parameters" (default) or "features".

    Cost: 1 forward, T backward (1 at the level of features).
    """

    published: ClassVar[Scale] = "mean"

    def _rule(self, gramian: Tensor) -> Tensor:
        return min_norm(roots(gramian.cpu())).to(gramian)

    def extra_repr(self) -> str:
        return f"scale={self.scale!r}, level={self.level!r}"
