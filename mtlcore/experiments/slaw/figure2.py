"""SLAW's Figure 2: average precision and time of a step against the number of virtual-screening tasks.

Settings: SLAW paper, Section 4.3 and Appendix C. The paper's PCBA is here where the reader has it; the
laptop's runs are on ToxCast, with batches of 800 of 6,348 molecules and 128 updates instead of 40,000
of 350,000 and 900. As in the paper, the molecules are the same for every number of tasks: those that
are labelled for one of the first 32. The paper's text reports the mean of the tasks' average
precisions (AP), its code one AP of all tasks' labels pooled: both are stored.

Before a run trains, its method and equal weights take turns on one batch, each on a copy of the
network: the ratio of their times is that of one run. PCGrad is here twice: by this package, from the
Gramian, and ("plain PCGrad") as in the paper's code, from T whole gradients. The two give one update, so
plain PCGrad is timed and never trained (``epochs`` 0). It keeps all task gradients, 8.8 GB of them at 512
tasks, so it is timed up to 128. PCGrad from the Gramian with more than 32 tasks takes a laptop too long and
is timed only.
"""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from mtlcore.bench import fill_shared, one_by_one, race
from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import adam, train_and_test
from mtlcore.methods import make
from mtlcore.methods._random import orders
from mtlcore.models import MultiTaskModel, mlp
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, MultiTaskData, Split, Task, average_precision

CONSTANT = "Static(scale='sum')"
METHODS = [CONSTANT, "SLAW", "GradNorm(alpha=0.12)", "PCGrad"]
"""GradNorm looks at the last shared layer; the paper's code goes back through the whole network."""

PLAIN = "plain PCGrad"
"""PCGrad as in the paper's code: :func:`plain_pcgrad`."""

SETTINGS = {
    "labelled_for": 32,
    "lr": 3e-4,
    "max_norm": 0.5,
    "hidden": 2000,
    "features": 100,
    "data_seed": 0,
}
PCBA = SETTINGS | {"data": "pcba", "batch_size": 40_000}
TOXCAST = SETTINGS | {"data": "toxcast", "batch_size": 800}
SYNTHETIC = SETTINGS | {
    "data": "synthetic-molecules",
    "batch_size": 200,
    "labelled_for": 4,
    "hidden": 32,
    "features": 8,
}


def _grid(
    seeds: int, tasks: list[int], methods: list[str], epochs: int, timed_steps: int, settings: Config
) -> dict[str, Any]:
    axes = {"seed": list(range(seeds)), "tasks": tasks, "method": methods}
    return axes | {"epochs": epochs, "timed_steps": timed_steps} | settings


FIGURE = [32, 64, 96, 128]
PRESETS = {
    "smoke": [
        _grid(2, [4, 8], METHODS, 2, 1, SYNTHETIC),
        _grid(1, [4, 8], [PLAIN], 0, 1, SYNTHETIC),
    ],
    "laptop": [
        _grid(3, [*FIGURE, 512], METHODS[:3], 16, 5, TOXCAST),
        _grid(3, [32], ["PCGrad"], 16, 5, TOXCAST),
        _grid(3, [64, 96, 128], ["PCGrad"], 0, 3, TOXCAST),
        _grid(1, [512], ["PCGrad"], 0, 1, TOXCAST),
        _grid(1, FIGURE, [PLAIN], 0, 1, TOXCAST),
    ],
    "paper": [
        _grid(5, FIGURE, METHODS, 100, 5, PCBA),
        _grid(1, FIGURE, [PLAIN], 0, 5, PCBA),
    ],
}


def run(config: Config, device: str) -> Result:
    """Time the method's step beside that of equal weights, then train once and test at the end.

    ``step_ratio`` is the median over the turns of the ratio within a turn. A task without a positive test
    label has no AP; ``tasks_with_ap`` says how many tasks the mean is over.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Times and average precisions; a curve with one row an epoch. Where ``epochs`` is 0, only times.
    """
    data = load(
        config["data"],
        tasks=config["tasks"],
        labelled_for=config["labelled_for"],
        seed=config["data_seed"],
    )
    assert isinstance(data.train.inputs, Tensor)
    torch.manual_seed(config["seed"])
    widths = (data.train.inputs.shape[1], config["hidden"], config["features"])
    model = mlp(widths, (2,) * len(data.tasks)).to(device)
    optimizer = adam(config, fused=True)

    times = _time(model, data, optimizer, config, device)
    updates = math.ceil(len(data.train) / config["batch_size"])  # an epoch
    row = {"updates": config["epochs"] * updates, "molecules": len(data.train), **times}
    if not config["epochs"]:
        return Result(row)

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        return row | measure(model, data.test.to(device))

    def curve(history: pd.DataFrame, data: MultiTaskData) -> pd.DataFrame:
        return history[["epoch"]].assign(
            update=updates * history["epoch"],
            train_seconds=history["seconds"].cumsum(),
            train_loss=history.filter(like="train_loss.").mean(axis=1),
            validation_ap=history.filter(like="validation_average_precision.").mean(axis=1),
        )

    return train_and_test(
        config, device, lambda _: (data, model), test=test, curve=curve, optimizer=optimizer
    )


