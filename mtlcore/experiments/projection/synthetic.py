"""A regression with an auxiliary one that is the same, similar or unrelated: error against the weight lambda.

Every method has the same weights lambda, and may choose by its validation error: the main task's mean squared
error at the best epoch. A run with one task has no lambda. The seed governs initial weights and the order of
the samples; the data are the same in all runs, as in the paper, and the seeds' initial weights are the
same for every method.
"""

from copy import deepcopy
from itertools import pairwise
from typing import Any

import pandas as pd
from torch import Tensor, nn

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import train_and_test
from mtlcore.experiments.projection._methods import MULTITASK, at, compared
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

RELATIONS = ["same", "similar", "unrelated"]
LAMBDAS = [0.1, 0.3, 1, 3, 10]

SETTINGS: dict[str, Any] = {
    "inputs": "uniform",
    "data_seed": 0,
    "epochs": 1000,
    "patience": 10,
    "batch_size": 100,
    "lr": 1e-3,
}
"""Appendix B.3, and the public code where that differs: the inputs, and Adam's beta_2 of 0.999."""


def grids(seeds: list[int], *methods: str) -> list[dict[str, Any]]:
    """Lay out the methods at all weights and the single task, one seed after the other."""
    return [
        grid
        for seed in seeds
        for grid in (
            {"seed": [seed], "auxiliary": ["same"], "method": ["SingleTask"]} | SETTINGS,
            {"seed": [seed], "auxiliary": RELATIONS, "method": at(LAMBDAS, *methods)} | SETTINGS,
        )
    ]


PAPER = grids(list(range(20)), MULTITASK, *compared(["whole", "variable"], [1, 0.1, 0.01]))
FEW = list(range(5))
KEY = [MULTITASK, "Projection(lam={lam})", "Projection(lam={lam}, smoothing=0.01)"]
OTHERS = [method for method in compared(["whole"], [1, 0.01]) if not method.startswith("Projection")]
PER_VARIABLE = ["Projection(lam=3, per='variable', smoothing=0.01)"]
BEST = {
    "same": ["Static(weights=(1.0, 3.0))", "Projection(lam=3)", "Projection(lam=10, smoothing=0.01)"],
    "similar": ["Static(weights=(1.0, 0.3))", "Projection(lam=0.3)", "Projection(smoothing=0.01)"],
    "unrelated": ["Static(weights=(1.0, 0.1))", "Projection(lam=0.1)", "Projection(lam=0.1, smoothing=0.01)"],
}
"""For each method the weight of the least mean validation error in the five seeds."""

LAPTOP = [
    *grids(FEW, *KEY),
    *(
        grid
        for seed in range(len(FEW), 20)
        for grid in (
            {"seed": [seed], "auxiliary": ["same"], "method": ["SingleTask"]} | SETTINGS,
            *({"seed": [seed], "auxiliary": [on], "method": best} | SETTINGS for on, best in BEST.items()),
        )
    ),
    {"seed": FEW, "auxiliary": ["same"], "method": PER_VARIABLE} | SETTINGS,
    {"seed": FEW[:3], "auxiliary": RELATIONS, "method": at(LAMBDAS, *OTHERS)} | SETTINGS,
]
"""Five seeds, which choose the weights, and 15 more at these; at one weight, projection of each variable
(Figure 8); the other methods with three seeds (Figure 11)."""
SMOKE = [
    {"seed": [0, 1], "auxiliary": ["similar"], "method": methods} | SETTINGS | {"train": 100, "epochs": 2}
    for methods in (["SingleTask"], ["Projection", "Projection(lam=3, smoothing=0.01)"])
]


class Own(nn.Module):
    """Take one task's part (N, ...) of the representation (N, T, ...) of all tasks' inputs.

    Parameters
    ----------
    task : int
        Index of the task.
    """

    def __init__(self, task: int) -> None:
        super().__init__()
        self.task = task

    def forward(self, z: Tensor) -> Tensor:
        return z[:, self.task]


def network(widths: tuple[int, ...] = (250, 100, 100, 100, 100), outputs: int = 100) -> MultiTaskModel:
    """Make the network: four shared hidden layers, and a linear head on each task's own inputs.

    Weights are initialised as by Keras' defaults: Glorot's uniform distribution, and zero for biases.

    Parameters
    ----------
    widths : tuple of int, default (250, 100, 100, 100, 100)
        Number of inputs, then of units of each hidden layer.
    outputs : int, default 100
        Number of outputs of each task.

    Returns
    -------
    model : MultiTaskModel
        Input: (N, 2, inputs). Two outputs (N, outputs).
    """
    hidden = [nn.Linear(a, b) for a, b in pairwise(widths)]
    last = [nn.Linear(widths[-1], outputs) for _ in range(2)]
    for layer in (*hidden, *last):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    trunk = nn.Sequential(*(module for layer in hidden for module in (layer, nn.ReLU())))
    return MultiTaskModel(trunk, [nn.Sequential(Own(task), layer) for task, layer in enumerate(last)])


def run(config: Config, device: str) -> Result:
    """Train until the main task's validation error has not fallen for ten epochs, and test.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The main task's mean squared errors at the best and at the last epoch, and the numbers of these
        epochs; no curve.
    """
    last: dict[str, Any] = {}

    def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
        data = load(
            "related-regressions",
            auxiliary=config["auxiliary"],
            inputs=config["inputs"],
            seed=config["data_seed"],
            **({"train": config["train"]} if "train" in config else {}),
        )
        return data, network()

    def keep(epoch: int, model: MultiTaskModel) -> dict[str, float]:
        last["state"] = deepcopy(model.state_dict())
        return {}

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        validation = history["validation_mse.main"]
        row = {
            "best_epoch": int(history["epoch"][validation.argmin()]),
            "epochs_made": len(history),
            "validation_mse.best": validation.min(),
            "test_mse.best": evaluate(model, data.test, data.tasks)["mse.main"],
        }
        model.load_state_dict(last["state"])
        return row | {"test_mse.final": evaluate(model, data.test, data.tasks)["mse.main"]}

    return train_and_test(
        config,
        device,
        start,
        test=test,
        curve=lambda history, data: history.iloc[:0],
        patience=config["patience"],
        monitor="main",
        on_epoch=keep,
    )


experiment = Experiment(
    name="projection-synthetic",
    title="A regression with a same, similar or unrelated auxiliary one",
    source="Projection paper, Figures 5, 8 and 11",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
