"""What the papers' tables on images share: one training, and every number of every task.

Every method keeps the epoch with the smallest mean validation loss, and the test set is read once,
there. (The papers' public code keeps the best of all tests.)
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from mtlcore.data import load
from mtlcore.data.manual_files import ManualFolder
from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.experiments.engine.training import Start, best_epoch, means_of_tasks, train_and_test
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

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
"""The settings of synthetic scenes at smoke size."""

WEIGHTS = "https://download.pytorch.org/models"


def data_of(config: Config, *options: str, **others: Any) -> MultiTaskData:
    """Make the data set that a configuration names; the last one is kept for the next run.

    Parameters
    ----------
    config : dict
        The configuration: ``data``, and the options.
    *options : str
        The settings that are options of the data set.
    **others
        Further options.

    Returns
    -------
    data : MultiTaskData
        The data set.
    """
    return _load(config["data"], **{name: config[name] for name in options}, **others)


_load = lru_cache(maxsize=1)(load)  # reading a data set takes minutes, and the next run wants the same one


def weights_of(config: Config) -> Path | None:
    """Find the file of pre-trained weights that a configuration names.

    Parameters
    ----------
    config : dict
        The configuration: ``weights`` is the name of a file in the folder ``imagenet`` of the data cache, or
        None.

    Returns
    -------
    path : Path or None
        The file; None for random initial weights.

    Raises
    ------
    FileNotFoundError
        If the file is not there; the message says where to get it.
    """
    name = config["weights"]
    if name is None:
        return None
    return Path(str(ManualFolder("imagenet", name, f"{WEIGHTS}/{name}").find()))


def run(start: Start, config: Config, device: str) -> Result:
    """Train once and test at the epoch with the smallest mean validation loss.

    Parameters
    ----------
    start : callable
        Makes the data and the network.
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        ``test_METRIC.TASK`` are the numbers of the test split, ``test_METRIC.mean`` their mean where every
        task has that metric; ``step_seconds`` is the median over the epochs. The curve has one row an epoch:
        see :func:`mtlcore.experiments.engine.training.means_of_tasks`.
    """

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        steps = math.ceil(len(data.train) / config["batch_size"])
        row = {
            "best_epoch": best_epoch(history),
            "step_seconds": float(history["seconds"].median() / steps),
        }
        found = evaluate(model, data.test, data.tasks, config["batch_size"])
        found = {name: value for name, value in found.items() if not name.startswith("loss.")}
        for number in dict.fromkeys(name.rpartition(".")[0] for name in found):
            values = [value for name, value in found.items() if name.rpartition(".")[0] == number]
            if len(values) == len(data.tasks):
                row[f"test_{number}.mean"] = sum(values) / len(values)
        return row | {f"test_{name}": v for name, v in found.items()}

    return train_and_test(config, device, start, test=test, curve=means_of_tasks, patience=config["epochs"])
