"""Methods of other libraries, where they are installed: torchjd, and LibMTL's weighting classes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtlcore.bench.problem import Problem

Backward = Callable[[], dict[str, int] | None]
"""A function that fills the gradients, and may return numbers of passes by kind."""

TORCHJD: dict[str, dict[str, Any]] = {
    "PCGrad": {},
    "CAGrad": {"c": 0.4},
    "MGDA": {},
    "IMTLG": {},
    "GradVac": {},
}
LIBMTL: dict[str, tuple[str, dict[str, Any]]] = {
    "PCGrad": ("PCGrad", {}),
    "CAGrad": ("CAGrad", {"calpha": 0.4, "rescale": 1}),
    "MGDA": ("MGDA", {"mgda_gn": "none"}),
    "IMTLG": ("IMTL", {}),
    "GradVac": ("GradVac", {"beta": 0.5}),
    "GradNorm": ("GradNorm", {"alpha": 1.5}),
}
PEERS = (
    *(f"{method} by torchjd autojac" for method in TORCHJD),
    *(f"{method} by torchjd autogram" for method in TORCHJD),
    *(f"{method} by LibMTL" for method in LIBMTL),
)
"""Our name of the method, then the library: torchjd's Jacobian engine, its Gramian engine, or LibMTL."""


def installed(name: str) -> bool:
    """Return whether the library of a step is installed.

    Parameters
    ----------
    name : str
        One of :data:`PEERS`.

    Returns
    -------
    found : bool
        The library is not imported.
    """
    return find_spec(_library(name)) is not None


def backward(name: str, on: Problem) -> tuple[Backward, Iterable[Tensor]]:
    """Make the function that fills the gradients with another library.

    Parameters
    ----------
    name : str
        One of :data:`PEERS`.
    on : Problem
        Network and data.

    Returns
    -------
    backward : callable
        It fills the gradients of all parameters.
    learnable : iterable of Tensor
        Parameters of the method, for the optimiser.

    Raises
    ------
    ImportError
        If the library is not installed.
    """
    if not installed(name):
        raise ImportError(f"{_library(name)} is not installed")
    method, _, library = name.partition(" by ")
    if library == "LibMTL":
        return _libmtl(method, on)
    return (_autojac if library.endswith("autojac") else _autogram)(method, on), ()


def _library(name: str) -> str:
    return name.partition(" by ")[2].split()[0]


def _autojac(method: str, on: Problem) -> Backward:
    """torchjd's Jacobian engine: row by row on a CPU, all rows at once elsewhere, whichever is faster."""
    autojac, aggregation = import_module("torchjd.autojac"), import_module("torchjd.aggregation")
    aggregator = getattr(aggregation, method)(**TORCHJD[method])
    shared = list(on.model.shared_parameters())
    rows_at_once = 1 if shared[0].device.type == "cpu" else None

    def backward() -> None:
        features = on.model.trunk(on.batch.inputs)
        losses = on.losses(features)
        autojac.mtl_backward(losses, features=features, parallel_chunk_size=rows_at_once)
        autojac.jac_to_grad(shared, aggregator, optimize_gramian_computation=True)

    return backward


def _autogram(method: str, on: Problem) -> Backward:
    """torchjd's Gramian engine: Gramian, weights, and a backward pass that weights the heads as well."""
    autogram, aggregation = import_module("torchjd.autogram"), import_module("torchjd.aggregation")
    weighting = getattr(aggregation, f"{method}Weighting")(**TORCHJD[method])
    engine = autogram.Engine(on.model.trunk, batch_dim=None)

    def backward() -> None:
        losses = torch.stack(on.losses(on.model.trunk(on.batch.inputs)))
        losses.backward(weighting(engine.compute_gramian(losses)))

    return backward


def _libmtl(method: str, on: Problem) -> tuple[Backward, Iterable[Tensor]]:
    """A weighting class of LibMTL, with the attributes that LibMTL's trainer sets, in the second epoch."""
    kind, options = LIBMTL[method]
    weighting = getattr(_weighting_classes(), kind)()
    trunk, tasks = on.model.trunk, len(on.tasks)
    weighting.task_num, weighting.device, weighting.rep_grad = tasks, on.batch.targets[0].device, False
    weighting.epoch, weighting.train_loss_buffer = 1, np.ones((tasks, 2))
    weighting.get_share_params = trunk.parameters
    weighting.zero_grad_share_params = lambda: trunk.zero_grad(set_to_none=False)
    weighting.init_param()

    def backward() -> None:
        weighting.backward(torch.stack(on.losses(trunk(on.batch.inputs))), **options)

    return backward, weighting.parameters()


def _weighting_classes() -> ModuleType:
    """Import LibMTL.weighting without LibMTL, which imports parts of torchvision that no longer exist."""
    if "LibMTL" not in sys.modules:
        spec = find_spec("LibMTL")
        assert spec is not None
        sys.modules["LibMTL"] = module_from_spec(spec)
    return import_module("LibMTL.weighting")
