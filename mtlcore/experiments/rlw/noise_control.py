"""Is it only noise? Random weights against equal weights whose smaller batch is as noisy.

Figure 1 of the random-weighting paper compares methods at one batch size. There the gradient of random
weights has more noise than that of equal weights: noise of the batch and of the weights. Here equal weights
are trained with smaller batches too. All runs make the same number of updates with one learning rate.

The noise of a batch is in proportion to 1 / batch size. The noise of the weights changes with the state of
the network, so no constant batch matches it everywhere. Three pilot runs of equal weights, with the seeds
100 to 102 and batches of 256, measured both every 240 updates. By the median over these states a batch of
140 has the noise of random weights with 256, by the sum over them a batch of 116. We take 128, between the
two, and 64, which has more noise by either. ``equal_noise`` is that calculation.
"""

from functools import partial
from typing import Any

import pandas as pd
import torch

from mtlcore.analysis.curvature import gradient_spread, gradient_variance, top_eigenvalue
from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import train_and_test
from mtlcore.experiments.rlw._overlays import first, network
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData, Split
from mtlcore.train import evaluate

BATCH = 256
"""Batch size of random weights, and of the noise that is measured."""

WEIGHT_NOISE = 0.136838
"""Noise of two normal weights, as a multiple of the gradients' spread: E |lambda|^2 - 1/2."""

MEASURES = ["train_loss", "test_accuracy", "hessian_top", "gradient_variance", "gradient_spread"]

SETTINGS: dict[str, Any] = {
    "data": "digits",
    "train_images": 7_680,
    "test_images": 2_000,
    "data_seed": 0,
    "lr": 0.02,
    "momentum": 0.9,
    "updates": 1_920,
    "measure_every": 240,
    "hessian_images": 1_000,
}
ARMS: list[dict[str, Any]] = [
    {"method": ["Static", "RLW"], "batch_size": BATCH},
    {"method": "Static", "batch_size": [128, 64]},
]


def grids(seeds: range, **changes: Any) -> list[dict[str, Any]]:
    """Make the grids of a preset, seed by seed.

    Parameters
    ----------
    seeds : range
        The seeds.
    **changes
        Settings that differ from ``SETTINGS``.

    Returns
    -------
    grids : list of dict
        Two for each seed: batches of 256, and smaller ones.
    """
    return [{"seed": [seed]} | arm | SETTINGS | changes for seed in seeds for arm in ARMS]


SMOKE = grids(range(2), train_images=512, test_images=100, updates=16, measure_every=8, hessian_images=100)


def run(config: Config, device: str) -> Result:
    """Train LeNet once, and measure accuracy, curvature and noise at some updates.

    Loss, curvature and noise are those of the mean task loss on training images, the noise with batches of
    256, whatever method and batch size were trained with.

    Parameters
    ----------
    config : dict
        The configuration. Whole epochs make up ``measure_every``, and ``measure_every`` makes up ``updates``.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The numbers of the last update; a curve with one row a measurement.
    """
    sizes = {"train": config["train_images"], "validation": 100, "test": config["test_images"]}
    data = load(config["data"], **sizes, seed=config["data_seed"])
    train, test = data.train.to(device), data.test.to(device)
    few = first(train, config["hessian_images"])
    steps = config["train_images"] // config["batch_size"]

    def measure(epoch: int, model: MultiTaskModel) -> dict[str, float]:
        if epoch * steps % config["measure_every"]:
            return {}
        return {
            "update": epoch * steps,
            "train_loss": _mean(model, train, data, "loss"),
            "test_accuracy": _mean(model, test, data, "accuracy"),
            "hessian_top": top_eigenvalue(model, few, data.tasks),
            "gradient_variance": gradient_variance(model, train, data.tasks, batch_size=BATCH),
            "gradient_spread": gradient_spread(model, train, data.tasks, batch_size=BATCH),
        }

    def curve(history: pd.DataFrame, data: MultiTaskData) -> pd.DataFrame:
        measured = history[history["update"].notna()]
        return measured[["update", *MEASURES]].astype({"update": int})

    def final(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        return curve(history, data).iloc[-1][MEASURES].to_dict()

    sgd = partial(torch.optim.SGD, lr=config["lr"], momentum=config["momentum"])
    epochs = {"epochs": config["updates"] // steps}
    return train_and_test(
        config | epochs,
        device,
        lambda _: (data, network(data)),
        test=final,
        curve=curve,
        optimizer=sgd,
        on_epoch=measure,
    )


def equal_noise(curves: pd.DataFrame) -> dict[str, float]:
    """Compute the batch size of equal weights at which they are as noisy as random weights with 256.

    Parameters
    ----------
    curves : DataFrame
        Columns ``gradient_variance`` and ``gradient_spread`` of two tasks, a row a state.

    Returns
    -------
    batch_size : dict of str to float
        ``"median"`` over the states, and ``"sum"``: with equal sums of the noise over the states.
    """
    batch = curves["gradient_variance"]
    total = batch + WEIGHT_NOISE * curves["gradient_spread"]
    return {"median": BATCH * (batch / total).median(), "sum": BATCH * batch.sum() / total.sum()}


def _mean(model: MultiTaskModel, split: Split, data: MultiTaskData, number: str) -> float:
    found = evaluate(model, split, data.tasks)
    return sum(found[f"{number}.{task.name}"] for task in data.tasks) / len(data.tasks)


experiment = Experiment(
    name="rlw-noise-control",
    title="Random weights against equal weights with a smaller batch of equal noise",
    source="random-weighting paper, Figure 1: a control that the paper does not have",
    presets={
        "smoke": SMOKE,
        "laptop": grids(range(5)),
        "paper": grids(range(20), updates=9_600),
    },
    run=run,
)
