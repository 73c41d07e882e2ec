"""Signals of one training step: losses, task gradients and what is computed from them, and ``.grad``."""

from mtlcore.signals.lookahead import Metric
from mtlcore.signals.signals import Signals
from mtlcore.signals.step import Level, NonFiniteError, check_level
from mtlcore.signals.trunk import Passes

__all__ = ["Level", "Metric", "NonFiniteError", "Passes", "Signals", "check_level"]
