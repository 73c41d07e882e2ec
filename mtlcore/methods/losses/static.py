"""Fixed weights: equal weighting, and any other constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from mtlcore.methods.base import LossBalancing, Scale


class Static(LossBalancing):
    """Weight the losses by constants; by default by equal ones.

    Parameters
    ----------
    weights : sequence of float, optional
        T constants, used as they are. Default: equal weights.
    scale : {"sum", "mean"}, default "mean"
        Of equal weights only: 1/T each ("mean", as the random-weighting paper's text has it), or 1 each
        ("sum", as SLAW's paper and the public code of both have it).

    Raises
    ------
    ValueError
        If a constant is not finite, a scale stands beside constants, or constants and losses differ in
        number.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    References
    ----------
    Random-weighting paper, Equation 1.

    Examples
    --------
    >>> losses = torch.tensor([2.0, 5.0])
    >>> mtl.Static().weights(losses)
    tensor([0.5000, 0.5000])
    >>> mtl.Static([1.0, 0.1]).weights(losses)
    tensor([1.0000, 0.1000])
    """

    published: ClassVar[Scale] = "mean"
    per_task: ClassVar[tuple[str, ...]] = ("constants",)

    def __init__(self, weights: Sequence[float] | None = None, *, scale: Scale | None = None) -> None:
        if weights is not None and scale is not None:
            raise ValueError("constants are used as they are: give weights or a scale, not both")
        super().__init__(scale=scale)
        self.constants = None if weights is None else tuple(float(w) for w in weights)
        if self.constants is not None and not torch.tensor(self.constants).isfinite().all():
            raise ValueError(f"weights must be finite, not {self.constants}")

    def get_params(self) -> dict[str, Any]:
        """The arguments; constants are stored under another name, since ``weights`` is a method."""
        return {"weights": self.constants, "scale": self.scale if self.constants is None else None}

    def rule(self, losses: Tensor) -> Tensor:
        constants = self._of_tasks("constants", len(losses))
        if constants is None:
            return torch.full_like(losses, 1 / len(losses))
        return losses.new_tensor(constants)
