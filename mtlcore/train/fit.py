"""fit(): epochs, early stopping, evaluation, history, and exact resume."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.optim import Optimizer
from tqdm.auto import tqdm

from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, MultiTaskData, Split, Task
from mtlcore.train.evaluate import evaluate

MakeOptimizer = Callable[[Iterable[Any]], Optimizer]
OnEpoch = Callable[[int, MultiTaskModel], Mapping[str, float]]


def fit(
    model: MultiTaskModel,
    data: MultiTaskData,
    method: Method,
    *,
    epochs: int,
    optimizer: MakeOptimizer = torch.optim.Adam,
    batch_size: int = 128,
    validation_batch_size: int | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
    patience: int | None = None,
    monitor: str | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    on_epoch: OnEpoch | None = None,
) -> pd.DataFrame:
    """Train a model on several tasks with one method.

    Parameters
    ----------
    model, data, method : what to train, on what, and how to balance it. The model is trained in place.
    epochs : passes over the training split, in all; a resumed training counts those already done.
    optimizer : makes the optimiser from the parameters, for example
        ``partial(torch.optim.SGD, lr=1e-3, momentum=0.9)``; left out, Adam with its defaults.
    batch_size : samples a step, default 128.
    validation_batch_size : validation samples that a method sees a step, if it looks at any; default: as
        many as training samples.
    seed : governs the order of the samples, the method's draws and dropout. Initial weights are the model's.
    device : where to train, default "cpu".
    patience : stop after so many epochs without a better validation value, and give back the best
        epoch's parameters; default: train all epochs and keep the last.
    monitor : task whose validation metric decides on better; default: the mean validation loss of
        all tasks.
    checkpoint : file that is rewritten (atomically) after every epoch; if it is there already,
        training goes on from it, bit for bit as if it had never stopped.
    progress : show a progress bar.
    on_epoch : called after every epoch with its number (from 1) and the model; what it returns is
        added to that epoch's row.

    Returns
    -------
    One row an epoch: epoch, seconds, samples_per_second, and for every task its mean training loss,
    mean weight (NaN where a method has a direction but no weights), validation loss and metric;
    and skipped, the number of steps in which a method gave every task the weight zero.

    Raises
    ------
    ValueError : a number out of range, an unknown monitor, a checkpoint of another training, or a
        signal that a method cannot answer (a loss that is not finite, say, with task and step).
    """
    _check(
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        validation_batch_size=validation_batch_size,
    )
    names = [task.name for task in data.tasks]
    if monitor is not None and monitor not in names:
        raise ValueError(f"monitor is one of {', '.join(names)}, not {monitor!r}")
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    method.seed(seed)
    model.to(device)
    method.to(device)
    train, validation = data.train.to(device), data.validation.to(device)
    groups: list[dict[str, Any]] = [{"params": list(model.parameters())}]
    if method.learnable():
        groups.append({"params": method.learnable(), "weight_decay": 0})
    run = _Run(model, method, optimizer(groups), order, checkpoint)
    run.identity = {"data": data.name, "tasks": names, "method": repr(method), "seed": seed}
    run.identity |= {"batch_size": batch_size, "optimizer": repr(run.optimizer)}
    shown = _Shown(validation, validation_batch_size or batch_size) if method.validates else None
    run.resume(torch.device(device))

    steps = math.ceil(len(train) / batch_size)
    bar = tqdm(total=epochs * steps, initial=len(run.rows) * steps, disable=not progress)
    with bar:
        while len(run.rows) < epochs and not run.exhausted(patience):
            epoch = len(run.rows) + 1
            row = _train_epoch(run, train, shown, data.tasks, batch_size, epoch, bar)
            found = evaluate(model, validation, data.tasks)
            for task in data.tasks:
                for what in ("loss", task.main):
                    row[f"validation_{what}.{task.name}"] = found[f"{what}.{task.name}"]
            if on_epoch is not None:
                row |= on_epoch(epoch, model)
            run.rows.append(row)
            if patience is not None:
                run.remember_best(_score(data.tasks, monitor, found))
            run.save()
    if patience is not None and run.best is not None:
        model.load_state_dict(run.best)
    return pd.DataFrame(run.rows)


def _train_epoch(
    run: _Run,
    train: Split,
    shown: _Shown | None,
    tasks: Sequence[Task],
    batch_size: int,
    epoch: int,
    bar: tqdm,
) -> dict[str, Any]:
    run.model.train()
    losses = torch.zeros(len(tasks), dtype=torch.float64, device=train.targets[0].device)
    weights, skipped = torch.zeros_like(losses), losses.new_zeros(())
    steps, start = 0, time.perf_counter()
    for batch in train.batches(batch_size, run.order):
        steps += 1
        run.optimizer.zero_grad()
        try:
            signals = Signals(run.model, batch, tasks, None if shown is None else shown.draw(run.order))
            answer = run.method.backward(signals)
            losses += signals.losses
        except ValueError as error:
            raise ValueError(f"epoch {epoch}, step {steps}: {error}") from error
        run.optimizer.step()
        if answer is None:
            weights += torch.nan
        else:
            weights += answer
            skipped += (answer == 0).all()
        bar.update()
    run.method.end_epoch()
    seconds = time.perf_counter() - start
    row = {"epoch": epoch, "seconds": seconds, "samples_per_second": len(train) / seconds}
    for task, loss, weight in zip(tasks, losses.tolist(), weights.tolist(), strict=True):
        row[f"train_loss.{task.name}"] = loss / steps
        row[f"weight.{task.name}"] = weight / steps
    row["skipped"] = int(skipped)
    return row


@dataclass(frozen=True)
class _Shown:
    """The validation split, as far as a method may look at it: a few samples a step."""

    split: Split
    size: int

    def draw(self, generator: torch.Generator) -> Batch:
        return self.split.read(torch.randperm(len(self.split), generator=generator)[: self.size])


def _score(tasks: Sequence[Task], monitor: str | None, found: Mapping[str, float]) -> float:
    """What early stopping wants to be small: the mean loss, or the error of the monitored task."""
    if monitor is None:
        return sum(found[f"loss.{task.name}"] for task in tasks) / len(tasks)
    task = next(task for task in tasks if task.name == monitor)
    value = found[f"{task.main}.{monitor}"]
    return -value if task.higher_is_better else value


class _Run:
    """Everything that a training carries from one epoch to the next."""

    identity: dict[str, Any]

    def __init__(
        self,
        model: MultiTaskModel,
        method: Method,
        optimizer: Optimizer,
        order: torch.Generator,
        checkpoint: str | Path | None,
    ) -> None:
        self.model, self.method, self.optimizer, self.order = model, method, optimizer, order
        self.path = None if checkpoint is None else Path(checkpoint)
        self.rows: list[dict[str, Any]] = []
        self.best: dict[str, Tensor] | None = None
        self.best_score, self.best_epoch = math.inf, 0

    def remember_best(self, score: float) -> None:
        if score < self.best_score:
            self.best_score, self.best_epoch = score, len(self.rows)
            self.best = {name: v.detach().clone() for name, v in self.model.state_dict().items()}

    def exhausted(self, patience: int | None) -> bool:
        return patience is not None and len(self.rows) - self.best_epoch >= patience

    def save(self) -> None:
        if self.path is None:
            return
        state = {
            "identity": self.identity,
            "model": self.model.state_dict(),
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
            "rows": self.rows,
            "best": (self.best_score, self.best_epoch, self.best),
        }
        unfinished = self.path.with_name(self.path.name + ".unfinished")
        torch.save(state, unfinished)
        os.replace(unfinished, self.path)

    def resume(self, device: torch.device) -> None:
        if self.path is None or not self.path.exists():
            return
        state = torch.load(self.path, map_location=device, weights_only=True)
        for key, ours in self.identity.items():
            if state["identity"][key] != ours:
                raise ValueError(
                    f"{self.path} is a checkpoint of another training: its {key} is "
                    f"{state['identity'][key]!r}, here it is {ours!r}"
                )
        self.model.load_state_dict(state["model"])
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"].cpu())
        torch.set_rng_state(state["random"].cpu())
        if state["random_cuda"]:
            torch.cuda.set_rng_state_all([s.cpu() for s in state["random_cuda"]])
        self.rows = state["rows"]
        self.best_score, self.best_epoch, self.best = state["best"]


def _check(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
