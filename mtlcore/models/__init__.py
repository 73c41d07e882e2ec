"""Networks with a shared trunk and one head per task."""

from mtlcore.models.backbone import classifier
from mtlcore.models.bert import bert
from mtlcore.models.binary_lenet import binary_lenet
from mtlcore.models.dense_nets import branches, deeplab
from mtlcore.models.face import face_net
from mtlcore.models.lenet import lenet
from mtlcore.models.lenet_sharing import lenet_cross_stitch, lenet_mtan, lenet_nddr
from mtlcore.models.mlp import mlp
from mtlcore.models.multitask import MultiTaskModel
from mtlcore.models.resnet import resnet
from mtlcore.models.soft_sharing import cross_stitch, mtan, nddr
from mtlcore.models.tagger import tagger
from mtlcore.models.word_sets import word_sets

__all__ = [
    "MultiTaskModel",
    "bert",
    "binary_lenet",
    "branches",
    "classifier",
    "cross_stitch",
    "deeplab",
    "face_net",
    "lenet",
    "lenet_cross_stitch",
    "lenet_mtan",
    "lenet_nddr",
    "mlp",
    "mtan",
    "nddr",
    "resnet",
    "tagger",
    "word_sets",
]
