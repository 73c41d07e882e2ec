"""Gradient sign dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Generator, Tensor

from mtlcore.methods._random import Randomised
from mtlcore.methods._surgery import GradientSurgery
from mtlcore.methods.base import GradientBalancing, Scale, check_jacobian
from mtlcore.signals import Level, Signals
from mtlcore.signals.step import at_least_single


class GradDrop(Randomised, GradientSurgery, GradientBalancing):
    r"""In every entry of the gradient keep one sign, drawn by its share.

    .. math:: P_k = \frac12\Big(1 + \frac{\sum_i g_{ik}}{\sum_i |g_{ik}|}\Big), \quad U_k \sim U(0, 1), \quad
              d_k = \sum_i \big(\ell_i + (1 - \ell_i) M_{ik}\big) g_{ik}

    where M lets positive entries through if :math:`U_k < P_k`, and negative ones otherwise. At the level of
    features, as in the paper, k counts the features of the shared representation, with
    :math:`\sum_b \mathrm{sign}(z_{bk})\, \partial L_i / \partial z_{bk}` for :math:`g_{ik}`, and M holds for
    every sample b.

    Parameters
    ----------
    leak : float or sequence of float, default 0.0
        l, the share of a gradient that always passes, in [0, 1]: one number, or one a task.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").
    generator : torch.Generator, optional
        Source of the draws, on the CPU. Default: a new one, seeded from torch's global generator.
    level : {"parameters", "features"}, default "parameters"
        Entries of the shared parameters, as in most public code, or features, as in the paper.

    Raises
    ------
    ValueError
        If a leak lies outside [0, 1], or leaks and tasks differ in number; if weights are asked for.

    Notes
    -----
    Cost: 1 forward, T backward (1 at the level of features).

    With one leak for all tasks the mean over U is the plain sum. Where all entries are zero, so is d.

    References
    ----------
    Chen et al. 2020, Algorithm 1.

    Examples
    --------
    >>> graddrop = mtl.GradDrop(generator=torch.Generator().manual_seed(0))
    >>> graddrop.direction(torch.tensor([[1.0, 2.0, 3.0], [1.0, -2.0, -1.0]]))
    tensor([ 2., -2.,  3.])
    """

    published: ClassVar[Scale] = "sum"
    per_task: ClassVar[tuple[str, ...]] = ("leak",)

    def __init__(
        self,
        leak: float | Sequence[float] = 0.0,
        *,
        scale: Scale | None = None,
        generator: Generator | None = None,
        level: Level = "parameters",
    ) -> None:
        super().__init__(scale=scale, level=level, generator=generator)
        if not all(0 <= share <= 1 for share in torch.tensor(leak).flatten().tolist()):
            raise ValueError(f"a leak lies in [0, 1], not {leak}")
        self.leak = leak

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the update direction, from one draw for each of the D entries.

        Parameters
        ----------
        jacobian : Tensor, shape (T, D)
            The task gradients.
        sizes : sequence of int, optional
            Not used.

        Returns
        -------
        direction : Tensor, shape (D,)
            A step goes against it.
        """
        gradients = at_least_single(check_jacobian(jacobian))
        return (self._passing(gradients) * gradients).sum(0).to(jacobian)

    def _passing(self, gradients: Tensor) -> Tensor:
        """(T, D) shares of every entry that pass."""
        leak = gradients.new_tensor(self._of_tasks("leak", len(gradients)))
        uniform = torch.rand(gradients.shape[1], generator=self.generator, dtype=gradients.dtype)
        passing = shares(gradients, uniform.to(gradients.device), leak)
        return passing / len(gradients) if self.scale == "mean" else passing

    def _fill(self, signals: Signals) -> Tensor | None:
        if self.level == "parameters":
            return super()._fill(signals)
        gradients = signals.feature_gradients()
        signed = [at_least_single(g) * z.sign() for g, z in zip(gradients, signals.features(), strict=True)]
        passing = self._passing(torch.stack([s.transpose(0, 1).flatten(1).sum(1) for s in signed]))
        passing = signals.agreed(passing)
        kept = [g * p.view(-1, *[1] * (g.dim() - 2)).to(g) for g, p in zip(gradients, passing, strict=True)]
        signals.backward_features(kept)
        return None


def purity(gradients: Tensor) -> Tensor:
    """Shares P (D,) of the positive entries in the sums of absolute values of gradients (T, D)."""
    rising, falling = gradients.clamp(min=0).sum(0), -gradients.clamp(max=0).sum(0)
    return torch.where(rising + falling > 0, rising / (rising + falling), 0.5)


def shares(gradients: Tensor, uniform: Tensor, leak: Tensor) -> Tensor:
    """(T, D) shares of the entries that pass, when uniform draws (D,) choose the signs and (T,) leak."""
    chosen = torch.where(uniform < purity(gradients), gradients > 0, gradients < 0).to(gradients)
    return leak[:, None].lerp(torch.ones_like(chosen), chosen)
