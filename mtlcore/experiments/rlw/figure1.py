"""The random-weighting paper's Figure 1: accuracy, sharpness and gradient noise of EW and RLW.

The paper compares equal weighting with random loss weights (normal, softmax) on three overlaid
data sets. Its equal weights are 1/T, the public code's are 1; under SGD that is a factor of T in the
step size, which changes sharpness by itself, so both are here. RLW's weights sum to 1, so that its
expected step is that of 1/T.
"""

from functools import partial
from typing import Any

import pandas as pd
import torch

from mtlcore.analysis.curvature import gradient_variance, top_eigenvalue
from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import train_and_test
from mtlcore.experiments.rlw._overlays import first, network
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

METHODS = ["Static", "Static(scale='sum')", "RLW"]

PAPER = {
    "seed": [0, 1, 2, 3, 4],
    "data": ["multi-mnist", "multi-fashion", "multi-fashion-mnist"],
    "method": METHODS,
    "epochs": 100,
    "train_images": 120_000,
    "test_images": 20_000,
    "data_seed": 0,
    "batch_size": 256,
    "lr": 1e-3,
    "momentum": 0.9,
    "hessian_images": 120_000,
    "variance_images": 120_000,
    "curvature_every": 10,
}
LAPTOP = PAPER | {
    "epochs": 30,
    "train_images": 30_000,
    "test_images": 10_000,
    "hessian_images": 1_000,
    "variance_images": 6_400,
    "curvature_every": 5,
}
SMOKE = PAPER | {
    "seed": [0, 1],
    "data": ["digits"],
    "epochs": 2,
    "train_images": 1_000,
    "test_images": 500,
    "batch_size": 100,
    "hessian_images": 200,
    "variance_images": 300,
}


def run(config: Config, device: str) -> Result:
    """Train LeNet once and measure the test accuracy every epoch, and the curvature at some epochs.

    The seed governs initial weights, order of the samples and random weights; the data are the same
    for all. Curvature and gradient variance are those of the mean task loss, whatever the method,
    on the first images of the training split.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The numbers of the last epoch; a curve with one row an epoch.
    """
    data = load(
        config["data"],
        train=config["train_images"],
        validation=1_000,
        test=config["test_images"],
        seed=config["data_seed"],
    )
    test = data.test.to(device)
    few, many = (first(data.train, config[f"{name}_images"]).to(device) for name in ("hessian", "variance"))

    def measure(epoch: int, model: MultiTaskModel) -> dict[str, float]:
        found = evaluate(model, test, data.tasks)
        row = {f"test_accuracy.{t.name}": found[f"accuracy.{t.name}"] for t in data.tasks}
        if epoch in (1, 2, config["epochs"]) or epoch % config["curvature_every"] == 0:
            row["hessian_top"] = top_eigenvalue(model, few, data.tasks)
            row["gradient_variance"] = gradient_variance(
                model, many, data.tasks, batch_size=config["batch_size"]
            )
        return row

    def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
        return data, network(data)

    def curve(history: pd.DataFrame, data: MultiTaskData) -> pd.DataFrame:
        numbers = ("train_loss.", "test_accuracy.", "hessian_top", "gradient_variance")
        return history[["epoch", *(c for c in history if c.startswith(numbers))]]

    def final(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        last = curve(history, data).iloc[-1].drop("epoch")
        mean = last[[f"test_accuracy.{task.name}" for task in data.tasks]].mean()
        return {"test_accuracy.mean": mean, **last.to_dict()}

    sgd = partial(torch.optim.SGD, lr=config["lr"], momentum=config["momentum"])
    return train_and_test(config, device, start, test=final, curve=curve, optimizer=sgd, on_epoch=measure)


experiment = Experiment(
    name="rlw-figure1",
    title="Accuracy, sharpness and gradient noise under equal and random weights",
    source="random-weighting paper, Figure 1",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
