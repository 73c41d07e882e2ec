"""SLGrad's Table 2 and Figures 2, 5 (toy) and 6: two regressions with noise on their training labels.

The data are those of the paper's text and those of the public code (see :mod:`mtlcore.data.slgrad_toy`). The
paper chooses learning rate, batch size and numbers of layers for each method (its Table 4); the preset
``paper`` has such a grid. The preset ``laptop`` has one network and one batch size for all, from the middle
of that grid, and chooses each method's learning rate by the validation loss of one seed, at 40% noise as in
the text. The paper states neither the number of epochs nor the size of the validation batch; the public code
has 100, and all 200 samples. SGD has no momentum, as in the paper's Equation 2.
"""

from itertools import pairwise
from typing import Any

import pandas as pd
from torch import Tensor, nn

from mtlcore.data import load
from mtlcore.data.slgrad_toy import INPUTS, noisy_labels
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slgrad._training import train
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData

PRINTED = ["Static", "OLAux", "PCGrad", "CAGrad", "CosSim", "GradNorm", "RLW", "SLGrad"]
"""The methods of Table 2, in its order."""

AHEAD = "SLGrad(lookahead=1.0)"
"""Its throw-away step is as long as the learning rate."""

COSINE = "SLGrad(similarity='cosine')"

COMPARED = ["SingleTask", *PRINTED]

RATES = [0.01, 0.03, 0.1]
"""The learning rates that every method is offered: the two of Table 4, and one between them."""

CHOOSING = 0
"""The seed whose validation loss chooses the rates."""

CHOSEN = dict(zip(COMPARED, (0.1, 0.1, 0.1, 0.1, 0.1, 0.03, 0.1, 0.1, 0.03), strict=True))
"""What it chooses (see :func:`choose`)."""

SETTINGS: dict[str, Any] = {
    "epochs": 30,
    "batch_size": 64,
    "shared": 3,
    "head": 2,
    "measured": 200,
    "every": 5,
}


TESTED = [
    ("text", [0.4], list(range(1, 11)), [*COMPARED, AHEAD]),
    ("text", [0.7], [1, 2, 3], [*COMPARED, AHEAD]),
    ("text", [0.0], [1, 2, 3], COMPARED),
    ("code", [0.4], [1, 2, 3], COMPARED),
]
"""Reading of the data, noise, seeds and methods. With a look-ahead SLGrad keeps its learning rate."""

LAPTOP = [
    {"seed": [CHOOSING], "reading": "text", "noise": 0.4, "method": COMPARED, "lr": RATES} | SETTINGS,
    *(
        {"seed": [seed], "reading": reading, "noise": noise, "method": [method]}
        | {"lr": CHOSEN["SLGrad" if method == AHEAD else method]}
        | SETTINGS
        for reading, levels, seeds, methods in TESTED
        for seed in seeds
        for noise in levels
        for method in methods
    ),
]
PAPER = {
    "seed": [0, 1, 2],
    "reading": ["text", "code"],
    "noise": [0.0, 0.4, 0.7],
    "method": [*COMPARED, AHEAD, COSINE],
    "lr": [0.01, 0.1],
    "epochs": 100,
    "batch_size": [32, 64],
    "shared": [2, 3, 4],
    "head": [1, 2, 3, 4],
    "measured": 200,
    "every": 5,
}
SMOKE = (
    {"seed": [0], "reading": ["text", "code"], "noise": 0.4, "method": [*COMPARED, AHEAD, COSINE], "lr": 0.1}
    | SETTINGS
    | {"epochs": 2, "train": 64, "validation": 20, "test": 20}
)


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel, Tensor]:
    """Make the data of the seed, and the paper's network.

    Parameters
    ----------
    config : dict
        The configuration: ``seed``, ``reading``, ``noise``, the numbers ``shared`` and ``head`` of hidden
        layers, and perhaps the sizes ``train``, ``validation`` and ``test``.

    Returns
    -------
    data : MultiTaskData
        The two regressions.
    model : MultiTaskModel
        Shared layers of 64 units, and layers of 32 in each head, each followed by ReLU.
    noisy : Tensor of bool, shape (2, train)
        Which training labels are noisy.
    """
    names = ("reading", "noise", "seed", "train", "validation", "test")
    data = load("slgrad-toy", **{name: config[name] for name in names if name in config})
    noisy = noisy_labels(noise=config["noise"], train=len(data.train), seed=config["seed"])

    def hidden(widths: list[int]) -> list[nn.Module]:
        return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]

    trunk = nn.Sequential(*hidden([INPUTS] + [64] * config["shared"]))
    heads = [nn.Sequential(*hidden([64] + [32] * config["head"]), nn.Linear(32, 1)) for _ in data.tasks]
    return data, MultiTaskModel(trunk, heads), noisy


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
        As :func:`mtlcore.experiments.slgrad._training.train`, with the squared error of the main task; and
        the error on the test split of two constants, the mean of the clean validation labels and zero.
    """
    result = train(start, config, device)
    data, _, _ = start(config)
    held, test = data.validation.targets[0], data.test.targets[0]
    constants = {
        "test_mse.mean": float((test - held.mean()).square().mean()),
        "test_mse.zero": float(test.square().mean()),
    }
    return Result(result.row | constants, result.curve)


def choose(rows: pd.DataFrame) -> dict[str, float]:
    """Choose the rate of each method by its validation loss at the choosing seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    chosen : dict from str to float
        The learning rate by method.
    """
    here = rows[rows["seed"] == CHOOSING].sort_values("validation_loss.best", kind="stable")
    best = here.drop_duplicates("method").set_index("method")["lr"]
    return {method: float(best[method]) for method in COMPARED}


experiment = Experiment(
    name="slgrad-toy",
    title="Two regressions with noisy labels: error and weights of ten methods",
    source="SLGrad paper, Table 2 and Figures 2, 5 and 6",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
