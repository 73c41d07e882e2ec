"""Networks: a shared trunk and one head a task."""

from mtlcore.models.lenet import lenet
from mtlcore.models.mlp import mlp
from mtlcore.models.multitask import MultiTaskModel

__all__ = ["MultiTaskModel", "lenet", "mlp"]
