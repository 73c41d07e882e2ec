"""Uncertainty weights."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from mtlcore.methods._learned import LearnedScales
from mtlcore.methods.base import Scale


class UW(LearnedScales):
    r"""Learn one noise level a task and weight each loss by its inverse.

    .. math:: \min_{\theta, s} \; \sum_i \kappa\, e^{-s_i} L_i + \tfrac12 s_i, \qquad w_i = \kappa\, e^{-s_i},
              \qquad s_i = \log\sigma_i^2

    Parameters
    ----------
    kind : {"regression", "classification"} or tuple of these, default "regression"
        kappa is 1/2 for regression (most public code has that for every task) and 1 for classification. One
        for all tasks, or one a task.
    init : float, default 0.0
        Starting value of every s.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").

    Raises
    ------
    ValueError
        If a loss is negative, since it has no likelihood, or a weight is no longer finite.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    At the optimum for fixed losses a weight is 1/(2 L): the weight of a task that is nearly solved grows
    without bound. The s are parameters that take their number from the first step: give
    ``method.learnable()`` to the optimiser (or ``learnable(tasks=T)``, for Adagrad), without weight decay, as
    :func:`mtlcore.fit` does.

    References
    ----------
    Kendall, Gal and Cipolla 2018, Section 3.

    Examples
    --------
    >>> uw = mtl.UW()
    >>> uw.weights(torch.tensor([2.0, 0.5]))
    tensor([0.5000, 0.5000])
    >>> sgd = torch.optim.SGD(uw.learnable(), lr=0.1)
    >>> uw.objective(torch.tensor([2.0, 0.5])).backward()
    >>> sgd.step()
    >>> uw.weights(torch.tensor([2.0, 0.5]))
    tensor([0.4756, 0.5127])
    """

    per_task: ClassVar[tuple[str, ...]] = ("kind",)

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
        weighted = self._kappa(losses) * torch.exp(-self.s) * losses
        return (weighted + self.s / 2).sum()

    def _kappa(self, losses: Tensor) -> Tensor:
        kinds = self._of_tasks("kind", len(losses)) or ()
        return losses.new_tensor([0.5 if kind == "regression" else 1.0 for kind in kinds])

    def rule(self, losses: Tensor) -> Tensor:
        if (losses < 0).any():
            raise ValueError(f"UW needs losses >= 0, not {losses.tolist()}")
        return self._kappa(losses) * torch.exp(-self.s.detach())
