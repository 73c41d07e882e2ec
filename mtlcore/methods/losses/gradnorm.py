"""Gradient normalisation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mtlcore.methods._learned import MakeOptimizer, SelfLearning
from mtlcore.methods.base import LossBalancing, Scale, check_vector
from mtlcore.signals import Signals


class GradNorm(SelfLearning, LossBalancing):
    r"""Learn weights that make the weighted gradient norms follow the training rates.

    .. math:: G_i = w_i \|\nabla_W L_i\|, \quad r_i = \frac{L_i / L_i^0}{\mathrm{mean}_j(L_j / L_j^0)}, \quad
              \min_w \sum_i \bigl| G_i - \bar G r_i^\alpha \bigr|, \quad \textstyle\sum_i w_i = T

    with the target :math:`\bar G r_i^\alpha` held constant. The weights' own optimiser takes one step a
    training step, after the weights were used; then they are brought back to sum T.

    Parameters
    ----------
    alpha : float, default 1.5
        Asymmetry; 0 asks for equal norms.
    optimizer : callable, default Adam with learning rate 0.025
        Makes the optimiser of the weights from their list (the default is that of the SLAW paper, Appendix
        C).
    parameters_of : callable, optional
        From the signals of a step to W, the shared parameters whose gradients count. Default: those of the
        last shared layer, as in the papers.
    floor : float, default 1e-06
        Least weight.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").

    Raises
    ------
    ValueError
        If a first loss is zero, or the number of tasks changes.

    Notes
    -----
    Cost: 1 forward, 1 backward, T partial. State: weights, their optimiser, the first losses.

    References
    ----------
    Chen et al. 2018, Algorithm 1.

    Examples
    --------
    >>> gradnorm = mtl.GradNorm(alpha=0.12)
    >>> norms, losses = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
    >>> gradnorm.weights(norms, losses)
    tensor([1., 1.])
    >>> gradnorm.weights(norms, losses)
    tensor([1.0250, 0.9750])
    """

    sees = "norms"
    w: nn.Parameter
    first: Tensor

    def __init__(
        self,
        alpha: float = 1.5,
        *,
        optimizer: MakeOptimizer = partial(torch.optim.Adam, lr=0.025),  # noqa: B008
        parameters_of: Callable[[Signals], Sequence[Tensor]] | None = None,
        floor: float = 1e-6,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        self.alpha, self.optimizer, self.parameters_of, self.floor = alpha, optimizer, parameters_of, floor
        self.add_state("w", 1.0, learned=True)
        self.add_state("first", math.nan)

    def weights(self, signal: Tensor, losses: Tensor | None = None) -> Tensor:
        """Return the weights of this step, and learn those of the next.

        Parameters
        ----------
        signal : Tensor, shape (T,)
            Norms of the task gradients on W.
        losses : Tensor, shape (T,), optional
            The task losses. Default: all tasks train at one rate.

        Returns
        -------
        weights : Tensor, shape (T,)
            Of sum T, or 1.

        Raises
        ------
        ValueError
            If a norm or a loss is not finite, a first loss is zero, or the number of tasks changes.
        """
        norms = check_vector(signal, "gradient").double()
        self._meet(len(norms), norms.device)
        w = self.w.detach().clone()
        self._learn(
            norms, torch.ones_like(norms) if losses is None else check_vector(losses, "loss").double()
        )
        return self._rescale(w, signal)

    def _learn(self, norms: Tensor, losses: Tensor) -> None:
        first = torch.where(self.first.isnan(), losses, self.first)
        if (first == 0).any():
            raise ValueError("GradNorm divides by the first losses, and one of them is zero")
        self.first = first
        rates = losses / self.first
        scaled = self.w.detach() * norms
        target = scaled.mean() * (rates / rates.mean()) ** self.alpha
        self._step(self.w, torch.sign(scaled - target) * norms)
        with torch.no_grad():
            self.w.clamp_(min=self.floor)
            self.w.mul_(len(norms) / self.w.sum())

    def _alone(self, kept: Sequence[int], tasks: int) -> Any:
        twin = super()._alone(kept, tasks)
        twin.w.data *= len(kept) / twin.w.data.sum()
        return twin

    def _take_from(self, twin: Any, kept: Sequence[int], tasks: int) -> None:
        twin.w.data *= self.w.data[kept].sum() / len(kept)  # the sum of all weights stays T
        super()._take_from(twin, kept, tasks)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of this step; those of the next are learned."""
        chosen = None if self.parameters_of is None else self.parameters_of(signals)
        return self.weights(signals.norms(chosen), signals.losses)
