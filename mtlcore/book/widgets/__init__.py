"""Interactive figures that work in a live kernel, in Colab, and in a page with no kernel and no network."""

from mtlcore.book.widgets.ball import Ball
from mtlcore.book.widgets.circle import Circle
from mtlcore.book.widgets.compromise import Compromise
from mtlcore.book.widgets.coordinates import Coordinates
from mtlcore.book.widgets.descent import Descent
from mtlcore.book.widgets.explorer import Explorer
from mtlcore.book.widgets.fairness import Fairness
from mtlcore.book.widgets.gramian import Gramian
from mtlcore.book.widgets.lag import Lag
from mtlcore.book.widgets.landscape import Landscape
from mtlcore.book.widgets.moments import Moments
from mtlcore.book.widgets.orders import Orders
from mtlcore.book.widgets.pair import Pair
from mtlcore.book.widgets.rebound import Rebound
from mtlcore.book.widgets.samples import Samples
from mtlcore.book.widgets.simplex import Simplex
from mtlcore.book.widgets.temperature import Temperature
from mtlcore.book.widgets.trial import Trial
from mtlcore.book.widgets.uncertainty import Uncertainty
from mtlcore.book.widgets.weight import WeightSlider

__all__ = [
    "Ball",
    "Circle",
    "Compromise",
    "Coordinates",
    "Descent",
    "Explorer",
    "Fairness",
    "Gramian",
    "Lag",
    "Landscape",
    "Moments",
    "Orders",
    "Pair",
    "Rebound",
    "Samples",
    "Simplex",
    "Temperature",
    "Trial",
    "Uncertainty",
    "WeightSlider",
]
