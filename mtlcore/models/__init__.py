"""Networks: a shared trunk and one head a task."""

from mtlcore.models.lenet import lenet
from mtlcore.models.mlp import mlp
from mtlcore.models.multitask import MultiTaskModel
from mtlcore.models.resnet import resnet

__all__ = ["MultiTaskModel", "lenet", "mlp", "resnet"]
