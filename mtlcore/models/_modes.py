"""The training and evaluation modes of a network's modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def modes_restored(model: nn.Module) -> Iterator[None]:
    """A context after which every submodule is in the mode that it had before.

    Parameters
    ----------
    model : Module
        The network. Its modes may differ: a frozen batch normalisation in evaluation mode, say.

    Yields
    ------
    None
        The context has no value.
    """
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        # A module may do more in train() than note its mode; that the modes differ is unknown to train().
        model.train(modes[model])
        for module, mode in modes.items():
            module.training = mode
