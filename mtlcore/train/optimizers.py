"""Gradient clipping for optimisers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

MakeOptimizer = Callable[[Iterable[Any]], Optimizer]


def clipped(make_optimizer: MakeOptimizer, max_norm: float) -> MakeOptimizer:
    """Make optimisers that first shorten the gradient of all their parameters to ``max_norm``.

    The norm is that of one vector of all the gradients, a method's own parameters included. For
    :func:`mtlcore.fit`:
    ``optimizer=clipped(partial(torch.optim.Adam, lr=7e-4), max_norm=0.5)``.

    Raises
    ------
    ValueError : ``max_norm`` is not above zero.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be above zero, not {max_norm}")

    def make(parameters: Iterable[Any]) -> Optimizer:
        optimizer = make_optimizer(parameters)
        optimizer.register_step_pre_hook(_clip)
        return optimizer

    def _clip(optimizer: Optimizer, *_: Any) -> None:
        clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], max_norm)

    return make
