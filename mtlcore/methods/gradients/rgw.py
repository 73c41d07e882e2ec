"""Random gradient weighting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods.base import check_jacobian, weighted_sum
from mtlcore.methods.losses.rlw import RLW


class RGW(RLW):
    r"""Draw the gradient weights anew at every step.

    The draw is that of :class:`RLW`, but it acts on the shared parameters only,
    :math:`d = \sum_t \lambda_t g_t`; every head gets its own gradient, unweighted.

    Parameters
    ----------
    distribution : {"normal", "uniform", "dirichlet", "bernoulli", "c-bernoulli"}, default "normal"
        As in :class:`RLW`.
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").
    generator : torch.Generator, optional
        Source of the draws, on the CPU. Default: a new one, seeded from torch's global generator.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    The weights are applied at the representation, so no task gradient on the trunk is ever formed.

    References
    ----------
    Random-weighting paper, Algorithm 1.

    Examples
    --------
    >>> rgw = mtl.RGW("c-bernoulli", generator=torch.Generator().manual_seed(0))
    >>> rgw.direction(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]))
    tensor([1., 0.])
    """

    family: ClassVar[str] = "gradients"
    weights_heads = False

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the randomly weighted sum of the task gradients.

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
        jacobian = check_jacobian(jacobian)
        norms = torch.linalg.vector_norm(jacobian, dim=1, dtype=torch.float64)
        return weighted_sum(self.weights(norms), jacobian)
