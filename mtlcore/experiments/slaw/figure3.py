"""SLAW's Figure 3: do the deviations of the losses estimate the norms of the gradients?

In each run, at one random update, the weight of one random task by SLAW's statistics (Equation 9) stands
against its weight by the true gradient norms (Equation 4). The paper samples updates 10 to 1,000 and does
not say which weights train the network. Its public code samples from 100 on, where the arithmetic start
of its statistics is over, trains with constant weights, and takes the norms on the last shared layer.
Constant weights do not test SLAW as it is used, so here the network is also trained with SLAW's own.
"""

from typing import Any

import torch
from torch import Tensor

from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slaw._regression import CONSTANT, SETTINGS, SMALL, TASKS, adam, batches, start
from mtlcore.methods import make
from mtlcore.signals import Signals

UNUSED = ("evaluate_every", "figure_updates", "test_samples")

FIRST = {"SLAW": 100, "SLAW(init='zero')": 10}
"""The first update that may be sampled: the public code's, and the paper's with the averages as printed."""


def _grids(seeds: int, **settings: Any) -> list[dict[str, Any]]:
    """Each of the two statistics, with constant weights and with its own: seed by seed."""
    fixed = {key: value for key, value in SETTINGS.items() if key not in UNUSED}
    return [
        {"seed": [seed], "statistics": [slaw], "trained_with": [CONSTANT, slaw]}
        | fixed
        | {"updates": 1_000}
        | settings
        for seed in range(seeds)
        for slaw in FIRST
    ]


PAPER = _grids(120)
LAPTOP = _grids(40)
SMOKE = _grids(2, **{key: SMALL[key] for key in ("train_samples", "batch_size")}, updates=120)


def run(config: Config, device: str) -> Result:
    """Train up to a random update and compare a random task's weight there: SLAW's, and by gradient norms.

    ``true`` is by the gradient norms on the last shared layer, ``true_all`` on all shared parameters.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Update, task and the three weights; no curve.
    """
    draw = torch.Generator().manual_seed(config["seed"])
    first = FIRST[config["statistics"]]
    at = int(torch.randint(first, config["updates"] + 1, (), generator=draw))
    task = int(torch.randint(TASKS, (), generator=draw))

    model, data = start(config | {"test_samples": 1}, device)
    slaw = make(config["statistics"]).to(device)
    trained_with = slaw if config["trained_with"] == config["statistics"] else make(config["trained_with"])
    optimizer = adam(config, model, slaw)
    for update, batch in batches(config, data.train.to(device)):
        optimizer.zero_grad()
        signals = Signals(model, batch, data.tasks)
        estimated = slaw.weights(signals.losses)
        if update == at:
            break
        weights = estimated if trained_with is slaw else trained_with.weights(signals.losses)
        signals.backward(weights, heads=weights)
        optimizer.step()
        trained_with.after_step(signals)
    weights_of = {
        "estimated": estimated,
        "true": _inverse(signals.norms()),
        "true_all": _inverse(signals.norms(list(model.shared_parameters()))),
    }
    return Result({"update": at, "task": task + 1, **{k: float(w[task]) for k, w in weights_of.items()}})


def _inverse(norms: Tensor) -> Tensor:
    """Weights that bring gradients of these norms to one length, with sum T (SLAW paper, Equation 4)."""
    return len(norms) / norms / (1 / norms).sum()


experiment = Experiment(
    name="slaw-figure3",
    title="Weights by the deviations of the losses against weights by the gradient norms",
    source="SLAW paper, Figure 3",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
    methods=("statistics", "trained_with"),
)
