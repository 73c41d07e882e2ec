"""The random-weighting paper on NYUv2: Tables 1, 4 and 5, Figures 2 and 3.

Settings: Section 5.2. The number of epochs is the public code's (the paper gives none); the code's
schedule of learning rates is not in the paper and not here. Δp comes from the rows: see
:func:`mtlcore.analysis.improvement.improvement`.
"""

from functools import partial

from mtlcore.data.nyuv2 import CLASSES
from mtlcore.experiments import vision
from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.rlw import _scenes
from mtlcore.experiments.rlw._methods import AT_FEATURES, FIFTEEN, RANDOM

PAIRS = [
    f"Compose({losses}, {gradients})"
    for gradients in AT_FEATURES
    for losses in ("UW", "DWA", "IMTLL", "RLW(scale='sum')")
]
"""Table 4, but for its first row and column, which are in Table 1: a loss-balancing method, on the scale of a
sum, and then a gradient-balancing one."""

WITH_CAGRAD = "Compose(RLW(scale='sum'), CAGrad)"

TABLE_1 = _scenes.PAPER
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
LAPTOP = _scenes.LAPTOP | {"method": FEW}
SOME_PAIRS = ["Compose(UW, CAGrad)", "Compose(RLW(scale='sum'), MGDA(level='features'))"]
SMOKE = (
    TABLE_1 | vision.TINY | {"seed": [0], "method": [*FIFTEEN, RANDOM[0], *SOME_PAIRS]},
    TABLE_5 | vision.TINY | {"seed": [0], "method": ["Static", WITH_CAGRAD]},
)


experiment = Experiment(
    name="rlw-nyuv2",
    title="Segmentation, depth and surface normals of rooms",
    source="random-weighting paper, Tables 1, 4 and 5, Figures 2 and 3",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": (TABLE_1, TABLE_4, TABLE_5, *FIGURE_2)},
    run=partial(vision.run, partial(_scenes.start, classes=CLASSES)),
)
