"""What the papers' tables on pictures share: one training, every number of every task, Δp.

Every method keeps the epoch with the smallest mean validation loss, and the test set is read once,
there. (The papers' public code keeps the best of all tests.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mtlcore.analysis.summary import summarise
from mtlcore.data import load
from mtlcore.data.manual_files import ManualFolder
from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.methods._stand_in import make
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData, delta_p
from mtlcore.tasks.dense import depth, normals, segmentation
from mtlcore.train import evaluate, fit
from mtlcore.train.optimizers import MakeOptimizer, clipped

Start = Callable[[Config], tuple[MultiTaskData, MultiTaskModel]]

LOSSES = ["Static", "UW", "DWA", "IMTLL", "MOML", "RLW"]
GRADIENTS = [
    *("MGDA(level='features')", "GradNorm", "PCGrad", "GradDrop", "IMTLG", "GradVac", "CAGrad"),
    *("RotoGrad", "RGW"),
]
FIFTEEN = [*LOSSES, *GRADIENTS]
"""The methods of the random-weighting paper's Tables 1, 6, 7 and 8. UW has one form for all losses, as in the
public code; MGDA is its upper bound, MGDA-UB."""

NUMBERS = {
    f"{number}.{task.name}": up
    for task in (segmentation(1), depth(), normals())
    for number, up in task.metrics.higher_is_better.items()
}
"""The numbers of NYUv2 and CityScapes, and whether higher is better."""

TINY = {
    "data": "synthetic-rooms",
    "height": 16,
    "width": 16,
    "validation": 8,
    "epochs": 2,
    "batch_size": 8,
    "lr": 1e-2,
    "depth": 18,
    "channels": 4,
    "head_channels": 4,
    "weights": None,
}
"""The settings of made scenes at smoke size."""

WEIGHTS = "https://download.pytorch.org/models"


def data_of(config: Config, *options: str, **others: Any) -> MultiTaskData:
    """The data set that ``data`` names, with these settings as its options; the last one is kept."""
    return _load(config["data"], **{name: config[name] for name in options}, **others)


_load = lru_cache(maxsize=1)(load)  # reading a data set takes minutes, and the next run wants the same one


def weights_of(config: Config) -> Path | None:
    """The file of pre-trained weights that ``weights`` names, in the cache's folder imagenet; None for none.

    Raises
    ------
    FileNotFoundError
        The file is not there.
    """
    name = config["weights"]
    if name is None:
        return None
    return Path(str(ManualFolder("imagenet", name, f"{WEIGHTS}/{name}").find()))


def run(start: Start, config: Config, device: str) -> Result:
    """Train once and test at the chosen epoch.

    ``start`` makes the data and, from torch's own randomness, the network. ``test_NUMBER.TASK`` are the
    numbers of the test set, ``test_NUMBER.mean`` their mean where every task has that number;
    ``step_seconds`` is the median over the epochs. One row of the curve an epoch: training loss, validation
    loss and each metric, as means over the tasks that have it.
    """
    torch.manual_seed(config["seed"])
    data, model = start(config)
    adam: MakeOptimizer = partial(
        torch.optim.Adam, lr=config["lr"], weight_decay=config["weight_decay"], eps=config["eps"]
    )
    history = fit(
        model,
        data,
        make(config["method"]),
        optimizer=adam if config["max_norm"] is None else clipped(adam, config["max_norm"]),
        epochs=config["epochs"],
        batch_size=config["batch_size"],
        seed=config["seed"],
        device=device,
        patience=config["epochs"],
        progress=False,
    )
    curve = history[["epoch"]].assign(
        train_loss=history.filter(like="train_loss.").mean(axis=1),
        validation_loss=history.filter(like="validation_loss.").mean(axis=1),
    )
    for metric in dict.fromkeys(task.main for task in data.tasks):
        curve[f"validation_{metric}"] = history.filter(like=f"validation_{metric}.").mean(axis=1)
    steps = math.ceil(len(data.train) / config["batch_size"])
    row = {
        "best_epoch": int(curve["epoch"][curve["validation_loss"].argmin()]),
        "step_seconds": float(history["seconds"].median() / steps),
    }
    found = evaluate(model, data.test, data.tasks, config["batch_size"])
    found = {name: value for name, value in found.items() if not name.startswith("loss.")}
    for number in dict.fromkeys(name.rpartition(".")[0] for name in found):
        values = [value for name, value in found.items() if name.rpartition(".")[0] == number]
        if len(values) == len(data.tasks):
            row[f"test_{number}.mean"] = sum(values) / len(values)
    return Result(row | {f"test_{name}": v for name, v in found.items()}, curve.to_dict("records"))


def improvement(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Δp in per cent against equal weights, and in the plainest architecture, at the same seed.

    For the ledger: ``value`` is what comes before the names of the numbers, "test_".
    """
    tasks = list(dict.fromkeys(name.rpartition(".")[2] for name in NUMBERS if value + name in rows))
    columns = [[n for n in NUMBERS if n.rpartition(".")[2] == task and value + n in rows] for task in tasks]
    directions = [[NUMBERS[name] for name in names] for names in columns]

    def numbers(row: pd.Series) -> list[list[float]]:
        return [[row[value + name] for name in names] for names in columns]

    plain = rows[(rows["method"] == "Static") & (rows.get("architecture", "hps") == "hps")]
    bases = {row["seed"]: numbers(row) for _, row in plain.iterrows()}
    rows = rows[rows["seed"].isin(bases)]
    better = [delta_p(numbers(row), bases[row["seed"]], directions) for _, row in rows.iterrows()]
    return summarise(rows.assign(delta_p=better), by, "delta_p")
