"""What the experiments on real data share: the methods, their grid, and how it is chosen from.

Every method has the same learning rates and, where it has a setting of its own, the same number of values of
it, chosen by the main metric on the validation split of one seed. The paper's grids are not printed; its
choices are in Table 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.experiments.hydalearn._training import network, train
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData

OFFERED = {
    "STL": ["SingleTask"],
    "Static": ["Static(weights=(1.2308, 0.7692))", "Static(weights=(1.8, 0.2))"],
    "GradNorm": ["GradNorm", "GradNorm(alpha=0.5)"],
    "Gcosim": ["CosSim", "CosSim(lam=0.25)"],
    "Olaux": ["OLAux", "OLAux(beta=10.0)"],
    "HydaLearn": ["HydaLearn(beta=3.0, total=2.0)", "HydaLearn(total=2.0)"],
}
"""Under the paper's names, each method with the values of its one setting. The ratio 1.6 of the first
Static and HydaLearn's beta of 3 are the paper's choices."""

METHODS = [method for methods in OFFERED.values() for method in methods]

FIRST = [methods[0] for methods in OFFERED.values()]
"""One value of each setting."""

RATES = [0.03, 0.1, 0.3, 1.0]
"""The learning rates that every method is offered."""

CHOOSING = 0
"""The seed whose validation AUC chooses."""


def grids(
    common: dict[str, Any], offered: Sequence[str], chosen: Mapping[str, float], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """List the grids of the preset ``laptop``.

    Parameters
    ----------
    common : dict
        Settings of all runs.
    offered : sequence of str
        The methods with the settings that the choosing seed tries.
    chosen : mapping from str to float
        Each method with the chosen setting, and its learning rate.
    seeds : sequence of int
        The seeds of the test.

    Returns
    -------
    grids : list of dict
        All that is offered at the choosing seed, then what was chosen at each tested seed.
    """
    choosing = {"seed": [CHOOSING], "method": list(offered), "lr": RATES} | common
    return [choosing] + [
        {"seed": [seed], "method": [method], "lr": [lr]} | common
        for seed in seeds
        for method, lr in chosen.items()
    ]


def choose(rows: pd.DataFrame) -> dict[str, float]:
    """Choose each method's setting and learning rate by the validation AUC at the choosing seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows of the experiment.

    Returns
    -------
    chosen : dict from str to float
        The learning rate by method.
    """
    choosing = rows[(rows["seed"] == CHOOSING) & rows["method"].isin(METHODS)]
    name = choosing["method"].map({m: name for name, methods in OFFERED.items() for m in methods})
    ordered = choosing.assign(name=name).sort_values("validation.best", ascending=False, kind="stable")
    best = ordered.drop_duplicates("name").set_index("name").loc[list(OFFERED)]
    return dict(zip(best["method"], best["lr"], strict=True))


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
    """Load the data, divided by the seed, and make the network.

    Parameters
    ----------
    config : dict
        The configuration: ``seed``, ``data``, and the widths ``shared`` and ``head``.

    Returns
    -------
    data : MultiTaskData
        The main task first.
    model : MultiTaskModel
        The network, with one output a task.
    """
    data = load(config["data"], seed=config["seed"])
    shared, head = ([config[name]] * config[f"{name}_layers"] for name in ("shared", "head"))
    return data, network(data.train.read(slice(0, 1)), shared, head)


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
        As :func:`mtlcore.experiments.hydalearn._training.train`, with the AUC of the main task.
    """
    return train(start, config, device)
