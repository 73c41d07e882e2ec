"""The training loop: epochs, early stopping, history, and exact resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from mtlcore._optional import needed_by
from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, MultiTaskData, Split, Task
from mtlcore.train import checkpoint as checkpoints
from mtlcore.train.evaluate import evaluate
from mtlcore.train.optimizers import MakeOptimizer

if TYPE_CHECKING:
    import pandas as pd

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
    model : MultiTaskModel
        What is trained, in place.
    data : MultiTaskData
        Training and validation split, and the tasks.
    method : Method
        How the tasks are balanced.
    epochs : int
        Passes over the training split, in all; a resumed training counts those already done.
    optimizer : callable ``(parameters) -> Optimizer``, default ``torch.optim.Adam``
        Makes the optimiser, for example ``partial(torch.optim.SGD, lr=1e-3, momentum=0.9)``.
    batch_size : int, default 128
        Samples a step.
    validation_batch_size : int, optional
        Validation samples that a method sees a step, if it looks at any; by default ``batch_size``.
    seed : int, default 0
        Seed of the order of the samples, the method's draws and dropout. The initial weights are the model's.
    device : str or torch.device, default "cpu"
        Where to train.
    patience : int, optional
        Stop after so many epochs without a better validation value, and restore the parameters of the best
        epoch. By default train all epochs and keep the last parameters.
    monitor : str, optional
        Name of the task whose main validation metric decides on better. By default it is the mean validation
        loss of all tasks.
    checkpoint : str or Path, optional
        File that is replaced after every epoch. If it is there already, training goes on from it, bit for bit
        as if it had never stopped.
    progress : bool, default True
        Show a progress bar.
    on_epoch : callable ``(epoch, model) -> Mapping from str to float``, optional
        Called after every epoch, counted from 1; what it returns is added to that epoch's row.

    Returns
    -------
    history : DataFrame
        One row an epoch: ``epoch``, ``seconds``, ``samples_per_second``, ``skipped`` (the number of steps in
        which the method gave every task the weight zero), and for every task ``train_loss.TASK`` (mean over
        the steps), ``weight.TASK`` (mean, NaN where a method has a direction but no weights),
        ``validation_loss.TASK`` and ``validation_METRIC.TASK`` for its main metric.

    Raises
    ------
    ValueError
        If a number is out of range, ``monitor`` is no task, ``checkpoint`` is the file of another training
        or no checkpoint, or a method cannot answer (a loss is not finite, say; the message has task and
        step).
    ImportError
        If pandas or tqdm is missing.

    Notes
    -----
    A checkpoint belongs to one training: the same data, tasks, structure of the model, method, optimiser,
    ``seed``, ``batch_size``, ``validation_batch_size``, ``patience`` and ``monitor``. ``epochs``, ``device``,
    ``progress`` and ``on_epoch`` may change.

    Examples
    --------
    >>> data = mtl.load("digits", train=200, validation=50, test=50)
    >>> _ = torch.manual_seed(0)
    >>> model = mtl.models.lenet(size=11, kernels=(3, 3))
    >>> history = mtl.fit(model, data, mtl.PCGrad(), epochs=2, progress=False)
    >>> history["epoch"].tolist()
    [1, 2]
    >>> [name for name in history if name.startswith("validation_")]  # doctest: +NORMALIZE_WHITESPACE
    ['validation_loss.top-left', 'validation_accuracy.top-left',
     'validation_loss.bottom-right', 'validation_accuracy.bottom-right']
    """
    with needed_by("mtlcore.fit", "train"):
        import pandas as pd
        from tqdm.auto import tqdm
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
    run = _Run(model, method, optimizer(groups), order)
    shown = _Shown(validation, validation_batch_size or batch_size) if method.validates else None
    save = None
    if checkpoint is not None:
        path = Path(checkpoint)
        identity = checkpoints.identity(
            model,
            data,
            method,
            run.optimizer,
            seed=seed,
            batch_size=batch_size,
            validation_batch_size=None if shown is None else shown.size,
            patience=patience,
            monitor=monitor,
        )
        if path.exists():
            run.load_state(checkpoints.load(path, identity, data.name))
        save = partial(checkpoints.save, path, identity, data.name)

    steps = math.ceil(len(train) / batch_size)
    with tqdm(total=epochs * steps, initial=len(run.rows) * steps, disable=not progress) as bar:
        while len(run.rows) < epochs and not run.exhausted(patience):
            epoch = len(run.rows) + 1
            row = _train_epoch(run, train, shown, data.tasks, batch_size, epoch, bar.update)
            found = evaluate(model, validation, data.tasks)
            for task in data.tasks:
                for what in ("loss", task.main):
                    row[f"validation_{what}.{task.name}"] = found[f"{what}.{task.name}"]
            if on_epoch is not None:
                row |= {name: _number(value) for name, value in on_epoch(epoch, model).items()}
            run.rows.append(row)
            if patience is not None:
                run.remember_best(_score(data.tasks, monitor, found))
            if save is not None:
                save(run.state())
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
    after_step: Callable[[], Any],
) -> dict[str, Any]:
    """Take one pass over the training split; return its part of the epoch's row."""
    run.model.train()
    # Sums over the steps, on the device: reading a number every step would wait for the GPU.
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
        after_step()
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
    """Draws validation mini-batches for a method that looks at them."""

    split: Split
    size: int

    def draw(self, generator: torch.Generator) -> Batch:
        return self.split.read(torch.randperm(len(self.split), generator=generator)[: self.size])


def _score(tasks: Sequence[Task], monitor: str | None, found: Mapping[str, float]) -> float:
    """Return what early stopping minimises: the mean loss, or the signed metric of the monitored task."""
    if monitor is None:
        return sum(found[f"loss.{task.name}"] for task in tasks) / len(tasks)
    task = next(task for task in tasks if task.name == monitor)
    value = found[f"{task.main}.{monitor}"]
    return -value if task.higher_is_better else value


class _Run:
    """All that a training carries from one epoch to the next."""

    def __init__(
        self, model: MultiTaskModel, method: Method, optimizer: Optimizer, order: torch.Generator
    ) -> None:
        self.model, self.method, self.optimizer, self.order = model, method, optimizer, order
        self.rows: list[dict[str, Any]] = []
        self.best: dict[str, Tensor] | None = None
        self.best_score, self.best_epoch = math.inf, 0

    def remember_best(self, score: float) -> None:
        if score < self.best_score:
            self.best_score, self.best_epoch = score, len(self.rows)
            self.best = {name: v.detach().clone() for name, v in self.model.state_dict().items()}

    def exhausted(self, patience: int | None) -> bool:
        return patience is not None and len(self.rows) - self.best_epoch >= patience

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
            "rows": self.rows,
            "best": (self.best_score, self.best_epoch, self.best),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        for gpu, random in enumerate(state["random_cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(random, gpu)
        self.rows = state["rows"]
        self.best_score, self.best_epoch, self.best = state["best"]


def _number(value: Any) -> Any:
    """The Python number in a scalar of numpy or torch, which a checkpoint does not hold."""
    return value.item() if hasattr(value, "item") else value


def _check(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
