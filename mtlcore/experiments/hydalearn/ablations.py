"""HydaLearn's Tables 3 and 4: one of its parts taken out at a time.

On the data of :mod:`mtlcore.experiments.hydalearn.default` and of
:mod:`mtlcore.experiments.hydalearn.mortality`, with the paper's beta of 3 and one learning rate for all
variants of a data set: in ``laptop`` the one at which the full algorithm had the best validation AUC there,
in ``paper``, on the data that a user brings, that of the paper's Table 6. "training" measures the gains on as
many training samples as the others take validation samples; the paper takes the whole training split.
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

RATES = {"mortgage": 0.3, "physionet2012": 0.1, "fannie-mae": 0.05, "mimic3-mortality": 0.005}
"""The learning rate of each data set."""


def _grids(seeds: list[int], settings: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"seed": [seed], "variant": [variant], "method": method, "measured_on": where} | settings
        for seed in seeds
        for variant, (method, where) in VARIANTS.items()
    ]


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"lr": RATES[given["data"]]}


LAPTOP = [grid for m in (default, mortality) for grid in _grids([1, 2, 3, 4, 5], _settings(m.COMMON))]
PAPER = [grid for m in (default, mortality) for grid in _grids(list(range(10)), _settings(m.OWN))]
SMOKE = _grids([0], _settings(default.COMMON) | {"data": "synthetic-loans", "epochs": 2})


experiment = Experiment(
    name="hydalearn-ablations",
    title="HydaLearn with one of its parts taken out: AUC on two data sets",
    source="HydaLearn paper, Tables 3 and 4",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
