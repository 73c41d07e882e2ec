"""Two digits in one image: a network for each task, against one network for both.

Each task alone, and both together with equal weights, as mean and as sum of the losses: under plain gradient
descent the sum is a step twice as long. So every contestant has its learning rate from the same grid, chosen
by validation accuracy on seeds that are not tested. The rate falls to zero along a cosine, and the network
of the last epoch is tested. The seed governs initial weights, order of the samples, and the pairs of images
in all three splits.

No paper has this experiment: here the preset ``paper`` is the whole grid, every rate at every seed, of which
``laptop`` is the part that the chapter needs.
"""

from functools import partial
from typing import Any

import pandas as pd
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import train_and_test
from mtlcore.models import MultiTaskModel, lenet
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

ALONE = ["SingleTask", "SingleTask(main=1)"]
"""The top-left and the bottom-right digit alone."""

TOGETHER = ["Static", "Static(scale='sum')"]

PAPER: dict[str, Any] = {
    "seed": list(range(12)),
    "method": [*ALONE, *TOGETHER],
    "lr": [0.1, 0.2, 0.4, 0.8, 1.6],
    "train": 4000,
    "epochs": 20,
    "batch_size": 64,
}
"""Every rate at every seed."""

CHOOSING = [0, 1]
"""The seeds that choose the learning rates."""

CHOSEN = {"SingleTask": 0.8, "SingleTask(main=1)": 0.4, "Static": 0.8}
"""What they choose on validation images. The sum's 0.4 is left out: it is the mean's 0.8, bit for bit."""

LAPTOP = [PAPER | {"seed": CHOOSING}] + [
    PAPER | {"seed": seed, "method": method, "lr": lr}
    for seed in range(2, 12)
    for method, lr in CHOSEN.items()
]
"""Every rate at the choosing seeds, and the chosen rates at ten others."""

SMOKE = PAPER | {"seed": [0, 2], "lr": [0.1, 0.2], "train": 200, "epochs": 1}


def run(config: Config, device: str) -> Result:
    """Train once, and test the tasks that were trained.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The accuracy on validation and on test images of each task that was trained; no curve.
    """
    trained = [ALONE.index(config["method"])] if config["method"] in ALONE else [0, 1]

    def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
        data = load("digits", train=config["train"], seed=config["seed"])
        return data, lenet(size=11, kernels=(3, 3))

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name in ("validation", "test"):
            found = evaluate(model, getattr(data, name), data.tasks)
            row |= {
                f"{name}_accuracy.{task.name}": found[f"accuracy.{task.name}"] if i in trained else None
                for i, task in enumerate(data.tasks)
            }
        return row

    return train_and_test(
        config,
        device,
        start,
        test=test,
        curve=lambda history, data: history.iloc[:0],
        optimizer=partial(torch.optim.SGD, lr=config["lr"]),
        scheduler=partial(CosineAnnealingLR, T_max=config["epochs"]),
    )


def choose(rows: pd.DataFrame) -> pd.Series:
    """Choose the learning rate of each contestant by its validation accuracy on the choosing seeds.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of this experiment.

    Returns
    -------
    lr : Series
        Learning rate by method.
    """
    choosing = rows[rows["seed"].isin(CHOOSING)]
    accuracy = choosing.filter(like="validation_accuracy.").mean(axis=1)
    means = accuracy.groupby([choosing["method"], choosing["lr"]]).mean().sort_values(ascending=False)
    return means.reset_index().drop_duplicates("method").set_index("method")["lr"]


experiment = Experiment(
    name="together-or-alone",
    title="Two digits: a network for each task, against one for both",
    source="none; the question of the first chapter",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
