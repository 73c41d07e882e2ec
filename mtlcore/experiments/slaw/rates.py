"""SLAW's Table 1 with a learning rate tuned for each method.

The paper trains every method at one rate, 7e-4. Here equal weights, the ideal constants and SLAW have the
same grid of rates. The first seed chooses: the rate with the lowest normalised loss on validation samples,
drawn anew by the same law, as the paper has none. The other seeds test that rate. Each run is tested
once, at the update with its lowest validation loss.
"""

from typing import Any

import pandas as pd

from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slaw._regression import CONSTANT, IDEAL_CONSTANT, SETTINGS, SMALL, train

METHODS = [CONSTANT, IDEAL_CONSTANT, "SLAW"]

RATES = [3.5e-4, 7e-4, 1.4e-3, 2.8e-3, 5.6e-3, 1.12e-2, 2.24e-2]
"""The paper's rate times 1/2, 1, 2, 4, 8, 16 and 32."""

FIXED = {key: value for key, value in SETTINGS.items() if key not in ("lr", "figure_updates")} | {
    "validation_samples": 1_000,
    "evaluate_every": 99,
}
"""Table 1's settings without the rate; tests are fewer, to save time."""

PAPER: dict[str, Any] = {"seed": list(range(11)), "lr": RATES, "method": METHODS, **FIXED}
"""Every rate at every seed."""

CHOSEN = {CONSTANT: 1.12e-2, IDEAL_CONSTANT: 1.12e-2, "SLAW": 1.12e-2}
"""What :func:`choose` gives for the laptop's stored runs."""

LAPTOP = [PAPER | {"seed": [0], "updates": 3_300}] + [
    PAPER | {"seed": [seed], "lr": lr, "method": method, "updates": 3_300}
    for seed in (1, 2, 3)
    for method, lr in CHOSEN.items()
]
"""A third of the updates, and the fresh seeds at the chosen rates alone."""

SMALLER = {key: value for key, value in SMALL.items() if key in FIXED} | {"validation_samples": 50}
SMOKE = PAPER | {"seed": [0, 1]} | SMALLER


def run(config: Config, device: str) -> Result:
    """Train once, and test at the update with the lowest validation loss.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        That update, its normalised losses and the last test's; no curve.
    """
    tests, _ = train(config, device, ("validation", "test"))
    best = min(tests, key=lambda test: test["validation_nl"])
    row = {"best_update": best["update"]}
    for nl in ("train_nl", "validation_nl", "test_nl"):
        row |= {f"{nl}.chosen": best[nl], f"{nl}.final": tests[-1][nl]}
    return Result(row)


def choose(rows: pd.DataFrame) -> pd.Series:
    """Choose the learning rate of each method by the validation loss of the first seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    lr : Series
        Learning rate by method.
    """
    first = rows[rows["seed"] == 0].sort_values("validation_nl.chosen")
    return first.drop_duplicates("method").set_index("method")["lr"]


experiment = Experiment(
    name="slaw-rates",
    title="Normalised loss on MTRegression with a learning rate tuned for each method",
    source="SLAW paper, Table 1, with the baseline tuned as the methods",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
