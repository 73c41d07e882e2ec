"""The questions of the random-weighting paper's Figures 2 and 3, on treebanks instead of NYUv2 and CelebA.

Figure 2: is RLW better than EW whatever distribution its weights are drawn from? Figure 3: does it learn as
fast? Data, network and settings are those of the tagging problem at laptop size; the curves are those of the
validation split.
"""

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.rlw import _languages
from mtlcore.experiments.rlw._methods import RANDOM

METHODS = ["Static", *RANDOM]

experiment = Experiment(
    name="rlw-distributions",
    title="Equal weights and random weights of five distributions",
    source="random-weighting paper, Figures 2 and 3, on other data",
    presets={
        "smoke": _languages.SMOKE | {"method": METHODS},
        "laptop": _languages.LAPTOP | {"seed": [0, 1, 2, 3, 4], "method": METHODS},
        "paper": _languages.TAGS | {"method": METHODS},
    },
    run=_languages.run,
)
