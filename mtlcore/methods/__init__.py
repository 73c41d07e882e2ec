"""Every method of the book, one rule a file."""

from mtlcore.methods.base import GradientBalancing, LossBalancing, Method
from mtlcore.methods.cossim import CosSim
from mtlcore.methods.pcgrad import PCGrad
from mtlcore.methods.projection import Projection
from mtlcore.methods.rgw import RGW
from mtlcore.methods.rlw import RLW
from mtlcore.methods.single_task import SingleTask
from mtlcore.methods.slaw import SLAW
from mtlcore.methods.static import Static

METHODS: dict[str, type[Method]] = {
    method.__name__: method for method in (SingleTask, Static, RLW, SLAW, PCGrad, RGW, CosSim, Projection)
}
"""The registry, in the book's order: name -> class."""

__all__ = [
    "METHODS",
    "RGW",
    "RLW",
    "SLAW",
    "CosSim",
    "GradientBalancing",
    "LossBalancing",
    "Method",
    "PCGrad",
    "Projection",
    "SingleTask",
    "Static",
]
