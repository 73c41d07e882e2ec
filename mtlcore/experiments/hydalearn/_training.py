"""What the experiments of the HydaLearn paper share: networks, one training, its row and its curve.

Settings: HydaLearn paper, Sections "Simulation Study" and "Setup", and its appendix. Our choices, where the
paper is silent or contradicts itself:

* Activations are ReLU. The widths of the heads are the appendix's (the text has them the other way round).
* W, the sum of HydaLearn's weights, is 2, as that of GradNorm, of ``Static``, and of OL-AUX and CosSim at the
  start. The throw-away steps have the learning rate of the network, as has OL-AUX's rule.
* HydaLearn measures the main metric on a sample of a split, drawn anew for every step.
* A run whose loss overflows ends there; what it measured in earlier epochs counts.

Every epoch is tested. The best epoch is that with the best main metric on the validation split.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.methods import HydaLearn, Method, OLAux, make
from mtlcore.models import MultiTaskModel
from mtlcore.signals import NonFiniteError, Signals
from mtlcore.tasks import Batch, MultiTaskData
from mtlcore.train import evaluate

Start = Callable[[Config], tuple[MultiTaskData, MultiTaskModel]]
"""Makes the data and, from torch's global random numbers, the network."""


def network(sample: Batch, shared: list[int], head: list[int]) -> MultiTaskModel:
    """Make a network with hidden layers in its heads.

    Parameters
    ----------
    sample : Batch
        Samples that it has to fit: one output for each entry of a target.
    shared : list of int
        Widths of the shared hidden layers.
    head : list of int
        Widths of the hidden layers of each head.

    Returns
    -------
    model : MultiTaskModel
        Every hidden layer is followed by ReLU.
    """
    assert isinstance(sample.inputs, Tensor)
    outputs = [y[0].numel() for y in sample.targets]

    def hidden(widths: list[int]) -> list[nn.Module]:
        return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]

    trunk = nn.Sequential(*hidden([sample.inputs.shape[1], *shared]))
    heads = [nn.Sequential(*hidden([shared[-1], *head]), nn.Linear(head[-1], k)) for k in outputs]
    return MultiTaskModel(trunk, heads)


def method_of(config: Config, data: MultiTaskData) -> Method:
    """Make the method, with what it has from the training: the learning rate and the main metric.

    Parameters
    ----------
    config : dict
        The configuration: ``method``, ``lr``, and perhaps ``trial``, the length of HydaLearn's throw-away
        steps, by default ``lr``.
    data : MultiTaskData
        The data; the first task is the main one.

    Returns
    -------
    method : Method
        HydaLearn's metric is that of the main task, turned round where lower is better.
    """
    method = make(config["method"])
    if isinstance(method, OLAux):
        method.lr = config["lr"]
    if isinstance(method, HydaLearn):
        method.lr = config["trial"] if "trial" in config else config["lr"]
        task = data.tasks[0]
        sign = 1 if task.higher_is_better else -1

        def metric(outputs: Tensor, targets: Tensor) -> float:
            if not outputs.isfinite().all():
                raise NonFiniteError(f"task {task.name!r}: the outputs after a throw-away step overflow")
            return sign * task.metrics(outputs, targets)[task.main]

        method.metric = metric
    method.seed(config["seed"])
    return method


def train(start: Start, config: Config, device: str) -> Result:
    """Train once, and test after every epoch.

    Parameters
    ----------
    start : callable
        Makes the data and the network.
    config : dict
        The configuration: ``seed``, ``method``, ``lr``, ``epochs``, ``batch_size``, ``measured`` (the
        samples that HydaLearn sees in a step), perhaps ``measured_on`` (of which split, by default
        ``"validation"``), and what ``start`` asks for.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The main metric on validation and test split, at the best epoch and at the last; mean and standard
        deviation over the steps of the auxiliary task's share of the weights, from the second epoch on; steps
        a second. The curve has one row an epoch.
    """
    torch.manual_seed(config["seed"])
    data, model = start(config)
    model.to(device)
    method = method_of(config, data).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], fused=True)
    order = torch.Generator().manual_seed(config["seed"])
    training, validation, testing = (s.to(device) for s in (data.train, data.validation, data.test))
    measured = {"validation": validation, "training": training}[config.get("measured_on", "validation")]
    curve: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    seconds = 0.0
    for epoch in range(1, config["epochs"] + 1):
        begun = time.perf_counter()
        try:
            for batch in training.batches(config["batch_size"], order):
                held_out = None
                if method.validates:
                    drawn = torch.randperm(len(measured), generator=order)[: config["measured"]]
                    held_out = measured.read(drawn)
                optimizer.zero_grad()
                signals = Signals(model, batch, data.tasks, held_out)
                weights = method.backward(signals)
                assert weights is not None
                optimizer.step()
                method.after_step(signals)
                own, other = weights.tolist()
                share = other / (own + other) if own + other else 0.5
                steps.append({"epoch": epoch, "share": share, "positives": int(batch.targets[0].eq(1).sum())})
            seconds += time.perf_counter() - begun
            found = {
                f"{name}_{key}": value
                for name, split in (("validation", validation), ("test", testing))
                for key, value in evaluate(model, split, data.tasks).items()
            }
        except NonFiniteError:
            break
        method.end_epoch()
        curve.append({"epoch": epoch} | found)
    return _summary(data, pd.DataFrame(curve), pd.DataFrame(steps), len(steps) / max(seconds, 1e-9))


def _summary(data: MultiTaskData, curve: pd.DataFrame, steps: pd.DataFrame, speed: float) -> Result:
    """Row and curve from what was measured after every epoch, and from the share in every step."""
    main = data.tasks[0]
    row: dict[str, Any] = dict.fromkeys(("best_epoch", "validation.best", "test.best", "test.final"))
    if len(curve):
        columns = [f"{split}_{main.main}.{main.name}" for split in ("validation", "test")]
        on_validation, on_test = (curve[name].to_numpy() for name in columns)
        best = int(on_validation.argmax() if main.higher_is_better else on_validation.argmin())
        row["best_epoch"] = best + 1
        row["validation.best"], row["test.best"] = float(on_validation[best]), float(on_test[best])
        row["test.final"] = float(on_test[-1])
    later = steps[steps["epoch"] > 1]["share"]
    row |= {"share.mean": float(later.mean()), "share.sd": float(later.std()), "epochs_done": len(curve)}
    kinds = {"share": steps["epoch"] > 0}
    if not data.train.targets[0].is_floating_point():
        kinds |= {"share_positive": steps["positives"] > 0, "share_negative": steps["positives"] == 0}
    for name, chosen in kinds.items():
        by_epoch = steps[chosen].groupby("epoch")["share"]
        if len(curve):
            curve[name] = curve["epoch"].map(by_epoch.mean())
        if name != "share":
            row[name] = float(steps[chosen & (steps["epoch"] > 1)]["share"].mean())
    row = {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in row.items()}
    return Result(row | {"steps_per_second": speed}, curve.to_dict("records"))
