"""Grids and runs of the experiments on the cost of a training step.

One run is one row of :func:`mtlcore.bench.measure`, on random numbers instead of data, because the
cost does not depend on them. The runs are made one at a time, so that nothing else slows a step down.
"""

import multiprocessing
from typing import Any

from mtlcore.bench import measure
from mtlcore.experiments.engine.experiment import Config, Result

LIMITS = {"cpu_threads": 2, "turn_seconds": 1.0, "least_turns": 5, "step_seconds": 20.0, "memory_gb": 8.0}
LARGE = LIMITS | {"turn_seconds": 5.0, "step_seconds": 60.0, "memory_gb": 64.0}
"""``turn_seconds`` is the time of the comparison with equal weighting; a step that takes longer than
``step_seconds`` or needs more than ``memory_gb`` is given up."""

TINY = LIMITS | {"turn_seconds": 0.1}


def run(config: Config, device: str) -> Result:
    """Measure one step.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The row of :func:`mtlcore.bench.measure`; no curve.

    Raises
    ------
    ValueError
        In a process that another one started: other runs would be timed at the same time.
    """
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
    """Declare steps on one network.

    Parameters
    ----------
    network : str
        A key of :data:`mtlcore.bench.NETWORKS`.
    tasks, batch : list of int
        Numbers of tasks and of samples a mini-batch.
    method : list of str
        Names of steps, see :func:`mtlcore.bench.make_step`.
    **limits : float
        :data:`LIMITS`, or others.

    Returns
    -------
    grid : dict
        The grid.
    """
    return {"seed": [0], "network": [network], "tasks": tasks, "batch": batch, "method": method, **limits}
