"""Uncertainty weights."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from mtlcore.methods._learned import LearnedScales, grow
from mtlcore.methods.base import Scale


class UW(LearnedScales):
    r"""Learn one noise level a task and weight each loss by its inverse (Kendall et al. 2018, Section 3).

    .. math:: \min_{\theta, s} \; \sum_i \kappa\, e^{-s_i} L_i + \tfrac12 s_i, \qquad w_i = \kappa\, e^{-s_i},
              \qquad s_i = \log\sigma_i^2

    At its optimum for fixed losses a weight is 1/(2 L), so the weight of a task that is nearly
    solved grows without bound.

    Parameters
    ----------
    kind : "regression" (default, kappa = 1/2, as most public code has it for every task) or
        "classification" (kappa = 1), for all tasks, or one a task.
    init : starting value of every s, default 0.
    scale : "sum" (default, as published) or "mean".

    The s are parameters: give ``method.learnable()`` to the optimiser, without weight decay
    (:func:`mtlcore.fit` does). They take their number from the first step.

    Cost: 1 forward, 1 backward.

    Raises
    ------
    ValueError : a negative loss, which has no likelihood; a weight that has left the range of numbers.
    """

    def __init__(
        self,
        kind: Literal["regression", "classification"] | tuple[str, ...] = "regression",
        *,
        init: float = 0.0,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(init=init, scale=scale)
        kinds = (kind,) if isinstance(kind, str) else tuple(kind)
        if not set(kinds) <= {"regression", "classification"}:
            raise ValueError(f"kind is 'regression' or 'classification', not {kind!r}")
        self.kind = kind

    def objective(self, losses: Tensor) -> Tensor:
        """The scalar that s minimises, for losses (T,)."""
        s = grow(self.s, len(losses), self.init)
        return (self._kappa(losses) * torch.exp(-s) * losses + s / 2).sum()

    def _kappa(self, losses: Tensor) -> Tensor:
        kinds = (self.kind,) * len(losses) if isinstance(self.kind, str) else self.kind
        if len(kinds) != len(losses):
            raise ValueError(f"{len(kinds)} kinds for {len(losses)} tasks")
        return losses.new_tensor([0.5 if kind == "regression" else 1.0 for kind in kinds])

    def rule(self, losses: Tensor) -> Tensor:
        if (losses < 0).any():
            raise ValueError(f"UW needs losses of at least 0, not {losses.tolist()}")
        s = grow(self.s, len(losses), self.init)
        return self._kappa(losses) * torch.exp(-s.detach())
