"""The main regression alone, with new batches in every epoch or with the same ones in all.

Why the errors of ``projection-synthetic`` are lower than the paper's: the public code makes a new iterator of
shuffled samples in every epoch, and an iterator that starts from the same seed gives the same order. Data,
network, optimiser and early stopping are those of :mod:`mtlcore.experiments.projection.synthetic`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.projection.synthetic import SETTINGS, network
from mtlcore.tasks import Split

LAPTOP: dict[str, Any] = {"seed": list(range(6)), "batches": ["new", "same"]} | SETTINGS
SMOKE = LAPTOP | {"seed": [0], "epochs": 2}
PAPER = LAPTOP | {"seed": list(range(20))}


def run(config: Config, device: str) -> Result:
    """Train until the validation error has not fallen for ten epochs, and test the best epoch.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Mean squared errors of the best epoch on the validation and the test split; no curve.
    """
    data = load("related-regressions", inputs=config["inputs"], seed=config["data_seed"])
    train, validation, test = (split.to(device) for split in (data.train, data.validation, data.test))
    torch.manual_seed(config["seed"])
    model, order = network().to(device), torch.randperm(len(train))
    optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])

    def error(split: Split, rows: Tensor | slice = slice(None)) -> Tensor:
        batch = split.read(rows)
        return (model(batch.inputs)[0] - batch.targets[0]).square().mean()

    best, waited, epoch = {"validation_mse": np.inf}, 0, 0
    while waited < config["patience"] and epoch < config["epochs"]:
        epoch += 1
        if config["batches"] == "new":
            order = torch.randperm(len(train))
        for rows in order.split(config["batch_size"]):
            optimizer.zero_grad()
            error(train, rows).backward()
            optimizer.step()
        with torch.no_grad():
            now = error(validation).item()
            waited += 1
            if now < best["validation_mse"]:
                best, waited = {"validation_mse": now, "test_mse": error(test).item(), "best_epoch": epoch}, 0
    return Result(best)


experiment = Experiment(
    name="projection-batches",
    title="One regression with new batches in every epoch, and with the same",
    source="Projection paper, Figure 5",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
