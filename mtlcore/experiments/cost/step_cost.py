"""What a training step costs: every method beside equal weighting, and how the cost grows.

One run is one row of :func:`mtlcore.bench.measure`, with numbers made up at random instead of data: the
cost does not depend on them. The steps need the machine to themselves, so these runs are made one at a time.
"""

import multiprocessing
from typing import Any

from mtlcore.bench import LOOP, OURS, PEERS, PLAIN, measure
from mtlcore.experiments.engine.experiment import Config, Experiment, Result

LIMITS = {"cpu_threads": 2, "turn_seconds": 1.0, "least_turns": 5, "step_seconds": 20.0, "memory_gb": 8.0}
LARGE = LIMITS | {"turn_seconds": 5.0, "step_seconds": 60.0, "memory_gb": 64.0}
TINY = LIMITS | {"turn_seconds": 0.1}

BATCH = {"MLP": 512, "LeNet": 128, "ResNet": 32}
TASKS = {"MLP": [2, 10, 40, 128], "LeNet": [2, 10, 40], "ResNet": [2, 10]}
PEER_TASKS = {"MLP": [10, 40], "LeNet": [10, 40]}

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


def run(config: Config, device: str) -> Result:
    """Measure one step; ValueError when it would not have the machine to itself."""
    if multiprocessing.parent_process() is not None:
        raise ValueError("steps are timed one at a time: --jobs 1")
    return Result(
        measure(
            *(config[name] for name in ("network", "tasks", "batch", "method")),
            seed=config["seed"],
            device=device,
            threads=config["cpu_threads"],
            seconds=config["turn_seconds"],
            turns=config["least_turns"],
            step_seconds=config["step_seconds"],
            memory_gb=config["memory_gb"],
        )
    )


def _grid(
    network: str, tasks: list[int], batch: list[int], method: list[str], **limits: float
) -> dict[str, Any]:
    return {"seed": [0], "network": [network], "tasks": tasks, "batch": batch, "method": method, **limits}


def _costs(**limits: float) -> list[dict[str, Any]]:
    ours, sizes = [PLAIN, LOOP, *OURS], [32, 64, 256, 512]
    return [
        *(_grid(network, TASKS[network], [BATCH[network]], ours, **limits) for network in BATCH),
        *(
            _grid(network, tasks, [BATCH[network]], list(PEERS), **limits)
            for network, tasks in PEER_TASKS.items()
        ),
        _grid("LeNet", [2, 10], sizes, ["SLGrad"], **limits),
        _grid("MLP", [512], [512], ["MGDA(level='features')"], **limits),
    ]


def _scales(**limits: float) -> list[dict[str, Any]]:
    return [
        _grid("MLP", [2**k for k in range(1, 11)], [512], REPRESENTATIVES, **limits),
        _grid("MLP", [10], [2**k for k in range(5, 11)], REPRESENTATIVES, **limits),
    ]


cost = Experiment(
    name="step-cost",
    title="Time and memory of a step, as ratios to equal weighting",
    source="ours; SLAW paper, Figure 2, for the MLP",
    presets={
        "smoke": [_grid("LeNet", [2], [16], ["SLAW", "PCGrad by torchjd autojac"], **TINY)],
        "laptop": _costs(**LIMITS | {"turn_seconds": 0.5, "least_turns": 3}),
        "paper": _costs(**LARGE),
    },
    run=run,
    not_methods=[PLAIN, LOOP, *PEERS],
)

scaling = Experiment(
    name="step-scaling",
    title="Cost of a step against the number of tasks and the size of the batch",
    source="ours",
    presets={
        "smoke": [_grid("LeNet", [2, 4], [16], ["PCGrad"], **TINY)],
        "laptop": _scales(**LIMITS | {"least_turns": 3}),
        "paper": _scales(**LARGE),
    },
    run=run,
    not_methods=[PLAIN, LOOP, *PEERS],
)
