"""How the cost of a step grows with the number of tasks and the size of the batch."""

from typing import Any

from mtlcore.bench import LOOP
from mtlcore.experiments.cost._grid import LARGE, LIMITS, TINY, grid, run
from mtlcore.experiments.engine.experiment import Experiment

REPRESENTATIVES = [
    "Static",
    "SLAW",
    "PCGrad(level='features')",
    "GradNorm",
    "OLAux",
    "SLGrad",
    "PCGrad",
    LOOP,
]
"""One of each kind of cost."""


def _scales(**limits: float) -> list[dict[str, Any]]:
    return [
        grid("MLP", [2**k for k in range(1, 11)], [512], REPRESENTATIVES, **limits),
        grid("MLP", [10], [2**k for k in range(5, 11)], REPRESENTATIVES, **limits),
    ]


experiment = Experiment(
    name="step-scaling",
    title="Cost of a step against the number of tasks and the size of the batch",
    source="ours",
    presets={
        "smoke": [grid("LeNet", [2, 4], [16], ["PCGrad"], **TINY)],
        "laptop": _scales(**LIMITS | {"least_turns": 3}),
        "paper": _scales(**LARGE),
    },
    run=run,
    not_methods=[LOOP],
)
