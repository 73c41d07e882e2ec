"""SLGrad's Table 3 on two handwritten digits: the digit at the top left, with the other as auxiliary task.

The public code makes images of 28 x 28 pixels from overlays of 36 x 36 by ``numpy.resize``. That does not
make a picture smaller: it takes the first 784 pixels of the raster and breaks them into lines of 28. So the
lower part is missing, and the lines are shifted against each other. ``pixels`` chooses whole overlays or such
a raster.

The preset ``paper`` has the settings of the paper's Table 6, with 20,000 overlays to train and validate and
5,000 to test.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slgrad._images import CHOOSING, RATES
from mtlcore.experiments.slgrad._training import train
from mtlcore.models import MultiTaskModel, lenet
from mtlcore.tasks import MultiTaskData, Split

TABLE_6: dict[str, tuple[float, int]] = {
    "Static": (0.001, 128),
    "OLAux": (0.001, 128),
    "PCGrad": (0.1, 128),
    "CAGrad(c=1.0)": (0.001, 32),
    "CosSim": (0.001, 128),
    "GradNorm": (0.0001, 128),
    "RLW": (0.001, 32),
    "SLGrad": (0.001, 128),
}
"""Learning rate and batch size. CAGrad's c is the public code's."""

SIDE = 28
"""Height and width of the public code's images."""

KERNELS = {36: (9, 5), SIDE: (5, 5), 11: (3, 3)}
"""Kernel sizes of LeNet by the side of the image."""

COMMON: dict[str, Any] = {"momentum": 0.9, "every": 1}
SMALL = COMMON | {
    "data": "multi-mnist",
    "train": 2000,
    "validation": 500,
    "test": 2000,
    "epochs": 8,
    "batch_size": 64,
    "measured": 64,
}
"""Settings of a laptop."""

PIXELS = ["whole", "raster"]
CHOSEN = dict.fromkeys([*TABLE_6, "SingleTask"], 0.03) | {"OLAux": 0.01}
"""What :func:`mtlcore.experiments.slgrad._images.choose` finds, for both kinds of pixels."""

CHOICE: dict[str, Any] = {"seed": [CHOOSING], "method": [*CHOSEN], "pixels": PIXELS, "lr": RATES} | SMALL
LAPTOP = [
    CHOICE,
    *(
        {"seed": [seed], "method": [method], "pixels": PIXELS, "lr": lr} | SMALL
        for seed in (1, 2, 3)
        for method, lr in CHOSEN.items()
    ),
]
SMOKE = CHOICE | {"pixels": "whole", "lr": 0.01, "data": "digits", "train": 128, "test": 100, "epochs": 1}
PAPER = [
    {"seed": [0, 1, 2], "method": [method], "pixels": PIXELS, "lr": lr, "batch_size": batch_size}
    | {"data": "multi-mnist", "train": 15_000, "validation": 5_000, "test": 5_000, "epochs": 50}
    | {"measured": 256}
    | COMMON
    for method, (lr, batch_size) in TABLE_6.items()
]


def raster(split: Split) -> Split:
    """Take the first 784 pixels of every image and break them into lines of 28, as ``numpy.resize`` does.

    Parameters
    ----------
    split : Split
        Images (N, 1, H, W) of at least 784 pixels.

    Returns
    -------
    split : Split
        Images (N, 1, 28, 28).
    """
    assert isinstance(split.inputs, Tensor)
    return Split(split.inputs.flatten(1)[:, : SIDE**2].reshape(-1, 1, SIDE, SIDE), split.targets)


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel, Tensor]:
    """Load the overlays and make the network.

    Parameters
    ----------
    config : dict
        The configuration: ``data``, the numbers of overlays, and ``pixels``, ``"whole"`` or ``"raster"``.

    Returns
    -------
    data : MultiTaskData
        The digit at the top left is the first task.
    model : MultiTaskModel
        A LeNet.
    noisy : Tensor of bool, shape (2, N)
        No label is wrong.
    """
    data = load(config["data"], **{name: config[name] for name in ("train", "validation", "test")})
    if config["pixels"] == "raster":
        data = replace(
            data, train=raster(data.train), validation=raster(data.validation), test=raster(data.test)
        )
    assert isinstance(data.train.inputs, Tensor)
    side = data.train.inputs.shape[-1]
    return data, lenet(size=side, kernels=KERNELS[side]), torch.zeros(2, len(data.train), dtype=torch.bool)


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
        As :func:`mtlcore.experiments.slgrad._training.train`, with the accuracy of the main task.
    """
    return train(start, config, device)


experiment = Experiment(
    name="slgrad-digits",
    title="Two handwritten digits: eight methods",
    source="SLGrad paper, Table 3",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
