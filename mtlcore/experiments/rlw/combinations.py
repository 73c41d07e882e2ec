"""The random-weighting paper's Table 4 on two digits: gradient methods with and without random weights.

The paper compares them on NYUv2: that is part of the preset ``paper`` of ``rlw-nyuv2``. Here the preset
``paper`` is the whole grid, every rate at every seed, of which ``laptop`` is the part that the chapter needs.

All contestants are on the scale of a mean: with equal gradients the update of the shared parameters is their
mean. So each gradient method has ``scale='mean'``, and random weights that come before one have sum T, 1 on
average.
"""

from typing import Any

from mtlcore.experiments import two_digits
from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.rlw._methods import AT_FEATURES
from mtlcore.methods import METHODS, canonical

GRADIENTS = [
    name if "(" in name or METHODS[name].published == "mean" else f"{name}(scale='mean')"
    for name in AT_FEATURES
]
"""The table's gradient methods, on the scale of a mean."""

WITH_RLW = {name: canonical(f"Compose(RLW(scale='sum'), {name})") for name in GRADIENTS}
"""Each of them, and its combination with random loss weights."""

PAIRS = {"Static": "RLW"} | WITH_RLW
"""The table's rows: alone, and with random weights. The first row is "Vanilla"."""

CONTESTANTS = [*PAIRS, *PAIRS.values()]

PAPER: dict[str, Any] = {
    "seed": [*two_digits.CHOOSING, *two_digits.TESTED],
    "method": CONTESTANTS,
    "lr": two_digits.RATES,
    "architecture": "hps",
    **two_digits.COMMON,
}
"""Every rate at every seed."""

CHOSEN: dict[str, float] = dict.fromkeys(CONTESTANTS, 0.01) | {"RotoGrad(scale='mean')": 0.02}
"""What :func:`mtlcore.experiments.two_digits.choose` finds in the rows of the choosing seeds."""

LAPTOP = [PAPER | {"seed": two_digits.CHOOSING}, *two_digits.tested(PAPER, ["method"], CHOSEN)]
"""Every rate at the choosing seeds, and the chosen rates at the others."""

SMOKE = PAPER | two_digits.TINY | {"seed": [0]}

experiment = Experiment(
    name="rlw-combinations",
    title="Two digits: gradient methods alone and with random loss weights",
    source="random-weighting paper, Table 4",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=two_digits.run,
)
