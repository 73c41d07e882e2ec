"""Random draws from a generator that belongs to the method, and is saved and copied with it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mtlcore.methods.base import Method


class Randomised(Method):
    """Mixin for rules that draw: the same generator state gives the same draws, and is saved with the method.

    Parameters
    ----------
    *args : Any
        Arguments of the next class.
    generator : torch.Generator, optional
        Source of the draws, on the CPU. Default: a new one, seeded from torch's global generator.
    **kwargs : Any
        Arguments of the next class.
    """

    def __init__(self, *args: Any, generator: torch.Generator | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if generator is None:
            generator = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
        self.generator = generator

    def seed(self, seed: int) -> None:
        """Start the draws anew."""
        self.generator.manual_seed(seed)

    def get_extra_state(self) -> Tensor:
        return self.generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        self.generator.set_state(state.cpu())


def orders(tasks: int, generator: torch.Generator) -> Tensor:
    """The other tasks in random order, for each of T tasks: (T, T - 1)."""
    keys = torch.rand(tasks, tasks, generator=generator, dtype=torch.float64)
    return keys.fill_diagonal_(torch.inf).argsort(1)[:, :-1]
