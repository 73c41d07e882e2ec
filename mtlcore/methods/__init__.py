"""Every method of the book, one rule a file, and the registry of them."""

# ruff: noqa: F401 - the names of METHODS are exported below
from mtlcore.methods.base import GradientBalancing, LossBalancing, Method
from mtlcore.methods.compose import Compose
from mtlcore.methods.registry import (
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
    canonical,
    describe,
    make,
)

__all__ = [
    "METHODS",
    "Compose",
    "GradientBalancing",
    "LossBalancing",
    "Method",
    "canonical",
    "describe",
    "make",
    *METHODS,
]
