"""HydaLearn's Figure 4: an auxiliary regression that helps, and one whose labels are chance.

Every method of the paper, with its settings (Table 6), at the paper's learning rate and at a tuned one, on
both readings of the inputs (see :mod:`mtlcore.data.hydalearn_toy`). In the preset ``laptop`` the helpful
task on moderate inputs has two methods and one seed: neither learns anything there. The preset ``paper``
trains longer, and has HydaLearn as printed: without a clamp on gains below zero, and with the best
throw-away step as the next baseline. The paper states a batch of 16 for the real data only, and no number of
epochs.
"""

from typing import Any

import pandas as pd

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.hydalearn._training import network, train
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData

METHODS = [
    "SingleTask",
    "Static(weights=(1.2, 0.8))",
    "GradNorm",
    "CosSim",
    "OLAux",
    "HydaLearn(beta=6.0, total=2.0)",
    "HydaLearn(beta=6.0, total=2.0, invalid='literal', baseline='running')",
]
"""Static's ratio of 1.5, HydaLearn's beta of 6 and OL-AUX's N of 5 are Table 6's."""

SCALED = "Static(weights=(1.0, 0.01))"
"""The auxiliary loss divided by the square of its task's scale."""

SHARED = {"helpful": [64, 64, 64, 64], "unhelpful": [40, 40]}
HEAD = {"helpful": [32], "unhelpful": [20]}

RATES = [0.01, 0.03, 0.1, 0.3, 1.0]
"""The learning rates that every method is offered; the paper's is the first."""

LENGTHS: dict[str, dict[str, Any]] = {
    "unhelpful": {"batch_size": 16, "epochs": 30, "measured": 200},
    "helpful": {"batch_size": 16, "epochs": 8, "measured": 200},
}
"""Batch, epochs and samples that HydaLearn sees in a step, of the preset ``laptop``."""

CHOOSING = 0
"""The seed whose validation error chooses the rates."""

CHOSEN: dict[tuple[str, str], tuple[float, ...]] = {
    ("unhelpful", "unit"): (0.3, 0.1, 0.3, 0.3, 0.1, 0.3),
    ("unhelpful", "moderate"): (0.3, 0.3, 0.3, 0.3, 0.3, 0.3),
    ("helpful", "unit"): (0.3, 0.03, 0.1, 0.03, 0.01, 0.01),
}
"""What it chooses, by auxiliary task and inputs, for each method in turn (see :func:`choose`)."""

TESTED = [1, 2, 3, 4, 5]
"""The seeds of the test errors at the chosen rates."""

PRINTED = {"unhelpful": TESTED, "helpful": [1, 2]}
"""The seeds at the paper's rate, on standard normal inputs. There seed 0 counts, too: it chose nothing that
is tested."""


def _grid(seeds: list[int], auxiliary: str, scale: str, **settings: Any) -> dict[str, Any]:
    return {"seed": seeds, "auxiliary": auxiliary, "scale": scale} | settings | LENGTHS[auxiliary]


LAPTOP = [
    *(_grid([CHOOSING], *example, method=METHODS[:-1], lr=RATES) for example in CHOSEN),
    _grid([CHOOSING], "helpful", "moderate", method=METHODS[:2], lr=RATES),
    *(
        _grid([seed], *example, method=method, lr=rate)
        for seed in TESTED
        for example, rates in CHOSEN.items()
        for method, rate in zip(METHODS, rates, strict=False)
    ),
    *(
        _grid(seeds, auxiliary, "unit", method=method, lr=RATES[0])
        for auxiliary, seeds in PRINTED.items()
        for method, rate in zip(METHODS, CHOSEN[auxiliary, "unit"], strict=False)
        if rate != RATES[0]
    ),
    _grid(TESTED, "unhelpful", "unit", method=METHODS[5], lr=0.3, trial=RATES[0]),
    _grid([CHOOSING, *TESTED], "unhelpful", "unit", method=METHODS[0], lr=2 * RATES[0]),
    _grid([CHOOSING, *TESTED], "helpful", "unit", method=SCALED, lr=0.3),
]
"""Every rate at the choosing seed, the chosen ones at the tested seeds; on standard normal inputs the paper's
rate there, too. With the useless task also HydaLearn with throw-away steps as short as the paper's, and the
single task at twice the paper's rate, as HydaLearn's weights sum to 2; with the helpful one its loss scaled,
at the single task's rate."""

PAPER = [
    {
        "seed": list(range(10)),
        "auxiliary": auxiliary,
        "scale": ["unit", "moderate"],
        "method": METHODS,
        "lr": RATES,
    }
    | {"batch_size": 16, "epochs": epochs, "measured": measured}
    for auxiliary, epochs, measured in (("unhelpful", 300, 200), ("helpful", 60, 2_000))
]
SMOKE = [
    {"seed": [0], "auxiliary": auxiliary, "scale": "unit", "method": METHODS, "lr": 0.01, "batch_size": 16}
    | {"epochs": 2, "measured": 20, "train": 64, "validation": 40, "test": 40}
    for auxiliary in ("unhelpful", "helpful")
]


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
    """Make the data of the seed, and the paper's network.

    Parameters
    ----------
    config : dict
        The configuration.

    Returns
    -------
    data : MultiTaskData
        The two regressions.
    model : MultiTaskModel
        The network.
    """
    names = ("auxiliary", "scale", "seed", "train", "validation", "test")
    data = load("hydalearn-toy", **{name: config[name] for name in names if name in config})
    auxiliary = config["auxiliary"]
    return data, network(data.train.read(slice(0, 1)), SHARED[auxiliary], HEAD[auxiliary])


def run(config: Config, device: str) -> Result:
    """Train once, and test after every epoch.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        As :func:`mtlcore.experiments.hydalearn._training.train`, with the mean absolute error.
    """
    return train(start, config, device)


def choose(rows: pd.DataFrame) -> dict[tuple[str, str], tuple[float, ...]]:
    """Choose the rate of each method by its validation error at the choosing seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    chosen : dict from (str, str) to tuple of float
        By auxiliary task and inputs, the learning rate of each method in turn.
    """
    tried = rows[(rows["seed"] == CHOOSING) & rows["lr"].isin(RATES)]
    ordered = tried.sort_values("validation.best", kind="stable")
    best = ordered.groupby(["auxiliary", "scale", "method"], sort=False)["lr"].first().sort_index()
    return {example: tuple(best[example][METHODS[:-1]]) for example in CHOSEN}


def at_chosen_rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Select the tested runs at the chosen rates, with throw-away steps as long as the rate.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    rows : DataFrame
        Those of the tested seeds.
    """
    chosen = {
        (*example, method): rate
        for example, rates in CHOSEN.items()
        for method, rate in zip(METHODS, rates, strict=False)
    }
    keys = rows[["auxiliary", "scale", "method"]].apply(tuple, axis=1)
    return rows[(rows["lr"] == keys.map(chosen)) & rows["seed"].isin(TESTED) & rows["trial"].isna()]


experiment = Experiment(
    name="hydalearn-toy",
    title="A helpful and a useless auxiliary task: error and weights of seven methods",
    source="HydaLearn paper, Figure 4",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
