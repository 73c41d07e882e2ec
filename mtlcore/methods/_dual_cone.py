"""The dual cone of task gradients: the directions that harm no task."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods._minnorm import non_negative


def project(gradients: Tensor, weights: Tensor) -> Tensor:
    r"""The nearest vectors to some sums of gradients that have no negative product with a gradient.

    For a vector x, it is x plus the :math:`\sum_i v_i g_i`, :math:`v \ge 0`, that makes the total shortest:
    these sums are a cone, and what the projection on its dual takes out is such a sum.

    Parameters
    ----------
    gradients : Tensor, shape (T, D)
        Finite.
    weights : Tensor, shape (N, T)
        Of the sums.

    Returns
    -------
    weights : Tensor, shape (N, T)
        Of the nearest vectors; all zero where nothing but rounding is left.
    """
    norms, vectors = gradients.norm(dim=1), weights @ gradients
    columns = torch.where(norms > 0, gradients.T / norms, 0)
    found = weights.clone()
    for i in (vectors @ columns < 0).any(1).nonzero().flatten().tolist():
        size = vectors[i].norm()
        target = -vectors[i] / size
        v = non_negative(columns, target, columns.T @ target > 0)
        if (columns @ v - target).norm() < 1e-7:
            found[i] = 0
        else:
            found[i] += torch.where(norms > 0, size * v / norms, 0)
    return found
