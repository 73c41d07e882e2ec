"""Smooth Tchebycheff scalarisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods.base import LossBalancing, Scale


class STCH(LossBalancing):
    r"""Descend a smooth maximum of the losses, so that the worst of them weighs most.

    .. math:: \min_\theta \; \mu \log \sum_i e^{\lambda_i (L_i - z_i) / \mu}, \qquad
              w_i = \lambda_i \, \mathrm{softmax}_i \bigl(\lambda_i (L_i - z_i) / \mu\bigr)

    The weights are the gradient of the objective in the losses. As mu goes to 0, all weight goes to the worst
    task (Tchebycheff scalarisation); as it grows, the weights go to lambda_i / T.

    Parameters
    ----------
    mu : float, default 1.0
        Smoothness, in the unit of lambda_i (L_i - z_i): of the losses, by default.
    preference : sequence of float, optional
        lambda, one positive number a task. Default: 1 each. Losses in unlike units need 1 / unit.
    ideal : float or sequence of float, default 0.0
        z, the loss that a task could have alone or a bound below it, one for all tasks or one a task.
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights, with preference 1, are 1/T each ("mean", as published) or 1 each
        ("sum").

    Raises
    ------
    ValueError
        If mu or a preference is not positive and finite, an ideal is not finite, or there is not one value a
        task.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    With preference 1 the weights sum to 1, with others to a mean of the preferences. The public code first
    minimises the sum of the logarithms of the losses. Then it takes T times the objective of the logarithms
    of losses over their means in the last epoch of that phase.

    References
    ----------
    Lin et al. 2024, Section 3.

    Examples
    --------
    >>> losses = torch.tensor([2.0, 1.0])
    >>> mtl.STCH().weights(losses)
    tensor([0.7311, 0.2689])
    >>> mtl.STCH(mu=0.1).weights(losses)
    tensor([9.9995e-01, 4.5398e-05])
    >>> mtl.STCH(preference=[0.5, 1.0]).weights(losses)
    tensor([0.2500, 0.5000])
    """

    published: ClassVar[Scale] = "mean"
    per_task: ClassVar[tuple[str, ...]] = ("preference", "ideal")

    def __init__(
        self,
        mu: float = 1.0,
        *,
        preference: Sequence[float] | None = None,
        ideal: float | Sequence[float] = 0.0,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        if not 0 < mu < math.inf:
            raise ValueError(f"mu must be positive and finite, not {mu}")
        if preference is not None and not all(0 < value < math.inf for value in preference):
            raise ValueError(f"every preference must be positive and finite, not {preference}")
        if not torch.tensor(ideal).isfinite().all():
            raise ValueError(f"an ideal must be finite, not {ideal}")
        self.mu, self.preference, self.ideal = mu, preference, ideal

    def rule(self, losses: Tensor) -> Tensor:
        preference = losses.new_tensor(self._of_tasks("preference", len(losses)) or 1.0)
        excess = preference * (losses - losses.new_tensor(self._of_tasks("ideal", len(losses))))
        return preference * ((excess - excess.max()) / self.mu).softmax(0)
