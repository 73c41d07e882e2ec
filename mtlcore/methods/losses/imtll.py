"""Impartial multi-task learning, the part that weights losses."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods._learned import LearnedScales
from mtlcore.methods.base import Scale


class IMTLL(LearnedScales):
    r"""Learn scales that bring every loss to the same size.

    .. math:: \min_{\theta, s} \; \sum_i e^{s_i} L_i - s_i, \qquad w_i = e^{s_i}

    Parameters
    ----------
    init : float, default 0.0
        Starting value of every s.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").

    Raises
    ------
    ValueError
        If a loss is negative, since s then has no optimum, or a weight is no longer finite.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    At the optimum for fixed losses every weighted loss is 1. With s replaced by -s, this is twice the
    objective of :class:`UW`. The s are parameters that take their number from the first step: give
    ``method.learnable()`` to the optimiser (or ``learnable(tasks=T)``, for Adagrad), without weight decay, as
    :func:`mtlcore.fit` does.

    References
    ----------
    Liu et al. 2021b (IMTL), Section 3.2.

    Examples
    --------
    >>> imtll = mtl.IMTLL()
    >>> imtll.weights(torch.tensor([2.0, 0.5]))
    tensor([1., 1.])
    >>> sgd = torch.optim.SGD(imtll.learnable(), lr=0.1)
    >>> imtll.objective(torch.tensor([2.0, 0.5])).backward()
    >>> sgd.step()
    >>> imtll.weights(torch.tensor([2.0, 0.5]))
    tensor([0.9048, 1.0513])
    """

    def __init__(self, *, init: float = 0.0, scale: Scale | None = None) -> None:
        super().__init__(init=init, scale=scale)

    def objective(self, losses: Tensor) -> Tensor:
        """Return the scalar that s minimises.

        Parameters
        ----------
        losses : Tensor, shape (T,)
            The task losses.

        Returns
        -------
        objective : Tensor, shape ()
            With its graph to s.
        """
        self._meet(len(losses), losses.device)
        return (torch.exp(self.s) * losses - self.s).sum()

    def rule(self, losses: Tensor) -> Tensor:
        if (losses < 0).any():
            raise ValueError(f"IMTL-L needs losses >= 0, not {losses.tolist()}")
        return self.s.detach().exp()
