"""SLAW's Table 1 and Figure 1: eleven methods on ten regressions whose ideal weights are known."""

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.slaw._regression import (
    CONSTANT,
    IDEAL,
    IDEAL_CONSTANT,
    IDEAL_SUM_10,
    SETTINGS,
    SMALL,
    UNCERTAINTY,
    adam,
    batches,
    run,
    start,
)

METHODS = [
    CONSTANT,
    IDEAL_CONSTANT,
    IDEAL_SUM_10,
    UNCERTAINTY,
    "IMTLL",
    "GradNorm(alpha=0.12)",
    "DWA(pace='step')",
    "DWA",
    "PCGrad",
    "SLAW",
    "SLAW(init='zero')",
]
"""DWA with the code's moving averages and with the epochs of its own paper; SLAW with statistics that start
as in the code and as printed."""

PAPER = {"seed": list(range(10)), "method": METHODS, **SETTINGS}
LAPTOP = PAPER | {"seed": [0, 1, 2]}
SMOKE = PAPER | {"seed": [0, 1]} | SMALL

experiment = Experiment(
    name="slaw-table1",
    title="Normalised loss and weight error on MTRegression",
    source="SLAW paper, Table 1 and Figure 1",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)

__all__ = [
    "CONSTANT",
    "IDEAL",
    "IDEAL_CONSTANT",
    "IDEAL_SUM_10",
    "METHODS",
    "PAPER",
    "SMOKE",
    "adam",
    "batches",
    "experiment",
    "run",
    "start",
]
