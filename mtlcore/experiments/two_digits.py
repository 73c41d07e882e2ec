"""What the experiments on images of two digits share.

They are the random-weighting paper's Tables 4 and 5, and a comparison of later methods. As in that paper the
optimiser is Adam. Every contestant has its learning rate from one grid, chosen by its mean accuracy on
validation images at seeds that are not tested. The rate falls to zero along a cosine, and the network of the
last epoch is tested. The seed governs initial weights, order of the samples, draws of the method, and the
pairs of images in all three splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from torch.optim.lr_scheduler import CosineAnnealingLR

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.experiments.engine.training import adam, train_and_test
from mtlcore.models import MultiTaskModel, lenet, lenet_cross_stitch, lenet_mtan, lenet_nddr
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

ARCHITECTURES = {
    "hps": lenet,
    "cross-stitch": lenet_cross_stitch,
    "mtan": lenet_mtan,
    "nddr-cnn": lenet_nddr,
}
"""As in the paper's Table 5; "hps" is hard parameter sharing."""

RATES = [0.002, 0.005, 0.01, 0.02]
"""The learning rates that every contestant is offered."""

CHOOSING = [0, 1]
"""The seeds that choose among them."""

TESTED = [*range(2, 9)]
"""The seeds that are tested."""

COMMON: dict[str, Any] = {"train": 4000, "epochs": 6, "batch_size": 128}

TINY: dict[str, Any] = {"train": 200, "epochs": 1, "batch_size": 128, "lr": 0.01}
"""Settings of seconds."""


def run(config: Config, device: str) -> Result:
    """Train once, and measure the network of the last epoch.

    Parameters
    ----------
    config : dict
        The configuration, with one of :data:`ARCHITECTURES`.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Loss and accuracy of each task on validation and on test images, and the test accuracy's mean
        (``test_accuracy.mean``); no curve.
    """

    def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
        data = load("digits", train=config["train"], seed=config["seed"])
        return data, ARCHITECTURES[config["architecture"]](size=11, kernels=(2, 2))

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name in ("validation", "test"):
            found = evaluate(model, getattr(data, name), data.tasks)
            accuracies = [found[f"accuracy.{task.name}"] for task in data.tasks]
            row |= {f"{name}_{number}": value for number, value in found.items()}
            row[f"{name}_accuracy.mean"] = sum(accuracies) / len(accuracies)
        return row

    return train_and_test(
        config,
        device,
        start,
        test=test,
        curve=lambda history, data: history.iloc[:0],
        optimizer=adam(config),
        scheduler=lambda optimizer: CosineAnnealingLR(optimizer, T_max=config["epochs"]),
    )


def choose(rows: pd.DataFrame, by: Sequence[str]) -> dict[Any, float]:
    """Choose the learning rate of each contestant by its mean validation accuracy on the choosing seeds.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of an experiment.
    by : sequence of str
        The columns that name a contestant.

    Returns
    -------
    chosen : dict
        The learning rate by contestant: by method if ``by`` is ``["method"]``, else by the values of ``by``.
    """
    rows = rows[rows["seed"].isin(CHOOSING)]
    means = rows.groupby([*by, "lr"], sort=False)["validation_accuracy.mean"].mean()
    best = means.sort_values(ascending=False, kind="stable").reset_index().drop_duplicates(list(by))
    return best.set_index(list(by))["lr"].to_dict()


def tested(
    common: Mapping[str, Any], key: Sequence[str], chosen: Mapping[Any, float], seeds: Sequence[int] = TESTED
) -> list[dict[str, Any]]:
    """List the tested runs: every contestant at its chosen rate, seed after seed.

    Parameters
    ----------
    common : mapping
        Settings of all runs.
    key : sequence of str
        The settings that name a contestant.
    chosen : mapping
        The learning rate by contestant, as from :func:`choose`.
    seeds : sequence of int, optional
        The seeds; by default :data:`TESTED`.

    Returns
    -------
    grids : list of dict
        One run each.
    """
    return [
        {**common, "seed": seed, **dict(zip(key, [name] if len(key) == 1 else name, strict=True)), "lr": lr}
        for seed in seeds
        for name, lr in chosen.items()
    ]
