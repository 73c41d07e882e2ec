"""RotoGrad: rotate what each head reads, and equalise the sizes of what comes back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from mtlcore.methods._learned import MakeOptimizer, SelfLearning
from mtlcore.methods.base import Method, Scale, check_vector
from mtlcore.signals import Level, Signals
from mtlcore.signals.step import at_least_single


class RotoGrad(SelfLearning, Method):
    r"""Give every task its own rotation of the representation, and every gradient the same norm.

    .. math:: n_i = \|\nabla_z L_i\|, \quad \alpha_i = \frac{n_i / n_i^0}{\sum_k n_k / n_k^0}, \quad
              C = \sum_k \alpha_k n_k, \quad w_i = C / n_i

    and the rotations follow, by an optimiser of their own,
    :math:`\min_{R_i} \mathrm{mean}_b \|R_i v - R_i^0 g_i\|^2` over the samples b: turned by its rotation,
    every task's gradient :math:`g_i` should look like their common direction v.

    Parameters
    ----------
    optimizer : callable, default Adam with learning rate 1e-4
        Makes the optimiser of the rotations from their list; ten to a hundred times below the learning rate
        of the model is usual.
    burn_in : int, default 20
        After this many steps the reference norms :math:`n^0` are taken anew.
    rotate : bool, default True
        Without, all rotations stay the identity, and only norms are equalised.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").

    Notes
    -----
    Cost: 1 forward, 1 backward, and T matrix exponentials. State: rotations and their optimiser, reference
    norms.

    It works at the level of features. The rotations are part of the model (``model.rotations``), which needs
    them for its predictions. The sum is that of the authors' code.

    References
    ----------
    Javaloy and Valera 2022, Algorithm 1.

    Examples
    --------
    >>> mtl.RotoGrad().weights(torch.tensor([1.0, 4.0]))
    tensor([2.5000, 0.6250])
    """

    sees = "norms"
    family: ClassVar[str] = "gradients"
    level: ClassVar[Level] = "features"
    skew: nn.Parameter
    reference: Tensor
    steps: Tensor

    def __init__(
        self,
        *,
        optimizer: MakeOptimizer = partial(torch.optim.Adam, lr=1e-4),  # noqa: B008
        burn_in: int = 20,
        rotate: bool = True,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(scale=scale)
        self.optimizer, self.burn_in, self.rotate = optimizer, burn_in, rotate
        self.add_state("skew", shape="rows", learned=True)
        self.add_state("reference", math.nan)
        self.add_state("steps", dtype=torch.int64)

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights that give all gradients one norm.

        Parameters
        ----------
        signal : Tensor, shape (T,)
            Norms of the task gradients at the representation.

        Returns
        -------
        weights : Tensor, shape (T,)
            Zero for a zero gradient.
        """
        norms = check_vector(signal, "gradient").double()
        self._meet(len(norms), norms.device)
        anew = self.reference.isnan() | (self.steps == self.burn_in)
        self.reference = torch.where(anew, norms, self.reference)
        self.steps = self.steps + 1
        tiny = torch.finfo(norms.dtype).tiny
        shares = norms / self.reference.clamp(min=tiny)
        common = (shares / shares.sum().clamp(min=tiny)) @ norms
        return self._rescale(torch.where(norms > 0, common / norms, 0), signal)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) that equalise the norms of the gradients at the representation."""
        return self.weights(_norms(signals.feature_gradients()))

    def _balance(self, signals: Signals) -> Tensor | None:
        rotate = self.rotate and any(signals.present)
        if rotate and not len(self.skew):
            z = signals.features()[0]
            self.skew.data = at_least_single(z.new_zeros(len(signals.tasks), z.shape[1], z.shape[1]))
        weights = super()._balance(signals)
        if rotate:
            signals.rotate(signals.agreed(self._rotations()))  # of all tasks, those without a label too
        return weights

    def after_backward(self, signals: Signals) -> None:
        """One step of the rotations."""
        if self.rotate:
            gradients = signals.feature_gradients()
            stacked = torch.stack([g.transpose(0, 1).flatten(1) for g in gradients])
            self._turn(at_least_single(stacked), _norms(gradients))

    def _rotations(self) -> Tensor:
        with torch.no_grad():
            return torch.matrix_exp(self.skew - self.skew.mT)

    def _turn(self, gradients: Tensor, norms: Tensor) -> None:
        """One step of the rotations, from the gradients (T, m, N) at the representation."""
        mean = gradients.mean(0)
        share = torch.where(norms > 0, _norms([mean])[0] / norms, 0).to(gradients)
        common = (gradients * share[:, None, None]).mean(0)
        rotations = torch.matrix_exp(self.skew - self.skew.mT)
        gap = rotations @ common - (rotations @ gradients).detach()
        (gradient,) = torch.autograd.grad(gap.square().sum() / gradients.shape[2], self.skew)
        self._step(self.skew, gradient)


def _norms(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([torch.linalg.vector_norm(g, dtype=torch.float64) for g in gradients])
