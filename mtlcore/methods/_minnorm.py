"""The point of least norm in a convex hull, exactly."""

from __future__ import annotations

import torch
from torch import Tensor


def norms_and_cosines(gramian: Tensor) -> tuple[Tensor, Tensor]:
    """Norms (T,) and cosines (T, T) of T vectors from their Gramian; a zero vector has cosines of zero."""
    norms = gramian.diagonal().clamp(min=0).sqrt()
    cosines = gramian / norms / norms[:, None]
    defined = (norms > 0) & (norms > 0)[:, None]
    return norms, torch.where(defined, cosines, 0).clamp(-1, 1)


def factor_gramian(gramian: Tensor) -> Tensor:
    """T vectors, the rows of (T, T), that have the inner products of a Gramian (T, T).

    Eigenvalues that rounding made, negative ones too, are taken as zero. The cosines are what is
    factored, so vectors of very different length lose nothing to each other.
    """
    norms, cosines = norms_and_cosines(gramian)
    values, vectors = torch.linalg.eigh(cosines)
    noise = len(values) * torch.finfo(values.dtype).eps * values[-1]
    return norms[:, None] * vectors * values.where(values > noise, 0).sqrt()


def min_norm(vectors: Tensor, start: Tensor | None = None) -> Tensor:
    r"""Weights (T,) of the point of least norm in the convex hull of T vectors, the rows of (T, D).

    .. math:: \min_w \Big\|\sum_i w_i g_i\Big\|^2 \quad\text{over}\quad w \ge 0,\ \sum_i w_i = 1

    Up to a factor, w solves the non-negative least-squares problem
    :math:`\|\sum_i v_i g_i\|^2 + \mu^2 (\sum_i v_i - 1)^2`, whatever :math:`\mu` is, since the sum of v
    and its direction separate. Vectors are taken at length one, with the least of their norms for
    :math:`\mu`, so that scale does no harm.

    Parameters
    ----------
    vectors : Tensor, shape (T, D)
        Finite. Zero vectors share all the weight.
    start : Tensor of bool, shape (T,), optional
        The vectors that have weight at first, say in the solution of a problem near this one. Default: all of
        them where they are well apart, else the shortest.

    Returns
    -------
    weights : Tensor, shape (T,)
        On the simplex.
    """
    points = vectors.double().cpu()
    tasks, norms = len(points), points.norm(dim=1)
    if not norms.all():
        zero = (norms == 0).to(vectors)
        return zero / zero.sum()
    columns = torch.cat([points / norms[:, None], (norms.min() / norms)[:, None]], 1).T
    target = torch.zeros_like(columns[:, 0])
    target[-1] = 1
    if start is None:
        solution, apart = _least_squares(columns, target)
        shortest = torch.arange(tasks) == norms.argmin()
        start = torch.ones_like(shortest) if apart or bool((solution > 0).all()) else shortest
    weights = non_negative(columns, target, start) / norms
    return (weights / weights.sum()).to(vectors)


def non_negative(columns: Tensor, target: Tensor, free: Tensor) -> Tensor:
    """Non-negative least squares by active sets (Lawson and Hanson 1974, Chapter 23), from a first set on.

    All columns that would help enter at once. The best point of every set is better than the one before, so
    no set returns but for rounding; there are never more than ten least-squares problems a column.
    """
    v, optimal = torch.zeros_like(columns[0]), torch.zeros_like(free)
    for _ in range(10 * len(v)):
        z = torch.zeros_like(v)
        z[free], _ = _least_squares(columns[:, free], target)
        shrinking = free & (z <= 0)
        if shrinking.any():
            steps = torch.where(shrinking, v / (v - z), 2).nan_to_num(0)
            free = free & (steps > steps.min())
            v = torch.where(free, v + steps.min() * (z - v), 0).clamp(min=0)
            continue
        v = z
        slack = torch.where(free, 0, columns.T @ (target - columns @ v))
        entering = slack > 1e-13 * (1 + v.sum())
        if not entering.any() or torch.equal(free, optimal):
            break
        optimal, free = free, free | entering
    return v


def _least_squares(columns: Tensor, target: Tensor) -> tuple[Tensor, bool]:
    """The least of the solutions, and whether the columns are well apart, so that there is only one."""
    factor, failed = torch.linalg.cholesky_ex(columns.T @ columns)
    if failed or (factor.diagonal() < 1e-4).any():
        return torch.linalg.lstsq(columns, target[:, None], rcond=1e-12, driver="gelsd").solution[:, 0], False
    z = torch.zeros_like(columns[:1].T)
    for _ in range(2):
        z = z + torch.cholesky_solve(columns.T @ (target[:, None] - columns @ z), factor)
    return z[:, 0], True
