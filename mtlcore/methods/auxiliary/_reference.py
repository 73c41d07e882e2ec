"""Methods that remove parts of the auxiliary gradients along a reference vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mtlcore.methods._surgery import GradientSurgery, Per, check_per
from mtlcore.methods.auxiliary._family import Auxiliary
from mtlcore.methods.base import check_jacobian, check_main
from mtlcore.signals.step import at_least_single
from mtlcore.signals.trunk import near


class ReferenceProjection(GradientSurgery, Auxiliary):
    r"""Rules that take a part of every auxiliary gradient's component along a reference v out of it.

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\text{part}(\langle g_a, v\rangle)}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lam : float, default 1.0
        lambda, the weight of the auxiliary tasks.
    per : {"whole", "variable"}, default "whole"
        One inner product over all shared parameters, or one for each tensor of them.
    smoothing : float, default 1.0
        alpha, the weight of the current main gradient in the reference v; 1 is no memory.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """

    reference: Tensor

    def __init__(
        self, *, main: int = 0, lam: float = 1.0, per: Per = "whole", smoothing: float = 1.0
    ) -> None:
        super().__init__(main=main, lam=lam)
        if not 0 < smoothing <= 1:
            raise ValueError(f"smoothing lies in (0, 1], not {smoothing}")
        self.per, self.smoothing = check_per(per), smoothing
        self.sees = "gramian" if per == "whole" and smoothing == 1 else "jacobian"
        self.add_state("reference", shape="free", dtype=torch.float32)

    def _part(self, products: Tensor) -> Tensor:
        """The part of the inner products with v that is removed."""
        raise NotImplementedError

    def rule(self, gramian: Tensor) -> Tensor:
        main = check_main(self.main, len(gramian))
        others = torch.arange(len(gramian), device=gramian.device) != main
        norm = gramian[main, main]
        removed = torch.where(norm > 0, self._part(gramian[main, others]).sum() / norm, 0)
        return self._weigh(torch.ones_like(gramian[main]), 1 - self.lam * removed)

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the update direction.

        Parameters
        ----------
        jacobian : Tensor, shape (T, D)
            The task gradients.
        sizes : sequence of int, optional
            Numbers of entries of the variables, whose sum is D; needed for ``per="variable"``.

        Returns
        -------
        direction : Tensor, shape (D,)
            A step goes against it.
        """
        given, jacobian = jacobian, at_least_single(check_jacobian(jacobian))
        main = check_main(self.main, len(jacobian))
        blocks = self._split(jacobian, sizes)
        references = self._split(self._smooth(jacobian[main]), sizes)
        others = torch.arange(len(jacobian), device=jacobian.device) != main
        return torch.cat(
            [
                g[main] + self.lam * remove(g[others], v, self._part).sum(0)
                for g, v in zip(blocks, references, strict=True)
            ]
        ).to(given)

    def _smooth(self, gradient: Tensor) -> Tensor:
        if self.smoothing == 1:
            return gradient
        if not len(self.reference):
            self.reference = torch.zeros_like(gradient)
        if len(self.reference) != len(gradient):
            raise ValueError(
                f"the reference has {len(self.reference)} entries and the gradient "
                f"{len(gradient)}; reset() before another model"
            )
        self.reference = self.reference.to(gradient).lerp(gradient, self.smoothing)
        return self.reference


def remove(vectors: Tensor, reference: Tensor, part: Callable[[Tensor], Tensor]) -> Tensor:
    """Vectors (A, D) without a part of their inner products with a reference (D,).

    Products are those of vectors whose largest entry is near 1: powers of two leave the digits as they are.
    """
    if not vectors.numel():
        return vectors
    reference = reference / near(reference.abs().max()).to(reference)
    sizes = near(vectors.abs().amax(1)).to(vectors)
    norm = reference @ reference
    removed = torch.where(norm > 0, part(vectors / sizes[:, None] @ reference) / norm, 0)
    return vectors - (sizes * removed)[:, None] * reference
