"""Networks and settings that the random-weighting paper's tables on NYUv2 and CityScapes share."""

from mtlcore.experiments import vision
from mtlcore.experiments.engine.experiment import Config
from mtlcore.experiments.rlw._methods import FIFTEEN
from mtlcore.models import MultiTaskModel, cross_stitch, deeplab, mtan, nddr
from mtlcore.tasks import MultiTaskData

ARCHITECTURES = {"hps": deeplab, "cross-stitch": cross_stitch, "mtan": mtan, "nddr-cnn": nddr}
"""Table 5. "HPS", hard parameter sharing, is that of all other tables."""

PAPER = {
    "seed": [0, 1, 2],
    "method": FIFTEEN,
    "architecture": "hps",
    "data": "nyuv2",
    "height": 288,
    "width": 384,
    "validation": 95,
    "epochs": 200,
    "batch_size": 8,
    "lr": 1e-4,
    "eps": 1e-8,
    "weight_decay": 1e-5,
    "max_norm": None,
    "depth": 50,
    "channels": 64,
    "head_channels": 256,
    "weights": "resnet50-0676ba61.pth",
}
LAPTOP = PAPER | {
    "height": 72,
    "width": 96,
    "epochs": 20,
    "depth": 18,
    "head_channels": 64,
    "weights": "resnet18-f37072fd.pth",
}


def start(config: Config, classes: int) -> tuple[MultiTaskData, MultiTaskModel]:
    """Make the data and the network, with a head for each task.

    Parameters
    ----------
    config : dict
        The configuration.
    classes : int
        Number of classes of the segmentation.

    Returns
    -------
    data : MultiTaskData
        The data.
    model : MultiTaskModel
        The network.
    """
    data = vision.data_of(config, "height", "width", "validation")
    model = ARCHITECTURES[config["architecture"]](
        (classes, 1, 3)[: len(data.tasks)],
        depth=config["depth"],
        width=config["channels"],
        head_width=config["head_channels"],
        weights=vision.weights_of(config),
    )
    return data, model
