"""Orthogonal: keep of an auxiliary gradient what the main one does not feel."""

from __future__ import annotations

from torch import Tensor

from mtlcore.methods.auxiliary._reference import ReferenceProjection


class Orthogonal(ReferenceProjection):
    r"""Take out of the auxiliary gradients all that lies along the main one.

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\langle g_a, v\rangle}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Unlike :class:`Projection` it gives up what helps the main task, too.

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lam : float, default 1.0
        lambda, the weight of the auxiliary tasks.
    per : {"whole", "variable"}, default "whole"
        One inner product over all shared parameters, or one for each tensor of them.
    smoothing : float, default 1.0
        alpha, the weight of the current main gradient in the reference v; 1 is no memory.

    Raises
    ------
    ValueError
        If lam is negative or not finite, ``per`` is unknown, smoothing lies outside (0, 1], or there is no
        task number ``main``; if weights are asked for where the rule has none.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`).
    State: v, as long as the shared parameters, when smoothed.

    Where v is zero nothing is taken out. The update of 2018 also goes against the auxiliary gradient, which
    is there an adversary; that term is left out, as in the Projection paper.

    References
    ----------
    Projection paper, Appendix D.2; after Zhang, Lemoine and Mitchell 2018.

    Examples
    --------
    >>> mtl.Orthogonal().direction(torch.tensor([[1.0, 0.0], [-1.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """

    def _part(self, products: Tensor) -> Tensor:
        return products
