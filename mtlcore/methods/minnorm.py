"""The point of least norm in a convex hull, exactly."""

from __future__ import annotations

import torch
from torch import Tensor


def polar(gramian: Tensor) -> tuple[Tensor, Tensor]:
    """Norms (T,) and cosines (T, T) of T vectors from their Gramian; a zero vector has cosines of zero."""
    norms = gramian.diagonal().clamp(min=0).sqrt()
    cosines = gramian / norms / norms[:, None]
    defined = (norms > 0) & (norms > 0)[:, None]
    return norms, torch.where(defined, cosines, 0).clamp(-1, 1)


def roots(gramian: Tensor) -> Tensor:
    """T vectors, the rows of (T, T), that have the inner products of a Gramian (T, T).

    Eigenvalues that rounding made, negative ones too, are taken as zero. The cosines are what is
    factored, so vectors of very different length lose nothing to each other.
    """
    norms, cosines = polar(gramian)
    values, vectors = torch.linalg.eigh(cosines)
    noise = len(values) * torch.finfo(values.dtype).eps * values[-1]
    return norms[:, None] * vectors * values.where(values > noise, 0).sqrt()


def min_norm(vectors: Tensor, start: Tensor | None = None) -> Tensor:
    r"""Weights (T,) of the point of least norm in the convex hull of T vectors, the rows of (T, D).

    .. math:: \min_w \Big\|\sum_i w_i g_i\Big\|^2 \quad\text{over}\quad w \ge 0,\ \sum_i w_i = 1

    Up to a factor, w is what non-negative least squares answers to
    :math:`\|\sum_i v_i g_i\|^2 + \mu^2 (\sum_i v_i - 1)^2`, whatever :math:`\mu` is: the sum of v and its
    direction separate. The active-set method of Lawson and Hanson (1974, Chapter 23) solves that in
    finitely many least-squares problems; here they are at most 10 T. Vectors are taken at length one
    and :math:`\mu` is the least of their norms, so scale does no harm.

    Parameters
    ----------
    vectors : finite, float64, on the CPU. Zero vectors share all the weight.
    start : (T,) mask of the vectors that may have weight first. Default: all of them where they are
        well apart, else the shortest.
    """
    tasks, norms = len(vectors), vectors.norm(dim=1)
    if not norms.all():
        zero = (norms == 0).to(vectors)
        return zero / zero.sum()
    columns = torch.cat([vectors / norms[:, None], (norms.min() / norms)[:, None]], 1).T
    target = torch.zeros_like(columns[:, :1])
    target[-1] = 1
    if start is None:
        all_of_them = torch.linalg.lstsq(columns, target, rcond=1e-6, driver="gelsy")
        apart = all_of_them.rank == tasks or (all_of_them.solution > 0).all()
        start = torch.ones_like(norms, dtype=torch.bool) if apart else torch.arange(tasks) == norms.argmin()
    free, v, optimal = start, torch.zeros_like(norms), torch.zeros_like(start)
    for _ in range(10 * tasks):
        z = torch.zeros_like(v)
        z[free] = torch.linalg.lstsq(columns[:, free], target, driver="gelsy").solution[:, 0]
        shrinking = free & (z <= 0)
        if shrinking.any():
            steps = torch.where(shrinking, v / (v - z), 2).nan_to_num(0)
            free = free & (steps > steps.min())
            v = torch.where(free, v + steps.min() * (z - v), 0).clamp(min=0)
            continue
        v = z
        slack = columns.T @ (target[:, 0] - columns @ v)
        entering = torch.where(free, -torch.inf, slack).argmax()
        if free[entering] or slack[entering] <= 1e-13 * (1 + v.sum()) or torch.equal(free, optimal):
            break
        optimal = free
        free = free | (torch.arange(tasks) == entering)
    weights = v / norms
    return weights / weights.sum()
