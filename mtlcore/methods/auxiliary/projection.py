"""Projection: censor what an auxiliary gradient does against the main one."""

from __future__ import annotations

from torch import Tensor

from mtlcore.methods.auxiliary._reference import ReferenceProjection


class Projection(ReferenceProjection):
    r"""Project auxiliary gradients on the half-space that does not harm the main task (Projection paper,
    Algorithms 1 and 2).

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\min(\langle g_a, v\rangle, 0)}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Algorithm 2 of the paper prints the opposite sign of G; the authors' notebooks use this one.

    Parameters
    ----------
    main, lam : main task and weight of the auxiliary ones, defaults 0 and 1.
    per : "whole" (default) takes one inner product over all shared parameters; "variable" one for
        each tensor of them.
    smoothing : alpha, the weight of the current main gradient in the reference v; 1 (default) is no
        memory, the paper also uses 0.01.

    Where v is zero nothing is censored. Any vector may stand in an auxiliary row of ``direction``: with the
    parameters there, :math:`d - g_m` is a censored weight decay (the paper's experiment 4).

    Cost: 1 forward, T backward. State: v, as long as the shared parameters, when smoothed.
    """

    def _part(self, products: Tensor) -> Tensor:
        return products.clamp(max=0)
