"""Multi-objective meta learning."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from mtlcore.methods._learned import MakeOptimizer, SelfLearning
from mtlcore.methods._minnorm import min_norm
from mtlcore.methods.base import LossBalancing, Scale, check_gramian
from mtlcore.signals import Signals


class MOML(SelfLearning, LossBalancing):
    r"""Learn the loss weights so that all validation losses fall, with one inner step.

    .. math:: \alpha = \mathrm{softmax}(a), \quad \omega' = \omega - \eta \sum_i \alpha_i \nabla L_i, \quad
              q_k = -\eta\, \bigl(\nabla F_k(\omega')^\top \nabla L_i(\omega)\bigr)_i\,
              (\mathrm{diag}\,\alpha - \alpha\alpha^\top)

    The q are the gradients of the validation losses F in the logits a. They are normalised, and a
    follows their shortest convex combination (:class:`MGDA` in the space of the weights).

    Parameters
    ----------
    lr : float, default 0.1
        eta, the length of the inner step.
    optimizer : callable, default Adam with learning rate 0.001
        Makes the optimiser of the logits from their list (the default is LibMTL's).
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").

    Raises
    ------
    ValueError
        If the learning rate is not positive, or there is no validation batch.

    Notes
    -----
    Cost: 2 forward, T + 2 backward, T forward-mode. State: logits and their optimiser.

    With two tasks all q lie on one line, so a step is a full one when the tasks agree and none when they do
    not.

    References
    ----------
    Ye et al. 2021, Algorithm 1.

    Examples
    --------
    >>> moml = mtl.MOML(optimizer=lambda logits: torch.optim.SGD(logits, lr=1.0))
    >>> moml.weights(torch.tensor([[4.0, 1.0], [2.0, 1.0]]))
    tensor([0.8044, 0.1956])
    """

    sees = "response"
    validates = True
    published: ClassVar[Scale] = "mean"
    a: nn.Parameter

    def __init__(
        self,
        lr: float = 0.1,
        *,
        optimizer: MakeOptimizer = partial(torch.optim.Adam, lr=1e-3),  # noqa: B008
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        if lr <= 0:
            raise ValueError(f"lr must be positive, not {lr}")
        self.lr, self.optimizer = lr, optimizer
        self.add_state("a", learned=True)

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights after one step of the logits.

        Parameters
        ----------
        signal : Tensor, shape (T, T)
            Inner products of each task's validation gradient after the inner step (rows) with each task's
            training gradient (columns).

        Returns
        -------
        weights : Tensor, shape (T,)
            On the simplex, or T times that.
        """
        return self._follow(check_gramian(signal))

    def _follow(self, response: Tensor) -> Tensor:
        """The weights after a step of the logits; no row, no step."""
        self._meet(response.shape[1], response.device)
        if len(response):
            self._step(self.a, self.logit_gradient(response.double()))
        return self._rescale(self.a.detach().softmax(0), response)

    def logit_gradient(self, response: Tensor) -> Tensor:
        """Return the direction against which the logits move.

        Parameters
        ----------
        response : Tensor, shape (F, T)
            As in :meth:`weights`, with a row for each of F validation losses.

        Returns
        -------
        gradient : Tensor, shape (T,)
            The shortest convex combination of the normalised q.
        """
        self._meet(response.shape[1], response.device)
        alpha = self.a.detach().softmax(0)
        q = -self.lr * response @ (torch.diag(alpha) - torch.outer(alpha, alpha))
        norms = q.norm(dim=1, keepdim=True)
        q = torch.where(norms > 0, q / norms, 0)
        return min_norm(q.cpu()).to(q) @ q

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of this step, after a step of the logits."""
        self._meet(len(signals.losses), signals.losses.device)
        response = check_gramian(signals.response(self.a.detach().softmax(0), self.lr))
        return self._follow(response[list(signals.validated)])
