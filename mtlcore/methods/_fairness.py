"""Weights under which the gains of the tasks are fair, in the sense of alpha-fairness."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods._minnorm import factor_gramian, min_norm, norms_and_cosines


def fair(gramian: Tensor, alpha: float) -> Tensor:
    r"""Weights w on the simplex with :math:`Kw \propto w^{-1/\alpha}`.

    They minimise a convex function,

    .. math:: \tfrac12 w^\top K w - \sum_i h(w_i), \qquad h'(w) = w^{-1/\alpha}, \quad w > 0,

    by Newton steps. It has a minimum unless some convex combination of gradients is zero; then w is such a
    combination.

    Parameters
    ----------
    gramian : Tensor, shape (T, T)
        Inner products of the gradients, in float64.
    alpha : float
        Positive.

    Returns
    -------
    weights : Tensor, shape (T,)
        On the simplex. Zero for a zero gradient; equal if all are zero.
    """
    norms, cosines = norms_and_cosines(gramian.cpu())
    seen = norms > 0
    if not seen.any():
        return torch.full_like(gramian[0], 1 / len(gramian))
    weights = torch.zeros_like(norms)
    weights[seen] = _of_gradients(norms[seen], cosines[seen][:, seen], alpha)
    return (weights / weights.sum()).to(gramian)


def _of_gradients(norms: Tensor, cosines: Tensor, alpha: float) -> Tensor:
    norms = norms / norms.max()
    units = factor_gramian(cosines)
    nearest = min_norm(units)
    if (nearest @ units).norm() < 1e-7:
        return nearest / norms
    power = 1 / alpha
    # Were the gradients orthogonal, these would be the weights, times the norms.
    b = norms ** ((power - 1) / (power + 1))
    return b * _newton(units, b, power) / norms


def _newton(units: Tensor, b: Tensor, power: float) -> Tensor:
    r"""The positive x with :math:`b_i (C b x)_i = b_i^2 x_i^{-p}`, where C are the cosines of the units.

    The sum of nearly opposite units is short and has to be exact, so C is not multiplied by x.
    """
    cosines = units @ units.T
    x = ((b @ units).norm() / b.norm()) ** (-2 / (1 + power)) * torch.ones_like(b)
    for _ in range(300):
        wanted = b * x**-power
        slope = wanted - units @ ((b * x) @ units)
        step = torch.linalg.solve(cosines + torch.diag(power * wanted / (b * x)), slope) / b
        gain = float(slope @ (b * step) / ((b * x) @ wanted))
        shrinks = step < 0
        length = min(1.0, 0.99 * float((x / -step)[shrinks].min())) if shrinks.any() else 1.0
        before = _objective(units, b, power, x)
        # Near the minimum whole steps converge, and what they gain is less than rounding.
        while gain > 1e-8 and length > 1e-12 and not _objective(units, b, power, x + length * step) <= before:
            length /= 2
        x = x + length * step
        if gain <= 1e-16:
            break
    return x


def _objective(units: Tensor, b: Tensor, power: float, x: Tensor) -> float:
    utility = x.log() if power == 1 else x ** (1 - power) / (1 - power)
    return float(((b * x) @ units).square().sum() / 2 - b.square() @ utility)
