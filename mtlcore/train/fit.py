"""The training loop: epochs, early stopping, history, and exact resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from mtlcore._optional import needed_by
from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel
from mtlcore.models._modes import modes_restored
from mtlcore.signals import Signals
from mtlcore.tasks import Batch, MultiTaskData, Split, Task
from mtlcore.train import checkpoint as checkpoints
from mtlcore.train._run import Run
from mtlcore.train._scheduler import MakeScheduler, check_mode, make_scheduler
from mtlcore.train._score import Score
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
    scheduler: MakeScheduler | None = None,
    batch_size: int = 128,
    accumulate: int = 1,
    drop_last: bool = False,
    absent: Literal["skip", "raise"] = "skip",
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
        What is trained, in place. Modules that are in evaluation mode stay in it (a frozen batch
        normalisation, say), unless the model as a whole is: then ``model.train()`` is called first.
    data : MultiTaskData
        Training and validation split, and the tasks.
    method : Method
        How the tasks are balanced.
    epochs : int
        Passes over the training split, in all; a resumed training counts those already done.
    optimizer : callable ``(parameters) -> Optimizer``, default ``torch.optim.Adam``
        Makes the optimiser, for example ``partial(torch.optim.SGD, lr=1e-3, momentum=0.9)``.
    scheduler : callable ``(optimizer) -> LRScheduler``, optional
        Makes a scheduler of the learning rate, for example ``partial(StepLR, step_size=30)``. It is stepped
        after every epoch; ``ReduceLROnPlateau`` is given the value that decides on better (see ``monitor``).
    batch_size : int, default 128
        Samples a mini-batch.
    accumulate : int, default 1
        Mini-batches a step (gradient accumulation). The method takes one decision for all of them, as for one
        mini-batch of ``accumulate * batch_size`` samples; the memory is that of ``batch_size`` samples.
    drop_last : bool, default False
        Leave out the last step of an epoch if it has fewer samples than the others.
    absent : {"skip", "raise"}, default "skip"
        What is done about a task without a label in a step: the method leaves it out of the step, with the
        weight 0, or a ValueError.
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
        loss of all tasks that have a label in the validation split; a warning names the others. An epoch in
        which that value is NaN is no better than any other.
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
        the steps in which it has a label, NaN if there is none), ``absent.TASK`` (the number of the other
        steps), ``weight.TASK`` (mean over all steps, NaN where a method has a direction but no weights),
        ``validation_loss.TASK`` and ``validation_METRIC.TASK`` for its main metric. With a scheduler also
        ``lr``, the learning rate of the epoch (of the first group of parameters).

    Raises
    ------
    ValueError
        If a number is out of range, ``monitor`` is no task, no value can decide on better (no validation
        labels, or a metric that is NaN after the first epoch), ``checkpoint`` is the file of another training
        or no checkpoint, or a method cannot answer (a loss is not finite, say; the message has task and
        step).
    TypeError
        If ``scheduler`` does not make a scheduler, or the trunk does not return one tensor.
    OSError
        If the checkpoint cannot be written. It is tried before the training.
    ImportError
        If pandas or tqdm is missing.

    Notes
    -----
    A checkpoint belongs to one training: the same data, tasks, structure of the model, method, optimiser,
    ``scheduler``, ``seed``, ``batch_size``, ``accumulate``, ``drop_last``, ``validation_batch_size``,
    ``patience`` and ``monitor``. ``absent``, ``epochs``, ``device``, ``progress`` and ``on_epoch`` may
    change.

    The validation split is evaluated with the whole model in evaluation mode; every module's own mode comes
    back afterwards, and also after ``on_epoch``.

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
        accumulate=accumulate,
        patience=patience,
        validation_batch_size=validation_batch_size,
    )
    names = [task.name for task in data.tasks]
    if monitor is not None and monitor not in names:
        raise ValueError(f"monitor is one of {', '.join(names)}, not {monitor!r}")
    if not model.training:
        model.train()
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    method.seed(seed)
    model.to(device)
    method.to(device)
    groups: list[dict[str, Any]] = [{"params": list(model.parameters())}]
    learnable = method.learnable(len(data.tasks))
    if learnable:
        groups.append({"params": learnable, "weight_decay": 0})
    stepper = optimizer(groups)
    schedule = None if scheduler is None else make_scheduler(scheduler, stepper)
    score = None
    if patience is not None or isinstance(schedule, ReduceLROnPlateau):
        score = Score(data, monitor)
        if isinstance(schedule, ReduceLROnPlateau):
            check_mode(schedule, score.higher_is_better)
    train, validation = data.train.to(device), data.validation.to(device)
    steps = _Steps(train, batch_size, accumulate, drop_last)
    shown = _Shown(validation, validation_batch_size or batch_size) if method.validates else None
    run = Run(model, method, stepper, schedule, order)
    save = None
    if checkpoint is not None:
        path = Path(checkpoint)
        identity = checkpoints.identity(
            model,
            data,
            method,
            stepper,
            schedule,
            seed=seed,
            batch_size=batch_size,
            accumulate=accumulate,
            drop_last=drop_last,
            validation_batch_size=None if shown is None else shown.size,
            patience=patience,
            monitor=monitor,
        )
        if path.exists():
            run.load_state(checkpoints.load(path, identity, data.name))
        if len(run.rows) < epochs and not run.exhausted(patience):
            checkpoints.rehearse(path, identity, data.name, run.state())
        save = partial(checkpoints.save, path, identity, data.name)

    with tqdm(total=epochs * len(steps), initial=len(run.rows) * len(steps), disable=not progress) as bar:
        while len(run.rows) < epochs and not run.exhausted(patience):
            epoch = len(run.rows) + 1
            row = _train_epoch(run, steps, shown, data.tasks, absent, epoch, bar.update)
            found = evaluate(model, validation, data.tasks)
            for task in data.tasks:
                for what in ("loss", task.main):
                    row[f"validation_{what}.{task.name}"] = found[f"{what}.{task.name}"]
            if schedule is not None:
                row["lr"] = _number(stepper.param_groups[0]["lr"])
            if on_epoch is not None:
                with modes_restored(model):
                    row |= {name: _number(value) for name, value in on_epoch(epoch, model).items()}
            run.rows.append(row)
            if score is not None:
                value = score.of(found, epoch)
                if patience is not None and score.better(value, run.best_score):
                    run.remember_best(value)
                if isinstance(schedule, ReduceLROnPlateau):
                    schedule.step(value)
            if schedule is not None and not isinstance(schedule, ReduceLROnPlateau):
                schedule.step()
            if save is not None:
                save(run.state())
    if patience is not None and run.best is not None:
        model.load_state_dict(run.best)
    return pd.DataFrame(run.rows)


def _train_epoch(
    run: Run,
    steps: _Steps,
    shown: _Shown | None,
    tasks: Sequence[Task],
    absent: Literal["skip", "raise"],
    epoch: int,
    advance: Callable[[], Any],
) -> dict[str, Any]:
    """Take one pass over the training split; return its part of the epoch's row."""
    # Sums over the steps, on the device: reading a number every step would wait for the GPU.
    losses = torch.zeros(len(tasks), dtype=torch.float64, device=steps.split.targets[0].device)
    weights, skipped = torch.zeros_like(losses), losses.new_zeros(())
    labelled = torch.zeros(len(tasks), dtype=torch.int64)
    start = time.perf_counter()
    for number, batches in enumerate(steps.draw(run.order), start=1):
        run.optimizer.zero_grad()
        held_out = None if shown is None else shown.draw(run.order)
        try:
            signals = Signals(run.model, batches, tasks, held_out, absent=absent)
            answer = run.method.backward(signals)
            losses += signals.losses.nan_to_num()  # NaN is a task without a label: it adds nothing
            labelled += torch.tensor(signals.present)
            run.optimizer.step()
            run.method.after_step(signals)
        except ValueError as error:
            raise ValueError(f"epoch {epoch}, step {number}: {error}") from error
        if answer is None:
            weights += torch.nan
        else:
            weights += answer
            skipped += (answer == 0).all()
        advance()
    run.method.end_epoch()
    seconds = time.perf_counter() - start
    row = {"epoch": epoch, "seconds": seconds, "samples_per_second": steps.samples / seconds}
    sums = zip(tasks, losses.tolist(), labelled.tolist(), weights.tolist(), strict=True)
    for task, loss, count, weight in sums:
        row[f"train_loss.{task.name}"] = loss / count if count else math.nan
        row[f"absent.{task.name}"] = len(steps) - count
        row[f"weight.{task.name}"] = weight / len(steps)
    row["skipped"] = int(skipped)
    return row


