"""The tested core of Balancing Acts, an executable book on multi-task optimisation."""

from importlib.metadata import version

from mtlcore import models
from mtlcore.batch import Batch, MultiTaskData, Split
from mtlcore.data import load
from mtlcore.experiments import results
from mtlcore.methods import (
    METHODS,
    RGW,
    RLW,
    SLAW,
    CosSim,
    PCGrad,
    Projection,
    SingleTask,
    Static,
)
from mtlcore.metrics import Task, delta_p
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.train import evaluate, fit

__version__ = version("mtlcore")

__all__ = [
    "METHODS",
    "RGW",
    "RLW",
    "SLAW",
    "Batch",
    "CosSim",
    "MultiTaskData",
    "MultiTaskModel",
    "PCGrad",
    "Projection",
    "Signals",
    "SingleTask",
    "Split",
    "Static",
    "Task",
    "delta_p",
    "evaluate",
    "fit",
    "load",
    "models",
    "results",
]
