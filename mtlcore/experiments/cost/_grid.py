"""Grids and runs of the experiments on the cost of a training step.

One run is one row of :func:`mtlcore.bench.measure`, with numbers made up at random instead of data: the
cost does not depend on them. The steps need the machine to themselves, so these runs are made one at a time.
"""

import multiprocessing
from typing import Any

from mtlcore.bench import measure
from mtlcore.experiments.engine.experiment import Config, Result

LIMITS = {"cpu_threads": 2, "turn_seconds": 1.0, "least_turns": 5, "step_seconds": 20.0, "memory_gb": 8.0}
LARGE = LIMITS | {"turn_seconds": 5.0, "step_seconds": 60.0, "memory_gb": 64.0}
TINY = LIMITS | {"turn_seconds": 0.1}


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


def grid(
    network: str, tasks: list[int], batch: list[int], method: list[str], **limits: float
) -> dict[str, Any]:
    return {"seed": [0], "network": [network], "tasks": tasks, "batch": batch, "method": method, **limits}
