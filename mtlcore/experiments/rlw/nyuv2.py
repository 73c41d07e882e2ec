"""The random-weighting paper on NYUv2: Tables 1, 4 and 5, Figures 2 and 3.

Settings: Section 5.2. The number of epochs is the public code's (the paper gives none); the code's
schedule of learning rates is not in the paper and not here. Δp comes from the rows: see
:func:`mtlcore.experiments.vision.improvement`.
"""

from functools import partial

from mtlcore.data.nyuv2 import CLASSES
from mtlcore.experiments import vision as pictures
from mtlcore.experiments.engine.experiment import Config, Experiment
from mtlcore.experiments.rlw.pos import RANDOM
from mtlcore.experiments.vision import FIFTEEN
from mtlcore.models import MultiTaskModel, cross_stitch, deeplab, mtan, nddr
from mtlcore.tasks.batch import MultiTaskData

PAIRS = [
    f"Compose({losses}, {gradients})"
    for gradients in pictures.GRADIENTS
    for losses in ("UW", "DWA", "IMTLL", "RLW(scale='sum')")
]
"""Table 4, but for its first row and column, which are in Table 1: a loss-balancing method, on the scale of a
sum, and then a gradient-balancing one."""

WITH_CAGRAD = "Compose(RLW(scale='sum'), CAGrad)"

ARCHITECTURES = {"hps": deeplab, "cross-stitch": cross_stitch, "mtan": mtan, "nddr-cnn": nddr}
"""Table 5. "HPS", hard parameter sharing, is that of all other tables."""

TABLE_1 = {
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
TABLE_4 = TABLE_1 | {"method": PAIRS}
TABLE_5 = TABLE_1 | {
    "method": ["Static", "CAGrad", "RLW", WITH_CAGRAD],
    "architecture": ["cross-stitch", "mtan", "nddr-cnn"],
}
FIGURE_2 = (
    TABLE_1 | {"seed": list(range(8)), "method": [name for name in RANDOM if name != "RLW"]},
    TABLE_1 | {"seed": list(range(3, 8)), "method": ["Static", "RLW"]},
)
"""Eight runs a distribution."""

FEW = ["Static", "RLW", "CAGrad", "RGW", WITH_CAGRAD]
LAPTOP = TABLE_1 | {
    "method": FEW,
    "height": 72,
    "width": 96,
    "epochs": 20,
    "depth": 18,
    "head_channels": 64,
    "weights": "resnet18-f37072fd.pth",
}
SOME_PAIRS = ["Compose(UW, CAGrad)", "Compose(RLW(scale='sum'), MGDA(level='features'))"]
SMOKE = (
    TABLE_1 | pictures.TINY | {"seed": [0], "method": [*FIFTEEN, RANDOM[0], *SOME_PAIRS]},
    TABLE_5 | pictures.TINY | {"seed": [0], "method": ["Static", WITH_CAGRAD]},
)


def start(config: Config, classes: int = CLASSES) -> tuple[MultiTaskData, MultiTaskModel]:
    """The data and the network, with a head for each of its tasks."""
    data = pictures.data_of(config, "height", "width", "validation")
    model = ARCHITECTURES[config["architecture"]](
        (classes, 1, 3)[: len(data.tasks)],
        depth=config["depth"],
        width=config["channels"],
        head_width=config["head_channels"],
        weights=pictures.weights_of(config),
    )
    return data, model


experiment = Experiment(
    name="rlw-nyuv2",
    title="Segmentation, depth and surface normals of rooms",
    source="random-weighting paper, Tables 1, 4 and 5, Figures 2 and 3",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": (TABLE_1, TABLE_4, TABLE_5, *FIGURE_2)},
    run=partial(pictures.run, start),
)
