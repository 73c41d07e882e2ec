"""The family of methods that hold auxiliary gradients against a reference vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mtlcore.methods._surgery import GradientSurgery, Per, check_per
from mtlcore.methods.auxiliary._family import Auxiliary
from mtlcore.methods.base import check_jacobian, check_main


class ReferenceProjection(GradientSurgery, Auxiliary):
    r"""Rules that take a part of every auxiliary gradient's component along a reference v out of it.

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\text{part}(\langle g_a, v\rangle)}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Parameters
    ----------
    main, lam : main task and weight of the auxiliary ones, defaults 0 and 1.
    per : "whole" (default) takes one inner product over all shared parameters; "variable" one for
        each tensor of them.
    smoothing : alpha, the weight of the current main gradient in the reference v; 1 (default) is no memory.
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
        self.register_buffer("reference", torch.zeros(0))

    def _part(self, products: Tensor) -> Tensor:
        """What is to go of the inner products with v."""
        raise NotImplementedError

    def rule(self, gramian: Tensor) -> Tensor:
        main = check_main(self.main, len(gramian))
        others = torch.arange(len(gramian), device=gramian.device) != main
        norm = gramian[main, main]
        removed = torch.where(norm > 0, self._part(gramian[main, others]).sum() / norm, 0)
        return self._weigh(torch.ones_like(gramian[main]), 1 - self.lam * removed)

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Update direction, (T, D) -> (D,).

        ``sizes`` are the numbers of entries of the variables, for ``per="variable"``.
        """
        jacobian = check_jacobian(jacobian)
        main = check_main(self.main, len(jacobian))
        blocks = self._split(jacobian, sizes)
        references = self._split(self._smooth(jacobian[main]), sizes)
        others = torch.arange(len(jacobian), device=jacobian.device) != main
        return torch.cat(
            [
                g[main] + self.lam * remove(g[others], v, self._part).sum(0)
                for g, v in zip(blocks, references, strict=True)
            ]
        )

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

    def reset(self) -> None:
        self.reference = self.reference.new_zeros(0)


def remove(vectors: Tensor, reference: Tensor, part: Callable[[Tensor], Tensor]) -> Tensor:
    """Vectors (A, D) without a part of their inner products with a reference (D,)."""
    norm = reference @ reference
    removed = torch.where(norm > 0, part(vectors @ reference) / norm, 0)
    return vectors - removed[:, None] * reference
