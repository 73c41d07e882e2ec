"""The network of a step: out of its wrapper, and looked at once for what would be left out in silence."""

from __future__ import annotations

import warnings
from itertools import chain
from weakref import WeakSet

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mtlcore.models import MultiTaskModel
from mtlcore.signals.processes import Processes

_SEEN: WeakSet[nn.Module] = WeakSet()


def unwrapped(model: nn.Module) -> tuple[MultiTaskModel, Processes]:
    """The network in a wrapper for distributed training, if there is one, and the processes that train it.

    Raises
    ------
    TypeError
        If it is neither a MultiTaskModel nor one in a DistributedDataParallel.
    """
    processes, network = Processes(), model
    if isinstance(model, DistributedDataParallel):
        network, processes = model.module, Processes(model.process_group)
    if not isinstance(network, MultiTaskModel):
        name = type(network).__name__
        hint = ""
        if name == "OptimizedModule":
            hint = (
                "; compile its parts instead: model.trunk = torch.compile(model.trunk), and the heads alike"
            )
        raise TypeError(
            f"a step needs a MultiTaskModel, or one in a DistributedDataParallel, not {name}{hint}"
        )
    if isinstance(model, DistributedDataParallel) and model.broadcast_buffers:
        with torch.no_grad():
            for buffer in network.buffers():
                buffer.copy_(processes.first(buffer))
    if network not in _SEEN:
        _SEEN.add(network)
        _look_at(network, wrapped=network is not model)
    return network, processes


def _look_at(model: MultiTaskModel, wrapped: bool) -> None:
    """Warn of what a step leaves out."""
    inside = {*model.trunk.parameters(), *model.heads.parameters()}
    outside = [n for n, p in model.named_parameters() if p.requires_grad and p not in inside]
    if outside:
        _warn(
            f"the parameters {', '.join(outside)} are neither in the trunk nor in a head, so no method "
            "trains them; put what several tasks use into the trunk"
        )
    if type(model).forward is not MultiTaskModel.forward:
        _warn(
            f"{type(model).__name__} has a forward of its own, which a step does not call: it calls "
            "features, and then outputs"
        )
    if not wrapped and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        _warn(
            "there are several processes, but this model is not in a DistributedDataParallel: each process "
            "trains a model of its own; for one model, pass the wrapped one"
        )


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=5)  # the caller of Signals


def device_of(model: nn.Module) -> torch.device:
    """Where the model is."""
    tensor = next(chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if tensor is None else tensor.device
