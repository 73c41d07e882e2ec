"""HydaLearn's Tables 3 and 4: one of its parts taken out at a time.

On the data of :mod:`mtlcore.experiments.hydalearn.default` and of
:mod:`mtlcore.experiments.hydalearn.mortality`, with the paper's beta of 3 and one learning rate for all
variants of a data set: the one at which the full algorithm had the best validation AUC there. "training"
measures the gains on as many training samples as the others take validation samples; the paper takes the
whole training split.
"""

from typing import Any

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.hydalearn import default, mortality
from mtlcore.experiments.hydalearn._real import run

FULL = "HydaLearn(beta=3.0, total=2.0)"
NOT_NORMALISED = "HydaLearn(beta=3.0, total=2.0, normalise=False)"
NOT_SCALED_DOWN = "HydaLearn(beta=3.0, total=2.0, downscale=False)"

VARIANTS = {
    "ExpImp-0": (FULL, "validation"),
    "ExpImp-1": (NOT_NORMALISED, "validation"),
    "ExpImp-2": (FULL, "training"),
    "ExpImp-3": (NOT_SCALED_DOWN, "validation"),
}
"""Method, and where its gains are measured, by the paper's names."""

RATES: dict[str, float] = {"mortgage": 0.3, "physionet2012": 0.1}
"""The learning rate of each data set."""


def _grids(seeds: list[int], settings: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"seed": [seed], "variant": [variant], "method": method, "measured_on": where} | settings
        for seed in seeds
        for variant, (method, where) in VARIANTS.items()
    ]


SETTINGS = [module.COMMON | {"lr": RATES[module.COMMON["data"]]} for module in (default, mortality)]

LAPTOP = [grid for settings in SETTINGS for grid in _grids([1, 2, 3, 4, 5], settings)]
PAPER = [grid for settings in SETTINGS for grid in _grids(list(range(10)), settings | {"epochs": 50})]
SMOKE = _grids([0], SETTINGS[0] | {"data": "synthetic-loans", "epochs": 2})


experiment = Experiment(
    name="hydalearn-ablations",
    title="HydaLearn with one of its parts taken out: AUC on two data sets",
    source="HydaLearn paper, Tables 3 and 4",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
