"""The Projection paper's weight decay: the parameters themselves play the auxiliary gradient.

A step subtracts Adam's update and, decoupled from it, learning rate × λ × G, where G is what the method
leaves of the parameters θ, given the reference v: the main gradient, or its exponential moving average.
Everything is done for each variable apart. Settings: paper, Section 4.6 and Appendix B.5. Where text and
code differ, they are the code's: λ from 1 to 300 (the supplement lists 0.1 to 10), Keras' Adam (β2 0.999;
the supplement says 0.9), and the decay as written above, with θ and the gradient from before the step. The
paper has 50 runs.

Ours: the vocabulary (see :mod:`mtlcore.data.imdb`), one division of the training reviews for all runs, and
the first layer's input as word numbers instead of a multi-hot vector, which is the same function. The preset
``laptop`` has the 2,000 most frequent words, five seeds and the strengths that the claims are about.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.optim import Optimizer

from mtlcore.data import load
from mtlcore.experiments.engine import training
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.methods import Method, Static, make
from mtlcore.models import MultiTaskModel, word_sets
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

ALL = "Static(scale='sum')"
"""Plain decay: all of the parameters, whatever the gradient."""

METHODS = [ALL, "Projection", "CosSim", "CosSim(weighted=True)", "Orthogonal"]

SETTINGS = {
    "data": "imdb",
    "words": 10_000,
    "validation": 5_000,
    "data_seed": 0,
    "hidden": 512,
    "epochs": 100,
    "patience": 5,
    "batch_size": 512,
    "lr": 1e-3,
    "eps": 1e-7,
}
LAMBDAS = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0]
PLAIN = {"method": ALL, "alpha": 1.0}
SMOOTHED = {"method": "Projection", "alpha": 0.01}


def _grid(seeds: list[int], cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every cell at every seed, and the main task alone: whole seeds come first in a sweep."""
    alone = PLAIN | {"lam": 0.0}
    return [{"seed": seed} | cell | SETTINGS for seed in seeds for cell in [alone, *cells]]


PAPER = _grid(
    list(range(50)),
    [PLAIN | {"lam": LAMBDAS}]
    + [{"method": method, "alpha": [1.0, 0.01], "lam": LAMBDAS} for method in METHODS[1:]],
)
KEY = [
    PLAIN | {"lam": LAMBDAS[1:]},
    SMOOTHED | {"lam": LAMBDAS[3:]},
    SMOOTHED | {"alpha": 1.0, "lam": 100.0},
]
LAPTOP = [grid | {"words": 2_000} for grid in _grid(list(range(5)), KEY)]
"""A fifth of the vocabulary: most of a step's time is Adam on the first layer."""

SMALL = {"data": "synthetic-reviews", "words": 40, "validation": 50, "hidden": 8, "epochs": 3}
SMOKE = [cell | SMALL | {"lam": 30.0} for cell in PAPER[1:] if cell["seed"] == 0]

_data = lru_cache(maxsize=1)(load)
"""Reading the reviews takes as long as a training."""


@dataclass
class Decay:
    """A hook before an optimiser's step that takes lr λ G off the parameters.

    Parameters
    ----------
    method : Method
        What is left of the parameters: by the inner products with the reference, or all if it is ``Static``.
    alpha : float
        Weight of the current gradient in the reference; 1 is no memory.
    lam : float
        λ.
    """

    method: Method
    alpha: float
    lam: float
    references: list[Tensor] = field(default_factory=list)

    @torch.no_grad()
    def __call__(self, optimizer: Optimizer, *_: Any) -> None:
        """Decay the parameters of the optimiser's first group, in place."""
        group = optimizer.param_groups[0]
        if not self.lam:
            return
        if not self.references:
            self.references = [torch.zeros_like(p) for p in group["params"]]
        for p, reference in zip(group["params"], self.references, strict=True):
            reference.lerp_(p.grad, self.alpha)
            own, along = self._coefficients(p, reference)
            p.mul_(1 - group["lr"] * self.lam * own).sub_(reference, alpha=group["lr"] * self.lam * along)

    def _coefficients(self, p: Tensor, reference: Tensor) -> tuple[float, float]:
        """G as a combination of the parameters and the reference."""
        if isinstance(self.method, Static):
            return 1.0, 0.0
        vectors = reference.flatten(), p.flatten()
        gramian = torch.stack([torch.stack([a.dot(b) for b in vectors]) for a in vectors])
        main, own = self.method.weights(gramian).tolist()
        return own, main - 1


def run(config: Config, device: str) -> Result:
    """Train once with early stopping, and test the network of the best epoch.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Test loss and AUC, validation losses of the best and of the last epoch, steps, and seconds a step; no
        curve.
    """

    def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
        data = _data(
            config["data"], words=config["words"], validation=config["validation"], seed=config["data_seed"]
        )
        return data, word_sets(config["words"], (config["hidden"],) * 2)

    def optimizer(parameters: Iterable[Any]) -> Optimizer:
        made = training.adam(config, fused=True)(parameters)
        made.register_step_pre_hook(Decay(make(config["method"]), config["alpha"], config["lam"]))
        return made

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        found = evaluate(model, data.test, data.tasks)
        losses = history["validation_loss.positive"]
        steps = math.ceil(len(data.train) / config["batch_size"])
        return {
            "test_loss": found["loss.positive"],
            "test_auc": found["auc.positive"],
            "validation_loss": float(losses.min()),
            "validation_loss.final": float(losses.iloc[-1]),
            "best_epoch": training.best_epoch(history),
            "epochs_run": len(history),
            "step_seconds": float(history["seconds"].median()) / steps,
        }

    return training.train_and_test(
        config | {"method": ALL},
        device,
        start,
        test=test,
        curve=lambda history, data: history.iloc[:0],
        optimizer=optimizer,
        patience=config["patience"],
    )


experiment = Experiment(
    name="projection-weight-decay",
    title="Weight decay as an auxiliary task, on film reviews",
    source="Projection paper, Figures 7 and 13",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
