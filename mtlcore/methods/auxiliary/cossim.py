"""Cosine similarity as a gate for auxiliary gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods._surgery import Per
from mtlcore.methods.auxiliary._reference import Referenced, in_range
from mtlcore.methods.base import check_main, check_vector
from mtlcore.signals import Signals


class CosSim(Referenced):
    r"""Use an auxiliary gradient only where it points along the main one.

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad d = g_m + \lambda \sum_a c_a g_a, \qquad
              c_a = [\cos(v, g_a) \ge 0] \quad\text{or}\quad c_a = \max(0, \cos(v, g_a))

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lam : float, default 1.0
        lambda, the weight of the auxiliary tasks.
    weighted : bool, default False
        Scale auxiliary gradients by the cosine, instead of switching them on or off.
    per : {"whole", "variable"}, default "whole"
        One cosine over all shared parameters, or one for each tensor of them.
    smoothing : float, default 1.0
        alpha, the weight of the current main gradient in the reference v; 1 is no memory.

    Raises
    ------
    ValueError
        If lam is negative or not finite, ``per`` is unknown, smoothing lies outside (0, 1], or there is no
        task number ``main``; if weights are asked for where the rule has none.

    Notes
    -----
    Cost: 1 forward, 2 backward, 1 forward-mode, whatever T; weighted, per variable or smoothed: 1 forward, T
    backward or T + 1 (see :meth:`mtlcore.Signals.gramian`).
    State: v, as long as the shared parameters, when smoothed.

    A zero reference has no angle: then the switch is on and the cosine is taken as 0. The public code of the
    Projection paper switches off at an angle of exactly 90 degrees.

    References
    ----------
    Du et al. 2018; per variable and smoothed, Projection paper, Appendix D.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.CosSim().weights(gramian)
    tensor([1., 0.])
    >>> mtl.CosSim(weighted=True).weights(torch.tensor([[1.0, 1.0], [1.0, 2.0]]))
    tensor([1.0000, 0.7071])
    """

    def __init__(
        self,
        *,
        main: int = 0,
        lam: float = 1.0,
        weighted: bool = False,
        per: Per = "whole",
        smoothing: float = 1.0,
    ) -> None:
        super().__init__(main=main, lam=lam, per=per, smoothing=smoothing)
        self.weighted = weighted

    def rule(self, gramian: Tensor) -> Tensor:
        norms = gramian.diagonal().clamp(min=0).sqrt()
        main = check_main(self.main, len(gramian))
        return self._weigh(self._gate(gramian[main], norms * norms[main]))

    def _gate(self, products: Tensor, norms: Tensor) -> Tensor:
        """The c_a, from inner products with the reference and the products of both norms."""
        if self.weighted:
            return torch.where(norms > 0, products / norms, 0).clamp(0, 1)
        return switch(products)

    def _changed(self, vectors: Tensor, reference: Tensor) -> Tensor:
        scaled, v = in_range(vectors)[0], in_range(reference)[0]
        return self._gate(scaled @ v, scaled.norm(dim=1) * v.norm())[:, None] * vectors

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) in this step. The switch needs signs only, so no Gramian."""
        if self.weighted:
            return super().step_weights(signals)
        row = signals.gramian_row(check_main(self.main, len(signals.losses)))
        return self._weigh(switch(check_vector(row, "gradient")))


def switch(products: Tensor) -> Tensor:
    """1 where an inner product is not negative, else 0."""
    return (products >= 0).to(products)