@torch.no_grad()
def measure(model: MultiTaskModel, split: Split) -> dict[str, float]:
    """Measure the mean of the tasks' average precisions (AP), and the AP of all labels pooled.

    Parameters
    ----------
    model : MultiTaskModel
        The network.
    split : Split
        The test split, on the same device.

    Returns
    -------
    row : dict of str to float
        ``test_ap.mean``, ``tasks_with_ap`` and ``test_ap.pooled``.
    """
    batch = split.read(slice(None))
    with model.evaluating():
        outputs = model(batch.inputs)
    each = np.array([average_precision(o, y) for o, y in zip(outputs, batch.targets, strict=True)])
    return {
        "test_ap.mean": float(np.nanmean(each)),
        "tasks_with_ap": int(np.isfinite(each).sum()),
        "test_ap.pooled": average_precision(torch.cat(outputs), torch.cat(batch.targets)),
    }


def plain_pcgrad(model: MultiTaskModel, batch: Batch, tasks: Sequence[Task], generator: Generator) -> None:
    """Fill ``.grad`` with PCGrad's update without a Gramian (Yu et al. 2020, Algorithm 1).

    Parameters
    ----------
    model : MultiTaskModel
        The network with D shared parameters.
    batch : Batch
        The mini-batch.
    tasks : sequence of T Task
        The tasks.
    generator : Generator
        Source of the random orders.

    Notes
    -----
    Cost: 1 forward, T backward passes through the whole network, and up to T (T - 1) projections of vectors
    of length D.
    """
    outputs = model(batch.inputs)
    pairs = (task.sample_losses(*x) for task, *x in zip(tasks, outputs, batch.targets, strict=True))
    gradients = one_by_one(model, [losses.sum() / labelled.sum() for losses, labelled in pairs])
    squares = [g @ g for g in gradients]
    update = torch.zeros_like(gradients[0])
    for gradient, others in zip(gradients, orders(len(tasks), generator).tolist(), strict=True):
        projected = gradient.clone()
        for j in others:
            overlap = projected @ gradients[j]
            if overlap < 0:
                projected.sub_(gradients[j], alpha=(overlap / squares[j]).item())
        update += projected
    fill_shared(model, update)


def _time(
    model: MultiTaskModel,
    data: MultiTaskData,
    optimizer: Callable[..., torch.optim.Optimizer],
    config: Config,
    device: str,
) -> dict[str, float]:
    """Seconds of the method's step and of equal weights' (forward, backward, optimiser), and their ratio.

    Every step is taken once before, but for one that is timed only once because it takes long.
    """
    batch = data.train.read(torch.arange(config["batch_size"])).to(device)

    def step(name: str) -> Callable[[], dict[str, int]]:
        mine = copy.deepcopy(model)
        stepping = optimizer(mine.parameters())
        method = None if name == PLAIN else make(name).to(device)
        generator = torch.Generator().manual_seed(config["seed"])

        def one() -> dict[str, int]:
            stepping.zero_grad()
            if method is None:
                plain_pcgrad(mine, batch, data.tasks, generator)
            else:
                method.backward(Signals(mine, batch, data.tasks))
            stepping.step()
            return {}

        return one

    steps = {"constant": step(CONSTANT), "method": step(config["method"])}
    steps["constant"]()  # warm
    if config["timed_steps"] > 1:
        steps["method"]()
    times = race(steps, seconds=0, turns=config["timed_steps"], device=device)["wall"]
    return {
        "step_seconds": times["method"].median(),
        "constant_step_seconds": times["constant"].median(),
        "step_ratio": (times["method"] / times["constant"]).median(),
    }


experiment = Experiment(
    name="slaw-figure2",
    title="Average precision and time of a step against the number of tasks",
    source="SLAW paper, Figure 2",
    presets=PRESETS,
    run=run,
    not_methods=[PLAIN],
)
