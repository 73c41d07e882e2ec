"""The tested core of Balancing Acts, an executable book on multi-task optimisation."""

from importlib.metadata import version

from mtlcore import models
from mtlcore.data import load
from mtlcore.experiments import reported, results
from mtlcore.methods import (
    DWA,
    IMTLG,
    IMTLL,
    METHODS,
    MGDA,
    MOML,
    RGW,
    RLW,
    SLAW,
    UW,
    CAGrad,
    Compose,
    CosSim,
    GradDrop,
    GradNorm,
    GradVac,
    HydaLearn,
    OLAux,
    Orthogonal,
    PCGrad,
    Projection,
    RotoGrad,
    SingleTask,
    SLGrad,
    Static,
)
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks.batch import Batch, MultiTaskData, Split
from mtlcore.tasks.task import Task, delta_p
from mtlcore.train.fit import evaluate, fit

__version__ = version("mtlcore")

__all__ = [
    "DWA",
    "IMTLG",
    "IMTLL",
    "METHODS",
    "MGDA",
    "MOML",
    "RGW",
    "RLW",
    "SLAW",
    "UW",
    "Batch",
    "CAGrad",
    "Compose",
    "CosSim",
    "GradDrop",
    "GradNorm",
    "GradVac",
    "HydaLearn",
    "MultiTaskData",
    "MultiTaskModel",
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
    "delta_p",
    "evaluate",
    "fit",
    "load",
    "models",
    "reported",
    "results",
]
