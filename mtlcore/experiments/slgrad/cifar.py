"""SLGrad's Table 3 on CIFAR-10, and Figures 3, 4, 5 and 7: ten yes-or-no tasks, flipped main labels.

The learning rate is chosen on clean labels, as in the paper's Table 5; batch and network are the same for all
methods. The preset ``paper`` has the settings of that table.
"""

from collections.abc import Sequence
from typing import Any

from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slgrad._images import CHOOSING, RATES, SMALL, TINY, grids, start
from mtlcore.experiments.slgrad._training import train

TABLE_5: dict[str, tuple[float, int, int]] = {
    "Static": (0.1, 32, 3),
    "OLAux": (0.001, 64, 2),
    "PCGrad": (0.01, 64, 2),
    "CAGrad(c=1.0)": (0.01, 64, 2),
    "CosSim": (0.001, 128, 3),
    "GradNorm": (0.1, 128, 1),
    "RLW": (0.1, 32, 2),
    "SLGrad": (0.1, 128, 2),
}
"""Learning rate, batch size, and layers of each head. CAGrad's c is the public code's."""

LOOKAHEAD = "SLGrad(lookahead=1.0)"
"""Figure 5. The length of the look-ahead is in units of the learning rate."""

NOISES = [0.0, 0.4, 0.7]

CHOSEN: dict[str, float] = {
    "Static": 0.1,
    "OLAux": 0.1,
    "PCGrad": 0.03,
    "CAGrad(c=1.0)": 0.03,
    "CosSim": 0.03,
    "GradNorm": 0.03,
    "RLW": 0.3,
    "SLGrad": 0.03,
    LOOKAHEAD: 0.03,
}
"""What :func:`mtlcore.experiments.slgrad._images.choose` finds in the rows of the choosing seed."""


def paper(noises: Sequence[Any]) -> list[dict[str, Any]]:
    """List the grids of the paper's size, with the settings of its Table 5.

    Parameters
    ----------
    noises : sequence
        Values of ``noise``.

    Returns
    -------
    grids : list of dict
        Three seeds each.
    """
    return [
        {"seed": [0, 1, 2], "method": [method], "noise": noises, "lr": lr}
        | {"train": 16_000, "validation": 4_000, "test": 10_000, "size": 32, "layers": layers, "epochs": 50}
        | {"batch_size": batch_size, "momentum": 0.9, "measured": 256, "every": 1}
        for method, (lr, batch_size, layers) in (TABLE_5 | {LOOKAHEAD: TABLE_5["SLGrad"]}).items()
    ]


LAPTOP = [
    {"seed": [CHOOSING], "method": [*TABLE_5], "noise": 0.0, "lr": RATES} | SMALL,
    *grids(SMALL, [*CHOSEN], CHOSEN, [0.4, 0.0, 0.7]),
]
SMOKE = {"seed": [0], "method": [*TABLE_5, LOOKAHEAD], "noise": 0.4, "lr": 0.1} | TINY


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
        As :func:`mtlcore.experiments.slgrad._training.train`, with the AUC of the main task.
    """
    return train(start, config, device)


experiment = Experiment(
    name="slgrad-cifar",
    title="Photographs with flipped labels: eight methods",
    source="SLGrad paper, Table 3 and Figures 3, 4, 5 and 7",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": paper(NOISES)},
    run=run,
)
