"""SLGrad's Table 3 on CIFAR-10, last column: 20% of the labels "no airplane" become "airplane".

All but the flips is as in :mod:`mtlcore.experiments.slgrad.cifar`, the learning rates too.
"""

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.slgrad._images import SMALL, TINY, grids
from mtlcore.experiments.slgrad.cifar import CHOSEN, TABLE_5, paper, run

FLIPS = ["background"]

experiment = Experiment(
    name="slgrad-background",
    title="Photographs with background flips: eight methods",
    source="SLGrad paper, Table 3",
    presets={
        "smoke": {"seed": [0], "method": [*TABLE_5], "noise": FLIPS, "lr": 0.1} | TINY,
        "laptop": grids(SMALL, [*CHOSEN], CHOSEN, FLIPS),
        "paper": paper(FLIPS),
    },
    run=run,
)
