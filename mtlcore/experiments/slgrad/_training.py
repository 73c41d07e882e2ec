"""One training with the weights of its samples: its row and its curve.

The main task is the first. Every epoch is tested; the best epoch is that with the least main loss on the
validation split. A run whose loss overflows ends there; what it measured in earlier epochs counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from mtlcore.experiments.engine.experiment import Config, Result
from mtlcore.methods import Method, OLAux, SLGrad, make
from mtlcore.models import MultiTaskModel
from mtlcore.signals import NonFiniteError, Signals
from mtlcore.tasks import MultiTaskData
from mtlcore.train import evaluate

Start = Callable[[Config], tuple[MultiTaskData, MultiTaskModel, Tensor]]
"""Makes the data, the network (from torch's global random numbers), and which labels are noisy, (T, N)."""

LARGE = 3.0
"""A weight is large if it is more than so many times that of uniform weights."""


class Watched(Signals):
    """A step that keeps the weights of its samples."""

    sample_weights: Tensor | None = None

    def backward_samples(self, weights: Tensor) -> None:
        """Keep the weights, and go on as :meth:`mtlcore.Signals.backward_samples`.

        Parameters
        ----------
        weights : Tensor, shape (T, N)
            Weight of each sample's loss.
        """
        self.sample_weights = weights
        super().backward_samples(weights)


def method_of(config: Config) -> Method:
    """Make the method, with the learning rate of the training.

    Parameters
    ----------
    config : dict
        The configuration: ``method`` and ``lr``. A look-ahead is in units of ``lr``.

    Returns
    -------
    method : Method
        Its random numbers are those of the ``seed``.
    """
    method = make(config["method"])
    if isinstance(method, OLAux):
        method.lr = config["lr"]
    if isinstance(method, SLGrad) and method.lookahead is not None:
        method.lookahead *= config["lr"]
    method.seed(config["seed"])
    return method


def train(start: Start, config: Config, device: str) -> Result:
    """Train once, and test after every epoch.

    Parameters
    ----------
    start : callable
        Makes data, network, and which training labels are noisy.
    config : dict
        The configuration: ``seed``, ``method``, ``lr``, perhaps ``momentum``, ``epochs``, ``batch_size``,
        ``measured`` (validation samples that a step sees), ``every`` (a row of the curve each so many
        epochs), and what ``start`` asks for.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Main loss and main metric on the validation and test split, at the best epoch and at the last; the
        mean over all epochs of the total weight of each task; steps a second. The curve has these losses, the
        training loss, the total weights, and for tasks with noisy labels the weights of clean and of noisy
        samples: their mean, with 1 for uniform weights, and the share that is zero, and that is large.
    """
    torch.manual_seed(config["seed"])
    data, model, noisy = start(config)
    model.to(device)
    method = method_of(config).to(device)
    momentum = config.get("momentum", 0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=momentum, fused=True)
    order = torch.Generator().manual_seed(config["seed"])
    training, validation, testing = (s.to(device) for s in (data.train, data.validation, data.test))
    curve: list[dict[str, Any]] = []
    seconds, steps = 0.0, 0
    for epoch in range(1, config["epochs"] + 1):
        begun, losses, weights = time.perf_counter(), 0.0, torch.zeros(noisy.shape)
        try:
            for index in torch.randperm(len(training), generator=order).split(config["batch_size"]):
                held_out = None
                if method.validates:
                    drawn = torch.randperm(len(validation), generator=order)[: config["measured"]]
                    held_out = validation.read(drawn)
                optimizer.zero_grad()
                step = Watched(model, training.read(index), data.tasks, held_out)
                losses += float(step.losses[0]) * len(index)
                weights[:, index] = _relative(method.backward(step), step, len(index))
                optimizer.step()
                method.after_step(step)
                steps += 1
            seconds += time.perf_counter() - begun
            found = {"epoch": epoch, "train_loss": losses / len(training)}
            for name, split in (("validation", validation), ("test", testing)):
                measured = evaluate(model, split, data.tasks)
                found |= {f"{name}_{key}": measured[f"{key}.{data.tasks[0].name}"] for key in _measures(data)}
        except NonFiniteError:
            break
        method.end_epoch()
        curve.append(found | _of_tasks(weights, data) | _of_samples(weights, noisy, data))
    row = _best_and_last(pd.DataFrame(curve), data) | {"steps_per_second": steps / max(seconds, 1e-9)}
    every = config["every"]
    return Result(row, [point for point in curve if point["epoch"] == 1 or point["epoch"] % every == 0])


def _measures(data: MultiTaskData) -> tuple[str, str]:
    return "loss", data.tasks[0].main


def _relative(of_tasks: Tensor | None, step: Watched, samples: int) -> Tensor:
    """Weights (T, N) of the samples of a step, of mean 1; all zero where no step was taken."""
    assert of_tasks is not None
    weights = step.sample_weights
    if weights is None:
        weights = (of_tasks / samples).unsqueeze(1).expand(-1, samples)
    weights = weights.detach().float().cpu()
    total = weights.sum()
    return weights * (weights.numel() / total) if total else torch.zeros_like(weights)


def _of_tasks(weights: Tensor, data: MultiTaskData) -> dict[str, float]:
    shares = weights.mean(1) / len(weights)
    return {f"total.{task.name}": float(share) for task, share in zip(data.tasks, shares, strict=True)}


def _of_samples(weights: Tensor, noisy: Tensor, data: MultiTaskData) -> dict[str, float]:
    found = {}
    for task, own, mask in zip(data.tasks, weights, noisy, strict=True):
        if mask.any():
            for kind, chosen in (("clean", own[~mask]), ("noisy", own[mask])):
                found[f"weight.{task.name}.{kind}"] = float(chosen.mean())
                found[f"zero.{task.name}.{kind}"] = float((chosen == 0).double().mean())
                found[f"large.{task.name}.{kind}"] = float((chosen > LARGE).double().mean())
    return found


def _best_and_last(curve: pd.DataFrame, data: MultiTaskData) -> dict[str, Any]:
    columns = [f"{split}_{key}" for split in ("validation", "test") for key in _measures(data)]
    totals = [f"total.{task.name}" for task in data.tasks]
    row: dict[str, Any] = {"epochs_done": len(curve), "best_epoch": None}
    row |= dict.fromkeys([f"{c}.{when}" for c in columns for when in ("best", "last")] + totals)
    if len(curve):
        best = curve["validation_loss"].argmin()
        row["best_epoch"] = int(best) + 1
        for name in columns:
            row |= {f"{name}.best": float(curve[name][best]), f"{name}.last": float(curve[name].iloc[-1])}
        row |= {name: float(curve[name].mean()) for name in totals}
    return row
