"""Every method of the book, one rule a file."""

import difflib

from mtlcore.methods.auxiliary.cossim import CosSim
from mtlcore.methods.auxiliary.hydalearn import HydaLearn
from mtlcore.methods.auxiliary.olaux import OLAux
from mtlcore.methods.auxiliary.orthogonal import Orthogonal
from mtlcore.methods.auxiliary.projection import Projection
from mtlcore.methods.base import GradientBalancing, LossBalancing, Method
from mtlcore.methods.compose import Compose
from mtlcore.methods.gradients.cagrad import CAGrad
from mtlcore.methods.gradients.graddrop import GradDrop
from mtlcore.methods.gradients.gradvac import GradVac
from mtlcore.methods.gradients.imtlg import IMTLG
from mtlcore.methods.gradients.mgda import MGDA
from mtlcore.methods.gradients.pcgrad import PCGrad
from mtlcore.methods.gradients.rgw import RGW
from mtlcore.methods.gradients.rotograd import RotoGrad
from mtlcore.methods.losses.dwa import DWA
from mtlcore.methods.losses.gradnorm import GradNorm
from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.moml import MOML
from mtlcore.methods.losses.rlw import RLW
from mtlcore.methods.losses.single_task import SingleTask
from mtlcore.methods.losses.slaw import SLAW
from mtlcore.methods.losses.static import Static
from mtlcore.methods.losses.uw import UW
from mtlcore.methods.samples.slgrad import SLGrad


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
