"""Projection: censor what an auxiliary gradient does against the main one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from mtlcore.methods.auxiliary import Auxiliary
from mtlcore.methods.base import Signals, check_jacobian, check_main


class Projection(Auxiliary):
    r"""Project auxiliary gradients on the half-space that does not harm the main task (Projection paper,
    Algorithms 1 and 2).

    .. math:: v \leftarrow \alpha g_m + (1-\alpha) v, \qquad
              G_a = g_a - \frac{\min(\langle g_a, v\rangle, 0)}{\|v\|^2} v, \qquad
              d = g_m + \lambda \sum_a G_a

    Algorithm 2 of the paper prints the opposite sign of G; the authors' notebooks use this one.

    Parameters
    ----------
    main, lam : main task and weight of the auxiliary ones, defaults 0 and 1.
    per : "whole" (default) takes one inner product over all shared parameters; "variable" one for
        each tensor of them.
    smoothing : alpha, the weight of the current main gradient in the reference v; 1 (default) is no
        memory, the paper also uses 0.01.

    Where v is zero nothing is censored.

    Cost: 1 forward, T backward. State: v, as long as the shared parameters, when smoothed.
    """

    reference: Tensor

    def __init__(
        self,
        main: int = 0,
        lam: float = 1.0,
        per: Literal["whole", "variable"] = "whole",
        smoothing: float = 1.0,
    ) -> None:
        super().__init__(main, lam)
        if per not in ("whole", "variable"):
            raise ValueError(f"per is 'whole' or 'variable', not {per!r}")
        if not 0 < smoothing <= 1:
            raise ValueError(f"smoothing lies in (0, 1], not {smoothing}")
        self.per, self.smoothing = per, smoothing
        self.sees = "gramian" if per == "whole" and smoothing == 1 else "jacobian"
        self.register_buffer("reference", torch.zeros(0))

    def _rule(self, gramian: Tensor) -> Tensor:
        if self.sees == "jacobian":
            raise ValueError("weights need per='whole' and smoothing=1; otherwise use direction(jacobian)")
        main = check_main(self.main, len(gramian))
        against = gramian[main].clamp(max=0).sum()
        norm = gramian[main, main]
        removed = torch.where(norm > 0, against / norm, 0)
        return self._weigh(torch.ones_like(gramian[main]), 1 - self.lam * removed)

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Censored update direction, (T, D) -> (D,).

        ``sizes`` are the numbers of entries of the variables, for ``per="variable"``.
        """
        jacobian = check_jacobian(jacobian)
        main = check_main(self.main, len(jacobian))
        if self.per == "whole":
            sizes = [jacobian.shape[1]]
        elif sizes is None or sum(sizes) != jacobian.shape[1]:
            raise ValueError("per='variable' needs the sizes of the variables, which sum to D")
        reference = self._smooth(jacobian[main])
        others = torch.arange(len(jacobian), device=jacobian.device) != main
        blocks = zip(jacobian.split(list(sizes), 1), reference.split(list(sizes)), strict=True)
        return torch.cat([g[main] + self.lam * censor(g[others], v).sum(0) for g, v in blocks])

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

    def backward(self, signals: Signals) -> Tensor | None:
        """Fill the gradients; the weights come back where this is a weighting (whole, unsmoothed)."""
        if self.sees == "gramian":
            return super().backward(signals)
        signals.apply(self.direction(signals.jacobian(), signals.sizes))
        return None

    def reset(self) -> None:
        self.reference = self.reference.new_zeros(0)

    def extra_repr(self) -> str:
        return f"main={self.main}, lam={self.lam}, per={self.per!r}, smoothing={self.smoothing}"


def censor(vectors: Tensor, reference: Tensor) -> Tensor:
    """Nearest points, (A, D), of vectors (A, D) in the half-space along the reference (D,)."""
    against = (vectors @ reference).clamp(max=0)
    norm = reference @ reference
    return vectors - torch.where(norm > 0, against / norm, 0)[:, None] * reference
