"""What a forward pass depends on besides parameters and inputs: random numbers and buffers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Origin:
    """The state of torch's global generators and of a model's buffers when this object was made.

    Parameters
    ----------
    model : torch.nn.Module
        The model.
    """

    def __init__(self, model: nn.Module) -> None:
        self._cpu = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        self._buffers = {name: b.clone() for name, b in model.named_buffers()}

    def buffers(self) -> dict[str, torch.Tensor]:
        """Copies of the buffers, by name; what a forward pass writes into them is lost."""
        return {name: b.clone() for name, b in self._buffers.items()}

    @contextmanager
    def random_state(self) -> Iterator[None]:
        """That state of the generators for as long as the context lasts."""
        with torch.random.fork_rng(devices=range(len(self._cuda))):
            torch.set_rng_state(self._cpu)
            if self._cuda:
                torch.cuda.set_rng_state_all(self._cuda)
            yield
