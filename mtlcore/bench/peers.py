"""The same work by other libraries, where they are installed: torchjd, and LibMTL's weighting classes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from mtlcore.bench.steps import Problem

Backward = Callable[[], dict[str, int] | None]

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
    *(f"{rule} by torchjd autojac" for rule in TORCHJD),
    *(f"{rule} by torchjd autogram" for rule in TORCHJD),
    *(f"{rule} by LibMTL" for rule in LIBMTL),
)
"""Our name of the rule, then whose: torchjd's Jacobian engine, its Gramian engine, or LibMTL."""


def installed(name: str) -> bool:
    """Whether the library of one of :data:`PEERS` is here."""
    return find_spec(_library(name)) is not None


def backward(name: str, on: Problem) -> tuple[Backward, Iterable[Tensor]]:
    """What fills the gradients in the way of one of :data:`PEERS`, and the parameters that it learns.

    Raises ImportError if its library is not here.
    """
    if not installed(name):
        raise ImportError(f"{_library(name)} is not installed")
    rule, _, whose = name.partition(" by ")
    if whose == "LibMTL":
        return _libmtl(rule, on)
    return (_autojac if whose.endswith("autojac") else _autogram)(rule, on), ()


def _library(name: str) -> str:
    return name.partition(" by ")[2].split()[0]


def _autojac(rule: str, on: Problem) -> Backward:
    """Jacobian, aggregation, gradient; row by row on a CPU and all rows at once elsewhere: the faster way."""
    autojac, aggregation = import_module("torchjd.autojac"), import_module("torchjd.aggregation")
    aggregator = getattr(aggregation, rule)(**TORCHJD[rule])
    shared = list(on.model.shared_parameters())
    rows_at_once = 1 if shared[0].device.type == "cpu" else None

    def backward() -> None:
        features = on.model.trunk(on.batch.inputs)
        losses = on.losses(features)
        autojac.mtl_backward(losses, features=features, parallel_chunk_size=rows_at_once)
        autojac.jac_to_grad(shared, aggregator, optimize_gramian_computation=True)

    return backward


def _autogram(rule: str, on: Problem) -> Backward:
    """Gramian, weights, one weighted backward pass, which weights the heads as well."""
    autogram, aggregation = import_module("torchjd.autogram"), import_module("torchjd.aggregation")
    weighting = getattr(aggregation, f"{rule}Weighting")(**TORCHJD[rule])
    engine = autogram.Engine(on.model.trunk, batch_dim=None)

    def backward() -> None:
        losses = torch.stack(on.losses(on.model.trunk(on.batch.inputs)))
        losses.backward(weighting(engine.compute_gramian(losses)))

    return backward


def _libmtl(rule: str, on: Problem) -> tuple[Backward, Iterable[Tensor]]:
    """A weighting class with what LibMTL's trainer would give it, in the second epoch."""
    kind, options = LIBMTL[rule]
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
    """LibMTL.weighting alone: the package around it imports parts of torchvision that are no more."""
    if "LibMTL" not in sys.modules:
        spec = find_spec("LibMTL")
        assert spec is not None
        sys.modules["LibMTL"] = module_from_spec(spec)
    return import_module("LibMTL.weighting")
