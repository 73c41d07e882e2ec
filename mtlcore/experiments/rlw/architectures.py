"""The random-weighting paper's Table 5 on two digits: four architectures, with and without random weights.

The paper compares them on NYUv2: that is part of the preset ``paper`` of ``rlw-nyuv2``. Here the preset
``paper`` is the whole grid, every rate at every seed, of which ``laptop`` is the part that the chapter needs.
The networks are small: a LeNet for all tasks, or one for each. With hard parameter sharing a method has the
rate that ``rlw-combinations`` chose for it, from the same grid. All methods are on the scale of a mean.
"""

from typing import Any

from mtlcore.experiments import two_digits
from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.rlw import combinations

METHODS = ["Static", "CAGrad", "RLW", "Compose(RLW(scale='sum'), CAGrad)"]

SOFT = [name for name in two_digits.ARCHITECTURES if name != "hps"]

PAPER: dict[str, Any] = {
    "seed": [*two_digits.CHOOSING, *two_digits.TESTED],
    "architecture": [*two_digits.ARCHITECTURES],
    "method": METHODS,
    "lr": two_digits.RATES,
    **two_digits.COMMON,
}
"""Every rate at every seed."""

CHOSEN: dict[tuple[str, str], float] = {
    ("cross-stitch", "Static"): 0.01,
    ("cross-stitch", "CAGrad"): 0.005,
    ("cross-stitch", "RLW"): 0.01,
    ("cross-stitch", "Compose(RLW(scale='sum'), CAGrad)"): 0.005,
    ("mtan", "Static"): 0.02,
    ("mtan", "CAGrad"): 0.02,
    ("mtan", "RLW"): 0.02,
    ("mtan", "Compose(RLW(scale='sum'), CAGrad)"): 0.02,
    ("nddr-cnn", "Static"): 0.02,
    ("nddr-cnn", "CAGrad"): 0.01,
    ("nddr-cnn", "RLW"): 0.01,
    ("nddr-cnn", "Compose(RLW(scale='sum'), CAGrad)"): 0.02,
}
"""What :func:`mtlcore.experiments.two_digits.choose` finds in the rows of the choosing seeds."""

HARD = {("hps", name): combinations.CHOSEN[name] for name in METHODS}
"""The rates of hard parameter sharing."""

LAPTOP = [
    PAPER | {"seed": two_digits.CHOOSING, "architecture": SOFT},
    *two_digits.tested(PAPER, ["architecture", "method"], HARD | CHOSEN),
]
"""Every rate at the choosing seeds, and the chosen rates at the others."""

SMOKE = PAPER | two_digits.TINY | {"seed": [0]}

experiment = Experiment(
    name="rlw-architectures",
    title="Two digits: four architectures, with and without random loss weights",
    source="random-weighting paper, Table 5",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=two_digits.run,
)
