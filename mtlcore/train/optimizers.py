"""Gradient clipping for optimisers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

MakeOptimizer = Callable[[Iterable[Any]], Optimizer]
"""Makes an optimiser of parameters or groups of parameters, such as ``partial(torch.optim.SGD, lr=0.1)``."""


def clipped(make_optimizer: MakeOptimizer, max_norm: float) -> MakeOptimizer:
    """Make optimisers that clip the norm of the gradient before each step.

    Parameters
    ----------
    make_optimizer : callable ``(parameters) -> Optimizer``
        Makes the optimiser.
    max_norm : float
        The largest norm of the vector of all gradients, a method's own parameters included. A longer gradient
        is scaled down to it.

    Returns
    -------
    make : callable ``(parameters) -> Optimizer``
        For the argument ``optimizer`` of :func:`mtlcore.fit`.

    Raises
    ------
    ValueError
        If ``max_norm`` is not above zero.

    Examples
    --------
    >>> from functools import partial
    >>> from mtlcore.train import clipped
    >>> make = clipped(partial(torch.optim.SGD, lr=1.0), max_norm=0.5)
    >>> p = torch.nn.Parameter(torch.zeros(2))
    >>> optimizer, p.grad = make([p]), torch.tensor([3.0, 4.0])
    >>> optimizer.step()
    >>> p.detach()
    tensor([-0.3000, -0.4000])
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be above zero, not {max_norm}")

    def make(parameters: Iterable[Any]) -> Optimizer:
        optimizer = make_optimizer(parameters)
        optimizer.register_step_pre_hook(ClipGradients(max_norm))
        return optimizer

    return make


@dataclass(frozen=True)
class ClipGradients:
    """A hook before an optimiser's step; a dataclass, so that a checkpoint can record its norm.

    Parameters
    ----------
    max_norm : float
        The largest norm of the vector of all gradients.
    """

    max_norm: float

    def __call__(self, optimizer: Optimizer, *_: Any) -> None:
        """Scale the gradients of all the optimiser's parameters down, in place."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        clip_grad_norm_(parameters, self.max_norm)
