"""A face's attribute with the landmarks as auxiliary task: area under the ROC curve (AUC) against λ.

Settings: Projection paper, Section 4.3 and Appendix B.2: 10,000 images of 40 x 40 pixels a split, Adam,
early stopping on the validation AUC, ten runs. Where the text is silent or differs, these are the public
code's: Adam's β2 0.999 (the supplement says 0.9) and ε 1e-8, and landmarks as fractions of the image, so that
their error is small and λ is large. Figures 14 and 15 are the adaptive weights of Lin et al., OL-AUX, with
and without the logarithm, with the sign that its authors intend.

The preset ``laptop`` is a stand-in that needs no faces: digits placed at random, odd or even, with five
points of their ink, in the same network. Their points vary more than those of aligned faces, so λ is smaller
by a factor of about thirty.
"""

from typing import Any

import pandas as pd

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import train_and_test
from mtlcore.experiments.projection._methods import MULTITASK, at, compared
from mtlcore.models import MultiTaskModel, face_net
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

LAMBDAS = [300, 1000, 3000, 10000, 30000]
PROJECTION = "Projection(lam={lam})"
ADAPTIVE = [
    f"OLAux(initial={{lam}}, beta={beta}, log={log})"
    for beta in (1e2, 1e3, 1e4, 1e5)
    for log in (True, False)
]
"""Figures 14 and 15."""

PAPER: dict[str, Any] = {
    "seed": list(range(10)),
    "method": [
        "SingleTask",
        *at(LAMBDAS, MULTITASK, *compared(["whole", "variable"], [1, 0.01]), *ADAPTIVE),
    ],
    "data": "celeba-landmarks",
    "images": 10_000,
    "data_seed": 0,
    "epochs": 200,
    "patience": 10,
    "batch_size": 100,
    "lr": 1e-3,
}
LAPTOP = PAPER | {
    "seed": list(range(3)),
    "method": ["SingleTask", *at([1, 10, 100, 1000], MULTITASK, PROJECTION)],
    "data": "placed-digits",
    "images": 500,
    "epochs": 40,
}
SMOKE = LAPTOP | {"seed": [0], "images": 20, "epochs": 2, "batch_size": 10}


def run(config: Config, device: str) -> Result:
    """Train until the main task's validation AUC has not risen for ten epochs, and test the best epoch.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The main task's AUC on the test split, and on the validation split at the best and at the last epoch;
        no curve.
    """
    data = load(config["data"], images=config["images"], seed=config["data_seed"])
    main = data.tasks[0].name

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        found = evaluate(model, data.test, data.tasks)
        auc = history[f"validation_auc.{main}"]
        return {
            "test_auc": found[f"auc.{main}"],
            "test_mse.landmarks": found["mse.landmarks"],
            "validation_auc": float(auc.max()),
            "validation_auc.final": float(auc.iloc[-1]),
            "best_epoch": int(history["epoch"][auc.argmax()]),
            "epochs_made": len(history),
        }

    return train_and_test(
        config,
        device,
        lambda config: (data, face_net()),
        test=test,
        curve=lambda history, data: history.iloc[:0],
        patience=config["patience"],
        monitor=main,
    )


experiment = Experiment(
    name="projection-celeba",
    title="An attribute of a face, with landmarks as auxiliary task",
    source="Projection paper, Figures 4, 10, 14 and 15",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
