"""Two digits: the methods that came after, against fixed weights that are tuned as they are.

Network, data, rates and choosing seeds are those of ``rlw-combinations``. More seeds are tested, because the
differences are small. All contestants are on the scale of a mean: with equal gradients the update of the
shared parameters is their mean. The preset ``paper`` is the whole grid, every rate at every seed, of which
``laptop`` is the part that the chapter needs.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from mtlcore.experiments import two_digits
from mtlcore.experiments.engine.experiment import Experiment

FIXED = ["Static" if w == 5 else f"Static(weights=({w / 10}, {(10 - w) / 10}))" for w in range(1, 10)]
"""Weights of the first task from 0.1 to 0.9; 0.5 is equal weighting."""

FAMILIES = {
    "nine fixed weights": FIXED,
    "three fixed weights": FIXED[2:7:2],
    "FairGrad": ["FairGrad(alpha=0.5)", "FairGrad", "FairGrad(alpha=5.0)"],
    "STCH": ["STCH(mu=0.1)", "STCH(mu=0.3)", "STCH"],
}
"""Contestants of which validation chooses one, by :func:`best`.

At an excess of one loss over the other by 0.2, the three mu give it 0.88, 0.66 and 0.55 of the weight.
"""

METHODS = [
    "FAMO",
    *FAMILIES["STCH"],
    "MGDA",
    "IMTLG",
    "CAGrad",
    "NashMTL",
    "AlignedMTL(scale='mean')",
    *FAMILIES["FairGrad"],
    "UPGrad",
]

CONTESTANTS = [*FIXED, *METHODS]

TESTED = [*range(2, 20)]
"""The seeds that are tested."""

PAPER: dict[str, Any] = {
    "seed": [*two_digits.CHOOSING, *TESTED],
    "method": CONTESTANTS,
    "lr": two_digits.RATES,
    "architecture": "hps",
    **two_digits.COMMON,
}
"""Every rate at every seed."""

CHOSEN: dict[str, float] = dict.fromkeys(CONTESTANTS, 0.01) | {
    "Static(weights=(0.2, 0.8))": 0.02,
    "MGDA": 0.02,
}
"""What :func:`mtlcore.experiments.two_digits.choose` finds in the rows of the choosing seeds."""

LAPTOP = [PAPER | {"seed": two_digits.CHOOSING}, *two_digits.tested(PAPER, ["method"], CHOSEN, TESTED)]
"""Every rate at the choosing seeds, and the chosen rates at the others."""

SMOKE = PAPER | two_digits.TINY | {"seed": [0]}


def best(rows: pd.DataFrame, family: Sequence[str]) -> str:
    """Choose a contestant of a family by its mean validation accuracy on the choosing seeds.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.
    family : sequence of str
        The contestants, each of them at every rate.

    Returns
    -------
    method : str
        The one that at one of the rates is the best of all.
    """
    rows = rows[rows["seed"].isin(two_digits.CHOOSING) & rows["method"].isin(family)]
    method, _ = rows.groupby(["method", "lr"], sort=False)["validation_accuracy.mean"].mean().idxmax()
    return str(method)


experiment = Experiment(
    name="newer-digits",
    title="Two digits: later methods and fixed weights, tuned alike",
    source="none; the question is that of Kurin et al. 2022, Xin et al. 2022 and Royer et al. 2023",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=two_digits.run,
)
