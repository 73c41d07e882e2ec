"""Cosine similarity as a gate for auxiliary gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods.auxiliary._family import Auxiliary
from mtlcore.methods.base import check_main, check_vector
from mtlcore.signals import Signals


class CosSim(Auxiliary):
    r"""Use an auxiliary gradient only where it points along the main one.

    .. math:: d = g_m + \lambda \sum_a c_a g_a, \qquad c_a = [\cos(g_m, g_a) \ge 0] \quad\text{or}\quad
              c_a = \max(0, \cos(g_m, g_a))

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lam : float, default 1.0
        lambda, the weight of the auxiliary tasks.
    weighted : bool, default False
        Scale auxiliary gradients by the cosine, instead of switching them on or off.

    Raises
    ------
    ValueError
        If lam is negative or not finite, or there is no task number ``main``.

    Notes
    -----
    Cost: 1 forward, 2 backward, 1 forward-mode, whatever T; weighted: 1 forward, T backward or T + 1
    (see :meth:`mtlcore.Signals.gramian`).

    A zero main gradient has no angle: then the switch is on and the cosine is taken as 0.

    References
    ----------
    Du et al. 2018.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> mtl.CosSim().weights(gramian)
    tensor([1., 0.])
    >>> mtl.CosSim(weighted=True).weights(torch.tensor([[1.0, 1.0], [1.0, 2.0]]))
    tensor([1.0000, 0.7071])
    """

    def __init__(self, *, main: int = 0, lam: float = 1.0, weighted: bool = False) -> None:
        super().__init__(main=main, lam=lam)
        self.weighted = weighted

    def rule(self, gramian: Tensor) -> Tensor:
        alignment = gramian[check_main(self.main, len(gramian))]
        if not self.weighted:
            return self._switch(alignment)
        norms = gramian.diagonal().clamp(min=0).sqrt()
        products = norms * norms[self.main]
        cosines = torch.where(products > 0, alignment / products, 0)
        return self._weigh(cosines.clamp(0, 1))

    def _switch(self, alignment: Tensor) -> Tensor:
        return self._weigh((alignment >= 0).to(alignment))

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) in this step. The switch needs signs only, so no Gramian."""
        if self.weighted:
            return super().step_weights(signals)
        row = signals.gramian_row(check_main(self.main, len(signals.losses)))
        return self._switch(check_vector(row, "gradient"))
