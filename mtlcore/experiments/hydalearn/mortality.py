"""HydaLearn's Table 1: deaths in intensive care, with the length of the stay as auxiliary task.

Network and batch are the paper's. The preset ``paper`` is on MIMIC-III, which a user brings (see
:mod:`mtlcore.data.mimic3`), with two values of each method's own setting, and the paper's smaller learning
rates, too. In ``laptop`` PhysioNet 2012 stands in for it (:mod:`mtlcore.data.physionet2012`), for 5 epochs,
with one value.
"""

from typing import Any

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.hydalearn._real import FIRST, METHODS, RATES, grids, run

COMMON: dict[str, Any] = {
    "data": "physionet2012",
    "shared": 48,
    "shared_layers": 4,
    "head": 24,
    "head_layers": 2,
    "measured": 400,
    "batch_size": 16,
    "epochs": 5,
}

OWN = COMMON | {"data": "mimic3-mortality", "epochs": 50}
"""Settings on the paper's own data."""

CHOSEN: dict[str, float] = {
    "SingleTask": 0.3,
    "Static(weights=(1.2308, 0.7692))": 0.3,
    "GradNorm": 0.1,
    "CosSim": 0.3,
    "OLAux": 0.3,
    "HydaLearn(beta=3.0, total=2.0)": 0.1,
}
"""What :func:`mtlcore.experiments.hydalearn._real.choose` finds in the rows of the choosing seed."""

PAPER = {"seed": list(range(10)), "method": METHODS, "lr": [0.001, 0.003, 0.01, *RATES]} | OWN
LAPTOP = grids(COMMON, FIRST, CHOSEN, range(1, 6))
SMOKE = {"seed": [0], "method": METHODS, "lr": 0.01} | COMMON | {"data": "synthetic-loans", "epochs": 2}


experiment = Experiment(
    name="hydalearn-mortality",
    title="Deaths in intensive care, with the length of the stay: AUC of six methods",
    source="HydaLearn paper, Table 1",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
