"""What a training step costs: every method beside equal weighting."""

from typing import Any

from mtlcore.bench import LOOP, OURS, PEERS, PLAIN
from mtlcore.experiments.cost._grid import LARGE, LIMITS, TINY, grid, run
from mtlcore.experiments.engine.experiment import Experiment

BATCH = {"MLP": 512, "LeNet": 128, "ResNet": 32}
TASKS = {"MLP": [2, 10, 40, 128], "LeNet": [2, 10, 40], "ResNet": [2, 10]}
PEER_TASKS = {"MLP": [10, 40], "LeNet": [10, 40]}


def _costs(**limits: float) -> list[dict[str, Any]]:
    ours, sizes = [PLAIN, LOOP, *OURS], [32, 64, 256, 512]
    return [
        *(grid(network, TASKS[network], [BATCH[network]], ours, **limits) for network in BATCH),
        *(
            grid(network, tasks, [BATCH[network]], list(PEERS), **limits)
            for network, tasks in PEER_TASKS.items()
        ),
        grid("LeNet", [2, 10], sizes, ["SLGrad"], **limits),
        grid("MLP", [512], [512], ["MGDA(level='features')"], **limits),
    ]


experiment = Experiment(
    name="step-cost",
    title="Time and memory of a step, as ratios to equal weighting",
    source="ours; SLAW paper, Figure 2, for the MLP",
    presets={
        "smoke": [grid("LeNet", [2], [16], ["SLAW", "PCGrad by torchjd autojac"], **TINY)],
        "laptop": _costs(**LIMITS | {"turn_seconds": 0.5, "least_turns": 3}),
        "paper": _costs(**LARGE),
    },
    run=run,
    not_methods=[PLAIN, LOOP, *PEERS],
)
