"""MTRegression, where the ideal weights are known: what SLAW's Table 1, Figure 1 and Figure 3 share.

Settings: SLAW paper, Section 4.1 and Appendix C. Where text and public code differ, or the text is
silent, these are the code's: tanh (the text of Section 4.1 says ReLU), orthogonal initial weights with
gain sqrt 2 and zero biases, Adam with epsilon 1e-5, 9,900 updates (the text's 300 epochs are 9,000),
a test every 33 updates. The table's caption says "final" and the code reports the best test: both
are stored. The data are the same for every seed, as in the code.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from mtlcore.data import load
from mtlcore.data.mtregression import ideal_weights, normalised_loss, weight_error
from mtlcore.experiments.engine import training
from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.methods import Method, make
from mtlcore.models import MultiTaskModel, mlp
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, MultiTaskData, Split
from mtlcore.train import evaluate

TASKS = 10
IDEAL = ideal_weights(TASKS)

CONSTANT = "Static(scale='sum')"
IDEAL_CONSTANT = f"Static(weights={tuple(IDEAL.tolist())})"
IDEAL_SUM_10 = (
    "Static(weights=(6.452579827864142, 1.6131449569660354, 0.7169533142071268, 0.40328623924150886, "
    "0.25810319311456564, 0.1792383285517817, 0.13168530260947225, 0.10082155981037721, "
    "0.07966147935634742, 0.06452579827864141))"
)
"""The ideal weights as the text has them and, brought to sum 10, as the code does (under clipping that can
differ). Written out: a sum may be rounded differently on another machine, and the text names the run."""

UNCERTAINTY = f"UW(init={-math.log(2)})"
"""From weights of one, as in the code."""

SETTINGS = {
    "updates": 9_900,
    "evaluate_every": 33,
    "figure_updates": 2_000,
    "batch_size": 304,
    "lr": 7e-4,
    "eps": 1e-5,
    "max_norm": 0.5,
    "activation": "tanh",
    "init": "orthogonal",
    "input_std": 0.01,
    "train_samples": 9_000,
    "test_samples": 1_000,
    "data_seed": 0,
}
SMALL = {
    "updates": 8,
    "evaluate_every": 2,
    "figure_updates": 4,
    "train_samples": 120,
    "test_samples": 50,
    "batch_size": 40,
}
"""What differs at smoke size."""

THINNING = 4
"""After Figure 1's updates the curve keeps one test in so many."""


def start(config: Config, device: str) -> tuple[MultiTaskModel, MultiTaskData]:
    """Make the network, four shared layers of 100 units and ten linear heads of 100 outputs, and the data.

    Parameters
    ----------
    config : dict
        The configuration; its seed governs the initial weights. Without ``validation_samples`` there is
        one sample for validation, as nothing looks at it.
    device : str
        Device of the network.

    Returns
    -------
    model : MultiTaskModel
        The network.
    data : MultiTaskData
        The ten regressions.
    """
    data = load(
        "mtregression",
        train=config["train_samples"],
        validation=config.get("validation_samples", 1),
        test=config["test_samples"],
        input_std=config["input_std"],
        seed=config["data_seed"],
    )
    torch.manual_seed(config["seed"])
    activation = {"tanh": nn.Tanh, "relu": nn.ReLU}[config["activation"]]
    model = mlp((250, 100, 100, 100, 100), (100,) * TASKS, activation)
    if config["init"] == "orthogonal":
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight, math.sqrt(2))
                nn.init.zeros_(layer.bias)
    return model.to(device), data


def adam(config: Config, model: MultiTaskModel, method: Method) -> Optimizer:
    """Make Adam for the network and the method's own parameters.

    As in the public code, the gradients of both are clipped together; not where ``max_norm`` is None.

    Parameters
    ----------
    config : dict
        The configuration: ``lr``, ``eps`` and ``max_norm``.
    model : MultiTaskModel
        The network.
    method : Method
        The method.

    Returns
    -------
    optimizer : Optimizer
        Adam.
    """
    make_adam = training.adam(config, fused=True)
    return make_adam([{"params": list(model.parameters())}, {"params": method.learnable()}])


def batches(config: Config, train: Split) -> Iterator[tuple[int, Batch]]:
    """Iterate over the mini-batches of all updates, shuffled anew every epoch.

    Parameters
    ----------
    config : dict
        The configuration: ``seed``, ``batch_size`` and ``updates``.
    train : Split
        The training split.

    Returns
    -------
    batches : iterator of (int, Batch)
        The number of each update, from 1, and its mini-batch.
    """
    order = torch.Generator().manual_seed(config["seed"])
    epochs = (train.batches(config["batch_size"], order) for _ in count())
    return enumerate(islice(chain.from_iterable(epochs), config["updates"]), start=1)


def train(
    config: Config, device: str, splits: Sequence[str] = ("test",)
) -> tuple[list[dict[str, Any]], list[float]]:
    """Train once and measure the normalised loss (NL) and the weight error at every test.

    The training NL is the mean over the mini-batches since the last test, before each update; that of a
    split is over the whole split.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.
    splits : sequence of {"validation", "test"}, default ("test",)
        The splits that are measured.

    Returns
    -------
    tests : list of dict
        ``update``, ``train_nl``, the NL of each split, and ``weight_error``, by test.
    error : list of float
        The weight error at every update.
    """
    model, data = start(config, device)
    measured = {name: getattr(data, name).to(device) for name in splits}
    method = make(config["method"]).to(device)
    method.seed(config["seed"])
    optimizer = adam(config, model, method)
    epoch = math.ceil(len(data.train) / config["batch_size"])

    tests: list[dict[str, Any]] = []
    train_nl: list[float] = []
    error: list[float] = []
    for update, batch in batches(config, data.train.to(device)):
        optimizer.zero_grad()
        signals = Signals(model, batch, data.tasks)
        weights = method.backward(signals)
        assert weights is not None
        optimizer.step()
        method.after_step(signals)
        train_nl.append(normalised_loss(signals.losses))
        error.append(weight_error(weights))
        if update % epoch == 0:
            method.end_epoch()
        if update % config["evaluate_every"] == 0:
            recent = train_nl[-config["evaluate_every"] :]
            tests.append(
                {"update": update, "train_nl": sum(recent) / len(recent)}
                | {f"{name}_nl": _nl(model, split, data) for name, split in measured.items()}
                | {"weight_error": error[-1]}
            )
    return tests, error


def _nl(model: MultiTaskModel, split: Split, data: MultiTaskData) -> float:
    """The normalised loss on a whole split."""
    found = evaluate(model, split, data.tasks)
    return normalised_loss(torch.tensor([found[f"loss.{task.name}"] for task in data.tasks]))


def run(config: Config, device: str) -> Result:
    """Train once and summarise: best and final numbers.

    ``ideal_after`` is the first update at which the weight error was below 0.1.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Best and final numbers; a curve with one row a test.
    """
    tests, error = train(config, device)
    row = {f"{nl}.best": min(test[nl] for test in tests) for nl in ("train_nl", "test_nl")}
    row |= {f"{key}.final": tests[-1][key] for key in ("train_nl", "test_nl", "weight_error")}
    row["ideal_after"] = next((i for i, e in enumerate(error, start=1) if e < 0.1), None)
    figure = config["figure_updates"]
    return Result(row, [t for i, t in enumerate(tests) if t["update"] <= figure or (i + 1) % THINNING == 0])
