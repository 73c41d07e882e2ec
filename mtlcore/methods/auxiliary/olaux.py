"""Online learning of auxiliary weights."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from mtlcore.methods.base import Method, check_main, check_vector
from mtlcore.signals import Signals


class OLAux(Method):
    r"""Raise the weight of the auxiliary tasks whose gradients have helped the main one.

    .. math:: D_a \leftarrow D_a + \langle g_m, g_a\rangle; \qquad \text{every N steps: }
              w_a \leftarrow w_a + \alpha\beta D_a, \; D_a \leftarrow 0

    Parameters
    ----------
    lr : float, default 0.001
        alpha, the model's learning rate.
    beta : float, default 1.0
        Learning rate of the weights. The Projection paper's notebook has the opposite sign, beta < 0.
    every : int, default 5
        N.
    initial : float, default 1.0
        Starting weight of the auxiliary tasks.
    log : bool, default False
        Use the gradients of the logarithms of the losses, so that the unit of a loss does not count.
    nonnegative : bool, default False
        Keep the weights at or above zero. As published: no.
    main : int, default 0
        Index of the main task.

    Raises
    ------
    ValueError
        If lr is not positive, every is below 1, or the number of tasks changes.

    Notes
    -----
    Cost: 1 forward, 2 backward, 1 forward-mode. State: weight, sum and number of steps, a task.

    References
    ----------
    Lin et al. 2019, Algorithm 1.

    Examples
    --------
    >>> olaux = mtl.OLAux(lr=0.1, every=1)
    >>> olaux.weights(torch.tensor([1.0, -2.0]))
    tensor([1., 1.])
    >>> olaux.weights(torch.tensor([1.0, -2.0]))
    tensor([1.0000, 0.8000])
    """

    sees = "alignment"
    family: ClassVar[str] = "auxiliary"
    weights_heads = True
    main: int
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
        self.add_state("w", initial)
        self.add_state("total")
        self.add_state("steps", dtype=torch.int64)

    def weights(self, signal: Tensor, losses: Tensor | None = None) -> Tensor:
        """Return the weights of this step, and add the inner products to the sums.

        Parameters
        ----------
        signal : Tensor, shape (T,)
            Inner products of the task gradients with the main one.
        losses : Tensor, shape (T,), optional
            The task losses, needed for ``log=True``.

        Returns
        -------
        weights : Tensor, shape (T,)
            1 for the main task.

        Raises
        ------
        ValueError
            If something is not finite, or ``log=True`` and the losses are missing or not positive.
        """
        alignment = check_vector(signal, "gradient").double()
        main = check_main(self.main, len(alignment))
        answer = self._known(signal)
        self._learn(alignment, main, losses)
        return answer

    def _known(self, signal: Tensor) -> Tensor:
        """The weights so far."""
        self._meet(len(signal), signal.device)
        self.w[self.main] = 1
        return self._rescale(self.w, signal)

    def _learn(self, alignment: Tensor, main: int, losses: Tensor | None) -> None:
        if self.log:
            if losses is None or not (losses > 0).all():
                raise ValueError("log=True needs the losses, and needs them positive")
            alignment = alignment / (losses * losses[main]).to(alignment)
        self.total = self.total + alignment
        self.steps = self.steps + 1
        due = self.steps % self.every == 0
        changed = self.w + self.lr * self.beta * self.total
        changed[main] = 1
        self.w = torch.where(due, changed.clamp(min=0) if self.nonnegative else changed, self.w)
        self.total = torch.where(due, 0, self.total)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) in this step; the alignments are added to the sums."""
        main = check_main(self.main, len(signals.losses))
        if not signals.present[main]:
            return self._known(signals.losses)
        return self.weights(signals.gramian_row(main), signals.losses)
