"""Every method of the book, one rule a file."""

import difflib

from mtlcore.methods.base import GradientBalancing, LossBalancing, Method
from mtlcore.methods.cagrad import CAGrad
from mtlcore.methods.compose import Compose
from mtlcore.methods.cossim import CosSim
from mtlcore.methods.dwa import DWA
from mtlcore.methods.graddrop import GradDrop
from mtlcore.methods.gradnorm import GradNorm
from mtlcore.methods.gradvac import GradVac
from mtlcore.methods.hydalearn import HydaLearn
from mtlcore.methods.imtlg import IMTLG
from mtlcore.methods.imtll import IMTLL
from mtlcore.methods.mgda import MGDA
from mtlcore.methods.moml import MOML
from mtlcore.methods.olaux import OLAux
from mtlcore.methods.orthogonal import Orthogonal
from mtlcore.methods.pcgrad import PCGrad
from mtlcore.methods.projection import Projection
from mtlcore.methods.rgw import RGW
from mtlcore.methods.rlw import RLW
from mtlcore.methods.rotograd import RotoGrad
from mtlcore.methods.single_task import SingleTask
from mtlcore.methods.slaw import SLAW
from mtlcore.methods.slgrad import SLGrad
from mtlcore.methods.static import Static
from mtlcore.methods.uw import UW


class Registry(dict[str, type[Method]]):
    """Methods by name; a name that is not there is a ValueError with the nearest ones."""

    def __missing__(self, name: str) -> type[Method]:
        near = difflib.get_close_matches(name, self, cutoff=0.4) or list(self)
        raise ValueError(f"there is no method called {name!r}; nearest: {', '.join(near)}")


METHODS = Registry(
    (method.__name__, method)
    for method in (
        *(SingleTask, Static, UW, DWA, IMTLL, MOML, RLW, SLAW),
        *(MGDA, GradNorm, PCGrad, GradDrop, IMTLG, GradVac, CAGrad, RotoGrad, RGW),
        *(CosSim, Orthogonal, Projection, OLAux, HydaLearn),
        SLGrad,
    )
)
"""The registry, in the book's order: name -> class."""

__all__ = [
    "METHODS",
    "Compose",
    "GradientBalancing",
    "LossBalancing",
    "Method",
    *METHODS,
]
