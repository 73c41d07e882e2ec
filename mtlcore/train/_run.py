"""What a training carries from one epoch to the next, and in its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel


class Run:
    """The state of a training.

    Parameters
    ----------
    model : MultiTaskModel
        What is trained.
    method : Method
        How the tasks are balanced.
    optimizer : Optimizer
        Of the parameters of both.
    scheduler : LRScheduler or None
        Of the optimiser's learning rate.
    order : torch.Generator
        Draws the order of the samples.
    """

    def __init__(
        self,
        model: MultiTaskModel,
        method: Method,
        optimizer: Optimizer,
        scheduler: LRScheduler | None,
        order: torch.Generator,
    ) -> None:
        self.model, self.method, self.optimizer = model, method, optimizer
        self.scheduler, self.order = scheduler, order
        self.rows: list[dict[str, Any]] = []
        self.best: dict[str, Tensor] | None = None
        self.best_score: float | None = None
        self.best_epoch = 0

    def remember_best(self, score: float) -> None:
        """Keep the parameters of the epoch that has just ended, as those of the best one.

        Parameters
        ----------
        score : float
            Its validation value.
        """
        self.best_score, self.best_epoch = score, len(self.rows)
        self.best = {name: v.detach().clone() for name, v in self.model.state_dict().items()}

    def exhausted(self, patience: int | None) -> bool:
        """Return whether the best epoch is too long ago.

        Parameters
        ----------
        patience : int or None
            After how many epochs; None for never.

        Returns
        -------
        exhausted : bool
        """
        return patience is not None and len(self.rows) - self.best_epoch >= patience

    def state(self) -> dict[str, Any]:
        """Return all that the training needs to go on, bit for bit.

        Returns
        -------
        state : dict from str to Any
            Tensors, numbers, texts and containers of these.
        """
        return {
            "model": self.model.state_dict(),
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "order": self.order.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
            "rows": self.rows,
            "best": (self.best_score, self.best_epoch, self.best),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Parameters
        ----------
        state : Mapping from str to Any
            From :meth:`state`.
        """
        self.model.load_state_dict(state["model"])
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        for gpu, random in enumerate(state["random_cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(random, gpu)
        self.rows = state["rows"]
        self.best_score, self.best_epoch, self.best = state["best"]
