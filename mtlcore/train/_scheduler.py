"""Schedulers of the learning rate: made for an optimiser, and checked before the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

MakeScheduler = Callable[[Any], LRScheduler]
"""Makes a scheduler of an optimiser, such as ``partial(torch.optim.lr_scheduler.StepLR, step_size=30)``."""


def make_scheduler(make: MakeScheduler, optimizer: Optimizer) -> LRScheduler:
    """Make the scheduler of an optimiser.

    Parameters
    ----------
    make : callable ``(optimizer) -> LRScheduler``
        Makes it.
    optimizer : Optimizer
        Whose learning rate it sets.

    Returns
    -------
    scheduler : LRScheduler
        A new one.

    Raises
    ------
    TypeError
        If ``make`` cannot be called, or does not return a scheduler.
    ValueError
        If the scheduler is that of another optimiser.
    """
    scheduler = make(optimizer) if callable(make) else make
    if scheduler is make or not isinstance(scheduler, LRScheduler):
        given = "is" if scheduler is make else "makes"
        raise TypeError(
            f"scheduler {given} a {type(scheduler).__name__}: give a function that takes the optimiser and "
            "makes a torch.optim.lr_scheduler.LRScheduler, such as partial(StepLR, step_size=30)"
        )
    if scheduler.optimizer is not optimizer:
        raise ValueError("the scheduler belongs to another optimiser: make it of the one that it is given")
    return scheduler


def check_mode(scheduler: ReduceLROnPlateau, higher_is_better: bool) -> None:
    """Refuse a scheduler that would take better values for worse ones.

    Parameters
    ----------
    scheduler : ReduceLROnPlateau
        The scheduler.
    higher_is_better : bool
        The direction of the validation value that it is given.

    Raises
    ------
    ValueError
        If its ``mode`` is not that direction.
    """
    needed = "max" if higher_is_better else "min"
    if scheduler.mode != needed:
        better = "higher" if higher_is_better else "lower"
        raise ValueError(
            f"ReduceLROnPlateau has mode={scheduler.mode!r}, but a {better} validation value is better here: "
            f"give it mode={needed!r}"
        )
