"""Training: the loop, evaluation, checkpoints, optimisers."""

from mtlcore.train.fit import evaluate, fit
from mtlcore.train.optimizers import clipped

__all__ = ["clipped", "evaluate", "fit"]
