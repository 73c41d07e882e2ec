"""Methods that compare auxiliary gradients with a reference: the main gradient, or its moving average."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtlcore.methods._surgery import GradientSurgery, Per, check_per
from mtlcore.methods.auxiliary._family import Auxiliary
from mtlcore.methods.base import check_jacobian, check_main
from mtlcore.signals.step import at_least_single
from mtlcore.signals.trunk import near


class Referenced(GradientSurgery, Auxiliary):
    r"""Rules that change every auxiliary gradient by its inner product with a reference v.

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad d = g_m + \lambda \sum_a G(g_a, v)

    A subclass writes ``_changed``, and ``rule`` for the whole gradient without memory.

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

    def _changed(self, vectors: Tensor, reference: Tensor) -> Tensor:
        """G of auxiliary gradients (A, D) and a reference (D,)."""
        raise NotImplementedError

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
                g[main] + self.lam * self._changed(g[others], v).sum(0)
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


class ReferenceProjection(Referenced):
    r"""Rules that take a part of every auxiliary gradient's component along the reference out of it.

    .. math:: G(g_a, v) = g_a - \frac{\text{part}(\langle g_a, v\rangle)}{\|v\|^2} v
    """

    def _part(self, products: Tensor) -> Tensor:
        """The part of the inner products with v that is removed."""
        raise NotImplementedError

    def rule(self, gramian: Tensor) -> Tensor:
        main = check_main(self.main, len(gramian))
        others = torch.arange(len(gramian), device=gramian.device) != main
        norm = gramian[main, main]
        removed = torch.where(norm > 0, self._part(gramian[main, others]).sum() / norm, 0)
        return self._weigh(torch.ones_like(gramian[main]), 1 - self.lam * removed)

    def _changed(self, vectors: Tensor, reference: Tensor) -> Tensor:
        (scaled, sizes), (v, _) = in_range(vectors), in_range(reference)
        norm = v @ v
        removed = torch.where(norm > 0, self._part(scaled @ v) / norm, 0)
        return vectors - sizes * removed[:, None] * v


def in_range(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (..., D) with a largest entry near 1, and their sizes (..., 1), which are powers of two."""
    if not vectors.shape[-1]:
        return vectors, vectors.new_ones(*vectors.shape[:-1], 1)
    sizes = near(vectors.abs().amax(-1, keepdim=True)).to(vectors)
    return vectors / sizes, sizes
