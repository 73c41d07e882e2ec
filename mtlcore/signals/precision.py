"""Low precision: autocast as it was where the signals were made, and a loss scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.amp.grad_scaler import GradScaler


class Precision:
    """In what precision the forward passes of a step run, and by what their losses are scaled.

    Parameters
    ----------
    device : torch.device
        Where the network is.
    scaler : torch.amp.GradScaler, optional
        Scales the losses, so that gradients in float16 do not underflow.
    """

    def __init__(self, device: torch.device, scaler: GradScaler | None) -> None:
        self.kind = device.type
        self.enabled = torch.is_autocast_enabled(self.kind)
        self.dtype = torch.get_autocast_dtype(self.kind)
        self.scaler = scaler
        self.scale: Tensor | None = None
        if scaler is not None and scaler.is_enabled():
            self.scale = scaler.scale(torch.ones((), device=device))

    @contextmanager
    def forward(self) -> Iterator[None]:
        """Autocast as it was when this object was made."""
        with torch.autocast(self.kind, dtype=self.dtype, enabled=self.enabled):
            yield

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """No use of an autocast cache, which may hold parameters as they were before the optimiser's step."""
        with torch.autocast(self.kind, enabled=False, cache_enabled=False):
            yield
