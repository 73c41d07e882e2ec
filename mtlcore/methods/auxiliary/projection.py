"""Projection: censor what an auxiliary gradient does against the main one."""

from __future__ import annotations

from torch import Tensor

from mtlcore.methods.auxiliary._reference import ReferenceProjection


class Projection(ReferenceProjection):
    r"""Project auxiliary gradients on the half-space that does not harm the main task.

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\min(\langle g_a, v\rangle, 0)}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lam : float, default 1.0
        lambda, the weight of the auxiliary tasks.
    per : {"whole", "variable"}, default "whole"
        One inner product over all shared parameters, or one for each tensor of them.
    smoothing : float, default 1.0
        alpha, the weight of the current main gradient in the reference v; 1 is no memory, the paper also uses
        0.01.

    Raises
    ------
    ValueError
        If lam is negative or not finite, ``per`` is unknown, smoothing lies outside (0, 1], or there is no
        task number ``main``; if weights are asked for where the rule has none.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`).
    State: v, as long as the shared parameters, when smoothed.

    Where v is zero nothing is changed. Any vector may be an auxiliary row of ``direction``: with the
    parameters there, :math:`d - g_m` is a projected weight decay (the paper's experiment 4). Algorithm 2 of
    the paper prints the opposite sign of G; the authors' notebooks use this one.

    References
    ----------
    Projection paper, Algorithms 1 and 2.

    Examples
    --------
    >>> mtl.Projection().direction(torch.tensor([[1.0, 0.0], [-1.0, 1.0], [1.0, 2.0]]))
    tensor([2., 3.])
    """

    def _part(self, products: Tensor) -> Tensor:
        return products.clamp(max=0)
