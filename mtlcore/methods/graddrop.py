"""Gradient sign dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Generator, Tensor

from mtlcore.methods.base import Scale, check_jacobian
from mtlcore.methods.randomness import Randomised
from mtlcore.methods.surgery import GradientSurgery


class GradDrop(Randomised, GradientSurgery):
    r"""In every entry of the gradient keep one sign, drawn by its share (Chen et al. 2020, Algorithm 1).

    .. math:: P_k = \frac12\Big(1 + \frac{\sum_i g_{ik}}{\sum_i |g_{ik}|}\Big), \quad U_k \sim U(0, 1), \quad
              d_k = \sum_i \big(\ell_i + (1 - \ell_i) M_{ik}\big) g_{ik}

    where M lets positive entries through if :math:`U_k < P_k`, and negative ones otherwise. With one leak
    for all tasks the mean over U is the plain sum. The paper draws at the shared representation; here, as
    in most public code, it is at the shared parameters.

    Parameters
    ----------
    leak : l, the share of a gradient that always passes, in [0, 1]: one number (default 0) or T.
    scale : "sum" (default, as published) or "mean".
    generator : source of U.

    Where all entries are zero, so is d.

    Cost: 1 forward, T backward.

    Raises
    ------
    ValueError : a leak outside [0, 1], or leaks and tasks of different number; weights are asked for.
    """

    published: ClassVar[Scale] = "sum"

    def __init__(
        self,
        leak: float | Sequence[float] = 0.0,
        scale: Scale | None = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(scale=scale, generator=generator)
        if not all(0 <= share <= 1 for share in torch.tensor(leak).flatten().tolist()):
            raise ValueError(f"a leak lies in [0, 1], not {leak}")
        self.leak = leak

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Update direction, (T, D) -> (D,), from one draw for each of the D entries."""
        gradients = check_jacobian(jacobian)
        gradients = gradients.to(torch.promote_types(gradients.dtype, torch.float32))
        leak = gradients.new_tensor(self.leak).flatten()
        if len(leak) not in (1, len(gradients)):
            raise ValueError(f"{len(leak)} leaks for {len(gradients)} tasks")
        uniform = torch.rand(gradients.shape[1], generator=self.generator, dtype=gradients.dtype)
        dropped = drop(gradients, uniform.to(gradients.device), leak.expand(len(gradients)))
        return (dropped / len(gradients) if self.scale == "mean" else dropped).to(jacobian)

    def extra_repr(self) -> str:
        return f"leak={self.leak}, scale={self.scale!r}"


def drop(gradients: Tensor, uniform: Tensor, leak: Tensor) -> Tensor:
    """Sum over the tasks, (T, D) -> (D,), of what uniform draws (D,) and leaks (T,) let through."""
    rising, falling = gradients.clamp(min=0), gradients.clamp(max=0)
    size = rising.sum(0) - falling.sum(0)
    purity = torch.where(size > 0, rising.sum(0) / size, 0.5)
    return leak @ gradients + torch.where(uniform < purity, (1 - leak) @ rising, (1 - leak) @ falling)