class _Steps:
    """The steps of an epoch, each one or several mini-batches in random order."""

    def __init__(self, split: Split, batch_size: int, accumulate: int, drop_last: bool) -> None:
        size = batch_size * accumulate
        whole, rest = divmod(len(split), size)
        if drop_last and not whole:
            raise ValueError(
                f"drop_last leaves no step: the training split has {len(split)} samples, and a step {size}"
            )
        self.split, self.batch_size, self.accumulate = split, batch_size, accumulate
        self._number = whole if drop_last or not rest else whole + 1
        self.samples = min(self._number * size, len(split))

    def __len__(self) -> int:
        return self._number

    def draw(self, order: torch.Generator) -> Iterator[list[Batch]]:
        batches = self.split.batches(self.batch_size, order)
        for _ in range(len(self)):
            yield list(islice(batches, self.accumulate))


@dataclass(frozen=True)
class _Shown:
    """Draws validation mini-batches for a method that looks at them."""

    split: Split
    size: int

    def draw(self, generator: torch.Generator) -> Batch:
        return self.split.read(torch.randperm(len(self.split), generator=generator)[: self.size])


def _number(value: Any) -> Any:
    """The Python number in a scalar of numpy or torch, which a checkpoint does not hold."""
    return value.item() if hasattr(value, "item") else value


def _check(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
