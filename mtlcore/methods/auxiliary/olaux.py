"""Online learning of auxiliary weights."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods.base import Method, check_losses, check_main
from mtlcore.signals import Signals


class OLAux(Method):
    r"""Raise the weight of the auxiliary tasks whose gradients have helped the main one (Lin et al. 2019,
    Algorithm 1).

    .. math:: D_a \leftarrow D_a + \langle g_m, g_a\rangle; \qquad \text{every N steps: }
              w_a \leftarrow w_a + \alpha\beta D_a, \; D_a \leftarrow 0

    Parameters
    ----------
    lr : alpha, the model's learning rate, default 1e-3.
    beta : learning rate of the weights, default 1. The Projection paper's notebook has the opposite
        sign, beta < 0.
    every : N, default 5.
    initial : starting weight of the auxiliary tasks, default 1.
    log : use the gradients of the logarithms of the losses, so that the unit of a loss does not count.
    nonnegative : keep the weights at or above zero, default False, as published.
    main : index of the main task, default 0.

    Cost: 1 forward, 2 backward, 1 forward-mode. State: weights, sums and the number of steps.
    """

    sees = "alignment"
    family: ClassVar[str] = "auxiliary"
    weights_heads = True
    w: Tensor
    total: Tensor
    steps: Tensor

    def __init__(
        self,
        lr: float = 1e-3,
        *,
        beta: float = 1.0,
        every: int = 5,
        initial: float = 1.0,
        log: bool = False,
        nonnegative: bool = False,
        main: int = 0,
    ) -> None:
        super().__init__()
        if lr <= 0 or every < 1:
            raise ValueError(f"lr must be positive and every at least 1, not {lr} and {every}")
        self.lr, self.beta, self.every, self.initial = lr, beta, every, initial
        self.log, self.nonnegative, self.main = log, nonnegative, main
        self.register_buffer("w", torch.zeros(0, dtype=torch.float64))
        self.register_buffer("total", torch.zeros(0, dtype=torch.float64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def weights(self, signal: Tensor, losses: Tensor | None = None) -> Tensor:
        """Weights of the tasks, (T,), from the inner products (T,) of their gradients with the main one.

        With ``log=True`` it needs the losses, (T,), too.

        Raises
        ------
        ValueError : something is not finite, or ``log=True`` and the losses are missing or not positive.
        """
        alignment = check_losses(signal).double()
        main = check_main(self.main, len(alignment))
        if not len(self.w):
            self.w = torch.full_like(alignment, self.initial)
            self.w[main] = 1
            self.total = torch.zeros_like(alignment)
        if len(self.w) != len(alignment):
            raise ValueError(
                f"this OLAux has seen {len(self.w)} tasks and now sees {len(alignment)}; reset() it"
            )
        answer = self._rescale(self.w, signal)
        self._learn(alignment, main, losses)
        return answer

    def _learn(self, alignment: Tensor, main: int, losses: Tensor | None) -> None:
        if self.log:
            if losses is None or not (losses > 0).all():
                raise ValueError("log=True needs the losses, and needs them positive")
            alignment = alignment / (losses * losses[main]).to(alignment)
        self.total = self.total + alignment
        self.steps += 1
        if self.steps % self.every == 0:
            change = self.lr * self.beta * self.total
            change[main] = 0
            self.w = (self.w + change).clamp(min=0) if self.nonnegative else self.w + change
            self.total = torch.zeros_like(self.total)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) in this step; the alignments are added to the sums."""
        return self.weights(signals.gramian_row(self.main), signals.losses)

    def reset(self) -> None:
        self.w, self.total = self.w.new_zeros(0), self.total.new_zeros(0)
        self.steps.zero_()
