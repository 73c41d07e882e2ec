"""Beyond the paper: what else can be done with a clean validation set, when 40% of the labels are flipped?

Every arm takes the same number of steps with the same batch, and is tested after the last one. Learning rates
are chosen by the loss on further clean images that no arm trains on or looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

import pandas as pd
import torch

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slgrad._images import CHOOSING, DATA, RATES, SMALL, TINY, load_images, network
from mtlcore.methods import make
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, MultiTaskData, Split, Task
from mtlcore.train import evaluate

SMALL_LOSSES = "small losses"
"""The main task alone, on those samples of a batch with the smallest losses, as many as are clean."""

ARMS: dict[str, dict[str, Any]] = {
    "training": {"method": "Static"},
    "training + validation": {"method": "Static", "trains_on": "both"},
    "validation": {"method": "Static", "trains_on": "validation"},
    "training, then validation": {"method": "Static", "trains_on": "both in turn"},
    "main task": {"method": "SingleTask"},
    "main task, small losses": {"method": SMALL_LOSSES},
    "SLGrad": {"method": "SLGrad"},
    "SLGrad, a quarter": {"method": "SLGrad", "shown": 125},
    "SLGrad, a sixteenth": {"method": "SLGrad", "shown": 31},
    "SLGrad, noisy validation": {"method": "SLGrad", "validation_noise": 0.4},
}
"""What differs: the method, what it trains on, the validation images that SLGrad sees, and their noise."""

COMMON = SMALL | {"noise": 0.4, "trains_on": "training", "shown": 500, "validation_noise": 0.0}


Rates = Mapping[str, float | list[float]]


def grids(common: dict[str, Any], seeds: list[int], rates: Rates) -> list[dict[str, Any]]:
    """List one grid an arm.

    Parameters
    ----------
    common : dict
        Settings of all runs.
    seeds : list of int
        The seeds.
    rates : mapping from str to float or list of float
        The learning rates of each arm.

    Returns
    -------
    grids : list of dict
        In the order of the arms.
    """
    return [{"seed": seeds, "arm": [arm], "lr": lr} | common | ARMS[arm] for arm, lr in rates.items()]


CHOSEN: Rates = {
    "training": 0.1,
    "training + validation": 0.3,
    "validation": 0.03,
    "training, then validation": 0.1,
    "main task": 0.3,
    "main task, small losses": 0.01,
    **{arm: 0.01 for arm in ARMS if arm.startswith("SLGrad")},
}
"""What :func:`choose` finds in the rows of the choosing seed. SLGrad's rate is that of all its arms."""

CHOICE: Rates = {arm: RATES for arm in ARMS if not arm.startswith("SLGrad,")}
LAPTOP = grids(COMMON, [CHOOSING], CHOICE) + [
    grid for seed in (1, 2, 3) for grid in grids(COMMON, [seed], CHOSEN)
]
LARGE = {"train": 16_000, "validation": 4_000, "test": 10_000, "size": 32, "layers": 2, "epochs": 50}
PAPER = grids(COMMON | LARGE | {"shown": 4_000, "measured": 256}, [1, 2, 3], CHOSEN)
SMOKE = grids(COMMON | TINY, [0], CHOSEN)


def choose(rows: pd.DataFrame) -> dict[str, float]:
    """Choose each arm's learning rate by the loss on the further images at the choosing seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of the experiment.

    Returns
    -------
    chosen : dict from str to float
        The learning rate by arm.
    """
    rows = rows[rows["seed"] == CHOOSING].sort_values("further_loss", kind="stable")
    return rows.drop_duplicates("arm").set_index("arm")["lr"].to_dict()


def run(config: Config, device: str) -> Result:
    """Train once, and test the network of the last step.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Loss and AUC of the main task on the test images and on the further ones; no curve.
    """
    torch.manual_seed(config["seed"])
    data, further = load_images(config), _further(config)
    model = network(config).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=config["momentum"])
    order = torch.Generator().manual_seed(config["seed"])
    steps = config["epochs"] * -(-len(data.train) // config["batch_size"])
    method = None if config["method"] == SMALL_LOSSES else make(config["method"])
    shown = data.validation.read(slice(0, config["shown"]))
    for batch in _batches(data, config, order, steps):
        optimizer.zero_grad()
        if method is None:
            _small_losses(model, batch.to(device), data.tasks[0], 1 - config["noise"])
        else:
            drawn = torch.randperm(len(shown.targets[0]), generator=order)[: config["measured"]]
            held_out = Batch(shown.inputs[drawn], tuple(y[drawn] for y in shown.targets)).to(device)
            step = Signals(model, batch.to(device), data.tasks, held_out if method.validates else None)
            method.backward(step)
        optimizer.step()
        if method is not None:
            method.after_step(step)
    row: dict[str, float] = {}
    for name, split in (("test", data.test), ("further", further)):
        found = evaluate(model, split, data.tasks)
        row |= {f"{name}_{key}": found[f"{key}.{data.tasks[0].name}"] for key in ("loss", "auc")}
    return Result(row)


def _further(config: Config) -> Split:
    """Clean images after those for training and validation, as many as for validation."""
    number = config["validation"]
    used = config["train"] + number
    return load(
        config.get("data", DATA), train=used, validation=number, test=1, size=config["size"]
    ).validation


def _batches(data: MultiTaskData, config: Config, order: torch.Generator, steps: int) -> Iterator[Batch]:
    """So many batches of what the arm trains on."""
    train, validation, last = data.train, data.validation, steps // 3
    whole = [split.read(slice(None)) for split in (train, validation)]
    inputs = torch.cat([batch.inputs for batch in whole if isinstance(batch.inputs, torch.Tensor)])
    both = Split(inputs, tuple(map(torch.cat, zip(*(b.targets for b in whole), strict=True))))
    parts = {
        "training": [(train, steps)],
        "validation": [(validation, steps)],
        "both": [(both, steps)],
        "both in turn": [(train, steps - last), (validation, last)],
    }
    for split, number in parts[config["trains_on"]]:
        epochs = (split.batches(config["batch_size"], order) for _ in range(number))
        yield from islice(chain.from_iterable(epochs), number)


def _small_losses(model: MultiTaskModel, batch: Batch, task: Task, share: float) -> None:
    """Backpropagate the mean of the smallest losses of the first task."""
    losses, _ = task.sample_losses(model(batch.inputs)[0], batch.targets[0])
    losses.topk(round(share * len(losses)), largest=False).values.mean().backward()


experiment = Experiment(
    name="slgrad-validation",
    title="Ten ways to train with 40% of the labels flipped and a clean validation set",
    source="none",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
    not_methods=(SMALL_LOSSES,),
)
