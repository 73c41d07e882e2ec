"""Training: the loop, evaluation, checkpoints, optimisers."""

from mtlcore.train.evaluate import evaluate
from mtlcore.train.fit import fit
from mtlcore.train.optimizers import clipped

__all__ = ["clipped", "evaluate", "fit"]
