"""MTRegression: the methods that came after, where the units of the losses differ and the remedy is known.

Data, network and measure are those of SLAW's Table 1, with fewer and smaller steps: 400 updates of 100
samples, 4.4 epochs. As in ``slaw-rates``, each run is tested at the update with its lowest validation loss.
Every method has its rate from one grid, chosen by the mean validation loss on seeds that are not tested. All
are on the scale of a mean but the unequal fixed weights, of which the first is 1, and STCH with the ideal
constants as preferences; Adam and the clipped norm take out most of what that does.
"""

from typing import Any

import pandas as pd

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.slaw import rates
from mtlcore.experiments.slaw._regression import IDEAL, IDEAL_CONSTANT
from mtlcore.methods import canonical

IDEAL_PREFERENCE = f"STCH(mu=0.1, preference={tuple(IDEAL.tolist())}, scale='sum')"
"""In one unit the losses are small, and so is mu. Where they are alike, these are the ideal constants."""

POWERS = {
    0: "Static",
    1: canonical(f"Static(weights={tuple(IDEAL.sqrt().tolist())})"),
    2: IDEAL_CONSTANT,
    3: canonical(f"Static(weights={tuple((IDEAL**1.5).tolist())})"),
}
"""Weights that are one over a power of the tasks' scale sigma; the ideal constants have its square."""

METHODS = [
    *POWERS.values(),
    "SLAW(scale='mean')",
    "FAMO",
    "STCH",
    IDEAL_PREFERENCE,
    "MGDA",
    "IMTLG",
    "CAGrad",
    "NashMTL",
    "AlignedMTL(scale='mean')",
    "FairGrad",
    "UPGrad",
]

RATES = [3.5e-3, 7e-3, 1.4e-2, 2.8e-2]
"""The paper's rate times 5, 10, 20 and 40: there are fewer updates."""

CHOOSING = [0, 1]
"""The seeds that choose among them."""

TESTED = [2, 3, 4, 5, 6]
"""The seeds that are tested."""

PAPER: dict[str, Any] = {
    "seed": [*CHOOSING, *TESTED],
    "lr": RATES,
    "method": METHODS,
    **rates.FIXED,
    "updates": 400,
    "evaluate_every": 40,
    "batch_size": 100,
}
"""Every rate at every seed."""

CHOSEN: dict[str, float] = dict.fromkeys(METHODS, 1.4e-2) | {"AlignedMTL(scale='mean')": 7e-3}
"""What :func:`choose` finds in the rows of the choosing seeds."""

LAPTOP = [PAPER | {"seed": CHOOSING}] + [
    PAPER | {"seed": [seed], "lr": lr, "method": method} for seed in TESTED for method, lr in CHOSEN.items()
]
"""Every rate at the choosing seeds, and the chosen rates at the others."""

SMOKE = PAPER | rates.SMALLER | {"seed": [0], "lr": RATES[0]}


def choose(rows: pd.DataFrame) -> dict[str, float]:
    """Choose the learning rate of each method by its mean validation loss on the choosing seeds.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    chosen : dict
        The learning rate by method.
    """
    rows = rows[rows["seed"].isin(CHOOSING)]
    means = rows.groupby(["method", "lr"])["validation_nl.chosen"].mean().reset_index()
    best = means.sort_values("validation_nl.chosen", kind="stable").drop_duplicates("method")
    return dict(zip(best["method"], best["lr"], strict=True))


experiment = Experiment(
    name="newer-regression",
    title="Normalised loss on MTRegression: later methods, tuned alike",
    source="none; data, network and measure are those of the SLAW paper's Table 1",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=rates.run,
)
