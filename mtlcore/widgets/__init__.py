"""Pictures that move: in a live kernel, in Colab, and in a page with no kernel and no network."""

from mtlcore.widgets.explorer import Explorer
from mtlcore.widgets.simplex import Simplex

__all__ = ["Explorer", "Simplex"]
