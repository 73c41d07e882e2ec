"""Orthogonal: keep of an auxiliary gradient what the main one does not feel."""

from __future__ import annotations

from torch import Tensor

from mtlcore.methods.auxiliary._reference import ReferenceProjection


class Orthogonal(ReferenceProjection):
    r"""Take out of the auxiliary gradients all that lies along the main one (Projection paper,
    Appendix D.2, after Zhang, Lemoine and Mitchell 2018).

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\langle g_a, v\rangle}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Unlike :class:`Projection` it gives up what helps the main task, too. The update of 2018 also goes against
    the auxiliary gradient, which is there an adversary; that term is left out, as in the Projection paper.

    Parameters
    ----------
    main, lam : main task and weight of the auxiliary ones, defaults 0 and 1.
    per : "whole" (default) takes one inner product over all shared parameters; "variable" one for
        each tensor of them.
    smoothing : alpha, the weight of the current main gradient in the reference v; 1 (default) is no memory.

    Where v is zero nothing is taken out.

    Cost: 1 forward, T backward. State: v, as long as the shared parameters, when smoothed.
    """

    def _part(self, products: Tensor) -> Tensor:
        return products
