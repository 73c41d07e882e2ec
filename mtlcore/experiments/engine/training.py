"""From a configuration to its row and curve: seed, start, train, test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import torch

from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.methods import make
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData
from mtlcore.train import fit
from mtlcore.train.optimizers import MakeOptimizer, clipped

Start = Callable[[Config], tuple[MultiTaskData, MultiTaskModel]]
"""Makes the data and, from torch's global random numbers, the network."""

Test = Callable[[MultiTaskModel, MultiTaskData, pd.DataFrame], dict[str, Any]]
"""The row of a trained network, from the network, the data and the history of the training."""

Curve = Callable[[pd.DataFrame, MultiTaskData], pd.DataFrame]
"""The curve of a training, one row an epoch, from its history and the data."""


def train_and_test(
    config: Config,
    device: str,
    start: Start,
    *,
    test: Test,
    curve: Curve,
    optimizer: MakeOptimizer | None = None,
    patience: int | None = None,
    **fit_options: Any,
) -> Result:
    """Train once and test the result.

    Parameters
    ----------
    config : dict
        The configuration: ``seed``, ``method``, ``epochs``, ``batch_size``, and what ``start`` and
        ``optimizer`` ask for. The seed governs initial weights, order of the samples and the method's draws.
    device : str
        Device of torch.
    start : callable
        Makes the data and, after torch's random numbers were seeded, the network.
    test : callable
        Makes the row from the trained network, the data and the history (see :func:`mtlcore.fit`).
    curve : callable
        Makes the curve from the history and the data.
    optimizer : callable, optional
        Makes the optimiser from the parameters; by default :func:`adam` with the configuration's settings.
    patience : int, optional
        Stop after so many epochs without a better validation value, and test the network of the best epoch
        (see :func:`mtlcore.fit`). By default the network of the last epoch is tested.
    **fit_options
        Handed on to :func:`mtlcore.fit`.

    Returns
    -------
    result : Result
        Row and curve.
    """
    torch.manual_seed(config["seed"])
    data, model = start(config)
    history = fit(
        model,
        data,
        make(config["method"]),
        optimizer=adam(config) if optimizer is None else optimizer,
        epochs=config["epochs"],
        batch_size=config["batch_size"],
        seed=config["seed"],
        device=device,
        patience=patience,
        progress=False,
        **fit_options,
    )
    return Result(test(model, data, history), curve(history, data).to_dict("records"))


def adam(config: Config, **options: Any) -> MakeOptimizer:
    """Choose Adam with the configuration's ``lr`` and its ``eps``, ``weight_decay`` and ``max_norm``, if any.

    Parameters
    ----------
    config : dict
        The configuration. Gradients are clipped to the norm ``max_norm`` unless it is missing or None.
    **options
        Further options of ``torch.optim.Adam``.

    Returns
    -------
    optimizer : callable
        Makes the optimiser from the parameters.
    """
    options |= {name: config[name] for name in ("lr", "eps", "weight_decay") if name in config}
    make_adam: MakeOptimizer = partial(torch.optim.Adam, **options)
    max_norm = config.get("max_norm")
    return make_adam if max_norm is None else clipped(make_adam, max_norm)


def best_epoch(history: pd.DataFrame) -> int:
    """Return the first epoch with the smallest mean validation loss, the one that early stopping keeps.

    The mean is over the tasks that have a validation loss at all; an epoch in which one of these is NaN is
    not the best.

    Parameters
    ----------
    history : DataFrame
        What :func:`mtlcore.fit` returned.

    Returns
    -------
    epoch : int
        Counted from 1.
    """
    losses = history.filter(like="validation_loss.").dropna(axis=1, how="all")
    return int(history["epoch"][losses.mean(axis=1, skipna=False).argmin()])


def means_of_tasks(history: pd.DataFrame, data: MultiTaskData) -> pd.DataFrame:
    """Average a history over the tasks: a curve for many tasks.

    Parameters
    ----------
    history : DataFrame
        What :func:`mtlcore.fit` returned.
    data : MultiTaskData
        The data, for its tasks.

    Returns
    -------
    curve : DataFrame
        Epoch, training loss, validation loss, and each metric as the mean over the tasks that have it.
    """
    curve = history[["epoch"]].assign(
        train_loss=history.filter(like="train_loss.").mean(axis=1),
        validation_loss=history.filter(like="validation_loss.").mean(axis=1),
    )
    for metric in dict.fromkeys(task.main for task in data.tasks):
        curve[f"validation_{metric}"] = history.filter(like=f"validation_{metric}.").mean(axis=1)
    return curve
