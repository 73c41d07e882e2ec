"""The random-weighting paper's Table 6: fifteen methods on CityScapes. Settings: Appendix C.1."""

from functools import partial

from mtlcore.data.cityscapes import CLASSES
from mtlcore.experiments import vision
from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.rlw import _scenes

STREETS = {"data": "cityscapes", "height": 128, "width": 256, "validation": 475, "batch_size": 64}
PAPER = _scenes.PAPER | STREETS
LAPTOP = (
    _scenes.LAPTOP
    | STREETS
    | {"method": ["Static", "RLW", "CAGrad", "RGW"], "height": 64, "width": 128, "epochs": 10}
)
SMOKE = (
    PAPER | vision.TINY | {"seed": [0], "method": ["Static", "RLW", "CAGrad"], "data": "synthetic-streets"}
)

experiment = Experiment(
    name="rlw-cityscapes",
    title="Segmentation and inverse depth of streets",
    source="random-weighting paper, Table 6",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=partial(vision.run, partial(_scenes.start, classes=CLASSES)),
)
