"""The tested core of Balancing Acts, an executable book on multi-task optimisation.

``import mtlcore`` needs torch and numpy. What needs more is loaded when it is first used: ``fit``, ``load``,
``reported``, ``results``, and the packages ``analysis``, ``bench``, ``book``, ``data`` and ``experiments``.
"""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mtlcore import methods, models, signals, tasks, train
from mtlcore._optional import needed_by
from mtlcore.methods import (
    DWA,
    FAMO,
    IMTLG,
    IMTLL,
    METHODS,
    MGDA,
    MOML,
    RGW,
    RLW,
    SLAW,
    STCH,
    UW,
    AlignedMTL,
    CAGrad,
    Compose,
    CosSim,
    FairGrad,
    GradDrop,
    GradNorm,
    GradVac,
    HydaLearn,
    NashMTL,
    OLAux,
    Orthogonal,
    PCGrad,
    Projection,
    RotoGrad,
    SingleTask,
    SLGrad,
    Static,
    UPGrad,
)
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, Metrics, MultiTaskData, Split, Task, delta_p
from mtlcore.train import evaluate, fit

if TYPE_CHECKING:
    from mtlcore.data import load
    from mtlcore.experiments import reported, results

__version__ = version("mtlcore")

_LATER = {"load": "data", "reported": "experiments", "results": "experiments"}
_PACKAGES = {
    "analysis": "data",
    "bench": "experiments",
    "book": "book",
    "data": "data",
    "experiments": "experiments",
}
"""Packages that are loaded on first use, and the extra that each needs."""


def __getattr__(name: str) -> Any:
    """Load on first use what needs more than torch and numpy."""
    if name in _PACKAGES:
        return _package(name)
    if name in _LATER:
        return getattr(_package(_LATER[name]), name)
    raise AttributeError(f"module 'mtlcore' has no attribute {name!r}")


def _package(name: str) -> ModuleType:
    with needed_by(f"mtlcore.{name}", _PACKAGES[name]):
        return import_module(f"mtlcore.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})


__all__ = [
    "DWA",
    "FAMO",
    "IMTLG",
    "IMTLL",
    "METHODS",
    "MGDA",
    "MOML",
    "RGW",
    "RLW",
    "SLAW",
    "STCH",
    "UW",
    "AlignedMTL",
    "Batch",
    "CAGrad",
    "Compose",
    "CosSim",
    "FairGrad",
    "GradDrop",
    "GradNorm",
    "GradVac",
    "HydaLearn",
    "Metrics",
    "MultiTaskData",
    "MultiTaskModel",
    "NashMTL",
    "OLAux",
    "Orthogonal",
    "PCGrad",
    "Projection",
    "RotoGrad",
    "SLGrad",
    "Signals",
    "SingleTask",
    "Split",
    "Static",
    "Task",
    "UPGrad",
    "delta_p",
    "evaluate",
    "fit",
    "load",
    "methods",
    "models",
    "reported",
    "results",
    "signals",
    "tasks",
    "train",
]
