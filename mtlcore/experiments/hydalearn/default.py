"""HydaLearn's Table 2 and Figure 5: mortgages in default, with early repayment as auxiliary task.

Network and batch are the paper's. The preset ``paper`` is on Fannie Mae's loans, which a user brings (see
:mod:`mtlcore.data.fannie_mae`), with the paper's smaller learning rates, too. In ``laptop`` the sample of
:mod:`mtlcore.data.mortgage` stands in for them, for 5 epochs.
"""

from typing import Any

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.hydalearn._real import METHODS, RATES, grids, run

COMMON: dict[str, Any] = {
    "data": "mortgage",
    "shared": 24,
    "shared_layers": 2,
    "head": 12,
    "head_layers": 2,
    "measured": 450,
    "batch_size": 16,
    "epochs": 5,
}

OWN = COMMON | {"data": "fannie-mae", "epochs": 50}
"""Settings on the paper's own data."""

CHOSEN: dict[str, float] = {
    "SingleTask": 0.3,
    "Static(weights=(1.2308, 0.7692))": 0.3,
    "GradNorm(alpha=0.5)": 1.0,
    "CosSim": 1.0,
    "OLAux": 1.0,
    "HydaLearn(total=2.0)": 0.3,
}
"""What :func:`mtlcore.experiments.hydalearn._real.choose` finds in the rows of the choosing seed."""

PAPER = {"seed": list(range(10)), "method": METHODS, "lr": [0.001, 0.003, 0.01, *RATES]} | OWN
LAPTOP = grids(COMMON, METHODS, CHOSEN, range(1, 6))
SMOKE = {"seed": [0], "method": METHODS, "lr": 0.01} | COMMON | {"data": "synthetic-loans", "epochs": 2}


experiment = Experiment(
    name="hydalearn-default",
    title="Mortgages in default, with early repayment: AUC of six methods, weights by epoch",
    source="HydaLearn paper, Table 2 and Figure 5",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
