"""Gradient normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mtlcore.methods._learned import MakeOptimizer, SelfLearning, grow
from mtlcore.methods.base import LossBalancing, Scale, check_losses
from mtlcore.signals import Signals


class GradNorm(SelfLearning, LossBalancing):
    r"""Learn weights that make the weighted gradient norms follow the training rates (Chen et al. 2018,
    Algorithm 1).

    .. math:: G_i = w_i \|\nabla_W L_i\|, \quad r_i = \frac{L_i / L_i^0}{\mathrm{mean}_j(L_j / L_j^0)}, \quad
              \min_w \sum_i \bigl| G_i - \bar G r_i^\alpha \bigr|, \quad \textstyle\sum_i w_i = T

    with the target :math:`\bar G r_i^\alpha` held constant. One step of the weights' own optimiser a training
    step, after the weights were used; then they are brought back to sum T.

    Parameters
    ----------
    alpha : asymmetry, default 1.5; 0 asks for equal norms.
    optimizer : of the weights, default Adam with learning rate 0.025 (SLAW paper, Appendix C).
    parameters_of : function that picks W, the shared parameters whose gradients count, from the signals; by
        default the last shared layer, as in the papers.
    floor : least weight, default 1e-6.
    scale : "sum" (default, as published) or "mean".

    Cost: 1 forward, 1 backward, T partial. State: weights, their optimiser, the first losses.
    """

    sees = "norms"
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
        self.w = nn.Parameter(torch.zeros(0, dtype=torch.float64))
        self.register_buffer("first", torch.zeros(0, dtype=torch.float64))

    def weights(self, signal: Tensor, losses: Tensor | None = None) -> Tensor:
        """Weights of the tasks, (T,), from the norms of their gradients, (T,), and their losses, (T,).

        Without losses all tasks train at one rate. The weights of the next step are learned meanwhile.

        Raises
        ------
        ValueError : a norm or a loss is not finite, a first loss is zero, or another number of tasks.
        """
        norms = check_losses(signal).double()
        w = grow(self.w, len(norms), 1.0).detach().clone()
        self._learn(norms, torch.ones_like(norms) if losses is None else check_losses(losses).double())
        return self._rescale(w, signal)

    def _learn(self, norms: Tensor, losses: Tensor) -> None:
        if not len(self.first):
            if (losses == 0).any():
                raise ValueError("GradNorm divides by the first losses, and one of them is zero")
            self.first = losses.clone()
        rates = losses / self.first
        scaled = self.w.detach() * norms
        target = scaled.mean() * (rates / rates.mean()) ** self.alpha
        self._step(self.w, torch.sign(scaled - target) * norms)
        with torch.no_grad():
            self.w.clamp_(min=self.floor)
            self.w.mul_(len(norms) / self.w.sum())

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of this step; those of the next are learned."""
        chosen = None if self.parameters_of is None else self.parameters_of(signals)
        return self.weights(signals.norms(chosen), signals.losses)

    def reset(self) -> None:
        super().reset()
        self.first = self.first.new_zeros(0)
