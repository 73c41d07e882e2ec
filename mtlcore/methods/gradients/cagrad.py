"""Conflict-averse gradient descent."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor

from mtlcore.methods import _dual_cone
from mtlcore.methods._minnorm import factor_gramian, min_norm
from mtlcore.methods.base import GradientBalancing, Scale
from mtlcore.signals import Level


class CAGrad(GradientBalancing):
    r"""Near the mean gradient, help the worst-off task most.

    .. math:: d = \arg\max_{\|d - g_0\| \le c\|g_0\|} \min_i \langle d, g_i\rangle
                = g_0 + c\|g_0\| \frac{g_w}{\|g_w\|}, \quad g_0 = \frac1T\sum_i g_i,\ g_w = \sum_i w_i g_i

    The weights w are those of the point of least norm in the hull of the shifted gradients
    :math:`\lambda g_i + g_0`, where :math:`\lambda\|g_w\| = c\|g_0\|`. The left side never falls as
    :math:`\lambda` grows, so bracketing finds it.

    Parameters
    ----------
    c : float, default 0.4
        Radius of the search ball, relative to the norm of the mean gradient. At 0 this is the mean; only from
        1 on is no task made worse.
    rescale : {0, 1, 2}, default 1
        Return d (0), :math:`d/(1+c^2)` (1) or :math:`d/(1+c)` (2).
    scale : {"sum", "mean"}, default "mean"
        As printed ("mean"), or times T ("sum"), by which the authors' code multiplies at the end.
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Raises
    ------
    ValueError
        If c is negative or not finite, or rescale is not 0, 1 or 2.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.

    Where the best g_w is zero, no direction helps all tasks, and every d of the ball that harms none is a
    maximum. Of these the answer is the one nearest to g_0. It is zero where all tasks take part in the
    conflict, :math:`\sum_i v_i g_i = 0` with all :math:`v_i > 0`: no task harmed then means all
    :math:`\langle d, g_i\rangle = 0`, so :math:`\langle d, g_0\rangle = 0`, and 0 is as near as that allows.
    Close to such a point d is short for c = 1. For c > 1 it is at least :math:`(c - 1)\|g_0\|` long, and
    where it points depends on the side.

    References
    ----------
    Liu et al. 2021a, Algorithm 1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.CAGrad(c=0.4).weights(gramian)
    tensor([0.6034, 0.4310])
    """

    published: ClassVar[Scale] = "mean"

    def __init__(
        self,
        c: float = 0.4,
        *,
        rescale: Literal[0, 1, 2] = 1,
        scale: Scale | None = None,
        level: Level = "parameters",
    ) -> None:
        super().__init__(scale=scale, level=level)
        if not 0 <= c < float("inf"):
            raise ValueError(f"c must be a finite number of at least 0, not {c}")
        if rescale not in (0, 1, 2):
            raise ValueError(f"rescale is 0, 1 or 2, not {rescale!r}")
        self.c, self.rescale = c, rescale

    def rule(self, gramian: Tensor) -> Tensor:
        equal = torch.full_like(gramian[0], 1 / len(gramian))
        gradients = factor_gramian(gramian.cpu())
        radius = self.c * gradients.mean(0).norm()
        if radius == 0:
            return equal
        w = _worst_case(gradients, gradients.mean(0), radius)
        if w is None:
            weights = _dual_cone.project(gradients, equal[None].cpu())[0].to(equal)
        else:
            weights = equal + (radius / (w @ gradients).norm() * w).to(equal)
        return weights / (1, 1 + self.c**2, 1 + self.c)[self.rescale]


def _worst_case(gradients: Tensor, mean: Tensor, radius: Tensor) -> Tensor | None:
    """The weights of g_w (T,), or None where g_w is zero.

    The square of lambda |g_w| is piecewise linear in x = lambda^2, so secants soon find where it meets the
    radius; where one leaves the bracket, and at every fourth step, bisection takes over.
    """
    norms, w = gradients.norm(dim=1), min_norm(gradients)
    # g_w is nowhere longer than the longest gradient, nor shorter than the point of least norm, so the x
    # with x |g_w|^2 = radius^2 lies between these two bounds (2: room for rounding; 1e-7: g_w may be zero).
    length = (w @ gradients).norm()
    least = torch.maximum(length, 1e-7 * torch.maximum(w @ norms, norms[norms > 0].min()))
    low, high = (float(radius / g) ** 2 for g in (2 * norms.max(), least))
    x, before = high, (0.0, 0.0)
    for step in range(100):
        w = min_norm(math.sqrt(x) * gradients + mean, start=w > 0)
        ratio = x * float((w @ gradients).norm() / radius) ** 2  # 1 at the solution
        if step == 0 and length < least and ratio < 1 + 1e-6:
            return None  # even the largest x is too small: g_w is zero
        if abs(ratio - 1) < 1e-12:
            break
        low, high = (low, x) if ratio > 1 else (x, high)
        slope = (ratio - before[1]) / (x - before[0])
        before = x, ratio
        x = x + (1 - ratio) / slope if slope else low
        if not low < x < high or step % 4 == 3:
            x = math.sqrt(low * high)
        if x == before[0]:
            break
    return w
