"""What the experiments on CIFAR-10 share: data, network, and the choice of a learning rate.

The text does not state the optimiser, the number of epochs, or how many validation samples a step of SLGrad
sees. As in the public code, the optimiser is SGD with a momentum of 0.9. A laptop has photographs of 8 x 8
pixels and a fully connected network in place of LeNet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from mtlcore.data import load
from mtlcore.data.cifar10 import SIZE, flipped
from mtlcore.experiments.engine.experiment import Config
from mtlcore.models import MultiTaskModel, binary_lenet, mlp
from mtlcore.tasks import MultiTaskData, Split

DATA = "cifar10-binary"

SMALL: dict[str, Any] = {
    "train": 1000,
    "validation": 500,
    "test": 2000,
    "size": 8,
    "epochs": 12,
    "batch_size": 50,
    "momentum": 0.9,
    "measured": 50,
    "every": 1,
}
"""Settings of a laptop."""

TINY: dict[str, Any] = SMALL | {
    "data": "synthetic-photographs",
    "train": 60,
    "validation": 30,
    "test": 60,
    "epochs": 1,
    "batch_size": 20,
}
"""Settings of seconds."""

RATES = [0.01, 0.03, 0.1, 0.3]
"""The learning rates that every method is offered."""

CHOOSING = 0
"""The seed whose validation loss chooses."""


def network(config: Config) -> MultiTaskModel:
    """Make the network.

    Parameters
    ----------
    config : dict
        The configuration: ``size`` and, for photographs of full size, ``layers``, the layers of each head.

    Returns
    -------
    model : MultiTaskModel
        The public code's LeNet; for smaller photographs, standardised one by one, two
        hidden layers of 64 and 32 units.
    """
    if config["size"] == SIZE:
        return binary_lenet(layers=config["layers"], shared=2)
    inputs = 3 * config["size"] ** 2
    model = mlp((inputs, 64, 32), [1] * 10)
    standardised = nn.LayerNorm(inputs, elementwise_affine=False)
    return MultiTaskModel(nn.Sequential(nn.Flatten(), standardised, model.trunk), model.heads)


def load_images(config: Config) -> MultiTaskData:
    """Load the photographs; the flips come from the seed.

    Parameters
    ----------
    config : dict
        The configuration: perhaps ``data``, by default ``"cifar10-binary"``, and its options.

    Returns
    -------
    data : MultiTaskData
        Airplane is the first task.
    """
    options = ("train", "validation", "test", "size", "noise", "validation_noise", "seed")
    return load(config.get("data", DATA), **{name: config[name] for name in options if name in config})


def noisy_labels(split: Split) -> Tensor:
    """Mask (T, N) of the labels that are wrong.

    Parameters
    ----------
    split : Split
        A split of the data.

    Returns
    -------
    mask : Tensor of bool, shape (T, N)
        False but for the first task.
    """
    mask = torch.zeros(split.tasks, len(split), dtype=torch.bool)
    mask[0] = flipped(split)
    return mask


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel, Tensor]:
    """Load the data and make the network.

    Parameters
    ----------
    config : dict
        The configuration, see :func:`load_images` and :func:`network`.

    Returns
    -------
    data : MultiTaskData
        Airplane is the first task.
    model : MultiTaskModel
        The network.
    noisy : Tensor of bool, shape (T, N)
        Which training labels are wrong.
    """
    data = load_images(config)
    return data, network(config), noisy_labels(data.train)


def choose(rows: pd.DataFrame) -> dict[str, float]:
    """Choose each method's learning rate by the validation loss of its best epoch at the choosing seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of an experiment.

    Returns
    -------
    chosen : dict from str to float
        The learning rate by method.
    """
    rows = rows[rows["seed"] == CHOOSING].sort_values("validation_loss.best", kind="stable")
    return rows.drop_duplicates("method").set_index("method")["lr"].to_dict()


def grids(
    common: dict[str, Any], methods: Sequence[str], chosen: Mapping[str, float], noises: Sequence[Any]
) -> list[dict[str, Any]]:
    """List the grids of a laptop's tested runs: label noise, then seed, then method.

    Parameters
    ----------
    common : dict
        Settings of all runs.
    methods : sequence of str
        The methods.
    chosen : mapping from str to float
        The learning rate by method.
    noises : sequence
        Values of ``noise``.

    Returns
    -------
    grids : list of dict
        Three seeds each.
    """
    return [
        {"seed": [seed], "method": [method], "noise": noise, "lr": chosen[method]} | common
        for noise in noises
        for seed in (1, 2, 3)
        for method in methods
    ]
