"""Pictures that move: in a live kernel, in Colab, and in a page with no kernel and no network."""

from mtlcore.widgets.explorer import Explorer
from mtlcore.widgets.moments import Moments
from mtlcore.widgets.simplex import Simplex
from mtlcore.widgets.temperature import Temperature
from mtlcore.widgets.uncertainty import Uncertainty

__all__ = ["Explorer", "Moments", "Simplex", "Temperature", "Uncertainty"]
