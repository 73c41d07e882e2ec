"""HydaLearn's weights as its paper prints them: a ratio of gains, for two tasks."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def as_printed(gains: Tensor, main: int, beta: float, downscale: bool) -> Tensor:
    """Weights (T,) in the ratio of the gains (T,) to the power beta, and of sum 1.

    HydaLearn paper, Algorithm 1, line 20, and Equations 4 and 5.

    They need not be positive, and of two harmful steps the worse gets more.

    Raises
    ------
    ValueError
        If there are more than two tasks, a negative ratio has a fractional power, or gains cancel.
    """
    if len(gains) == 1:
        return torch.ones_like(gains)
    if len(gains) != 2:
        raise ValueError(f"the printed ratio is a rule for two tasks, not {len(gains)}")
    weights, (own, other) = torch.zeros_like(gains), (gains[main].item(), gains[1 - main].item())
    if other == 0:
        weights[main] = 1
        return weights
    ratio = own / other
    if ratio < 0 and beta != int(beta):
        raise ValueError(f"the ratio of gains {ratio:.3g} has no real power {beta}")
    ratio = math.copysign(abs(ratio) ** beta, ratio if beta % 2 else 1)
    if ratio == -1:
        raise ValueError("gains of equal size and opposite sign: no weights have that ratio and sum")
    weights[main], weights[1 - main] = ratio / (1 + ratio), 1 / (1 + ratio)
    return weights * (shrink(1 / ratio) if downscale and own < 0 and other < 0 else 1)


def shrink(ratio: float) -> float:
    """Factor of the total weight when no gain is positive, from w_a / w_m (Equation 4)."""
    return 1 / (1 + math.exp(-ratio))
