"""HydaLearn's Figure 4: an auxiliary regression that helps, and one whose labels are chance.

Every method of the paper, with its settings (Table 6), at the paper's learning rate and at a tuned one. The
preset ``laptop`` has the useless task, on standard normal inputs; ``paper`` has both tasks on both readings
of the inputs (see :mod:`mtlcore.data.hydalearn_toy`), and HydaLearn as printed: without a clamp on gains
below zero, and with the best throw-away step as the next baseline. The paper states a batch of 16 for the
real data only, and no number of epochs.
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

SHARED = {"helpful": [64, 64, 64, 64], "unhelpful": [40, 40]}
HEAD = {"helpful": [32], "unhelpful": [20]}

RATES = [0.01, 0.03, 0.1, 0.3]
"""The learning rates that every method is offered; the paper's is the first."""

CHOOSING = 0
"""The seed whose validation error chooses the rates."""

CHOSEN = dict(zip(METHODS, (0.3, 0.1, 0.3, 0.3, 0.1, 0.3), strict=False))
"""What it chooses (see :func:`choose`)."""

TESTED = [1, 2, 3]
"""The seeds of the test errors at the chosen rate."""

PRINTED = [1, 2]
"""The seeds at the paper's rate. There seed 0 counts, too: it chose nothing that is tested."""

USELESS: dict[str, Any] = {"auxiliary": "unhelpful", "scale": "unit"}
SETTINGS: dict[str, Any] = {"batch_size": 16, "epochs": 30, "measured": 200}

LAPTOP = [
    {"seed": [CHOOSING]} | USELESS | {"method": METHODS[:-1], "lr": RATES} | SETTINGS,
    {"seed": PRINTED} | USELESS | {"method": METHODS[:-1], "lr": RATES[0]} | SETTINGS,
    *(
        {"seed": [seed]} | USELESS | {"method": [method], "lr": [rate]} | SETTINGS
        for seed in TESTED
        for method, rate in CHOSEN.items()
    ),
    {"seed": TESTED}
    | USELESS
    | {"method": METHODS[5], "lr": CHOSEN[METHODS[5]], "trial": RATES[0]}
    | SETTINGS,
]
"""Every rate at the choosing seed, the paper's rate at two others, the chosen ones at the tested seeds; there
also HydaLearn with throw-away steps as short as the paper's."""

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


def choose(rows: pd.DataFrame) -> dict[str, float]:
    """Choose the rate of each method by its validation error at the choosing seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    chosen : dict from str to float
        The learning rate by method.
    """
    here = rows[rows["seed"] == CHOOSING]
    best = here.sort_values("validation.best", kind="stable").drop_duplicates("method").set_index("method")
    return {method: best["lr"][method] for method in METHODS[:-1]}


experiment = Experiment(
    name="hydalearn-toy",
    title="A helpful and a useless auxiliary task: error and weights of seven methods",
    source="HydaLearn paper, Figure 4",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
