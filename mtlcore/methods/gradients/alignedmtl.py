"""Aligned-MTL: gradients made orthogonal and equally long."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods.base import GradientBalancing, Scale


class AlignedMTL(GradientBalancing):
    r"""Add the nearest orthogonal gradients of equal length instead of the gradients.

    .. math:: J = U \Sigma V^\top, \qquad \hat J = \sigma\, U V^\top, \qquad d = \sum_i \hat g_i, \qquad
              w = \sigma\, U \Sigma^{-1} U^\top \mathbf 1

    where the rows of J are the gradients, those of :math:`\hat J` are :math:`\hat g_i`, and :math:`\sigma`
    is the least singular value that is not zero.

    Parameters
    ----------
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as in the authors' code) or 1/T each ("mean").
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.

    The weights come from the Gramian, :math:`K = U \Sigma^2 U^\top`. As in the authors' code in single
    precision, an eigenvalue counts as zero below :math:`T \cdot 2^{-23}` of the largest.

    A direction that every :math:`\hat g_i` agrees with can still harm a task, whose own gradient is another
    one. The length of the step is that of the least singular value: gradients that are nearly the same make
    a step of nearly zero, and gradients that are the same a whole one.

    References
    ----------
    Senushkin et al. 2023, Section 4 and Algorithm 1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, 0.0], [0.0, 4.0]])
    >>> mtl.AlignedMTL().weights(gramian)
    tensor([1.0000, 0.5000])
    """

    published: ClassVar[Scale] = "sum"

    def rule(self, gramian: Tensor) -> Tensor:
        squares, vectors = torch.linalg.eigh(gramian)
        noise = len(squares) * torch.finfo(torch.float32).eps * squares[-1]
        kept = squares > noise
        if not kept.any():
            return torch.ones_like(squares)
        squares, vectors = squares[kept], vectors[:, kept]
        return vectors @ (vectors.sum(0) * (squares[0] / squares).sqrt())
