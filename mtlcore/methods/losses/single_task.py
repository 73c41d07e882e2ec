"""Single-task learning: the reference that every multi-task method has to beat."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods.base import LossBalancing, check_main
from mtlcore.signals import Signals


class SingleTask(LossBalancing):
    """Train on one task alone, :math:`d = g_m`.

    It is the reference that every multi-task method has to beat. There is no scale to choose. A batch without
    a label of the task makes no step.

    Parameters
    ----------
    main : int, default 0
        Index of the task.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    Examples
    --------
    >>> mtl.SingleTask(main=1).weights(torch.tensor([2.0, 5.0, 3.0]))
    tensor([0., 1., 0.])
    """

    main: int

    def __init__(self, main: int = 0) -> None:
        super().__init__()
        self.main = main

    def _lacks(self, signals: Signals) -> bool:
        return not self._main_in(signals.present)

    def rule(self, losses: Tensor) -> Tensor:
        weights = torch.zeros_like(losses)
        weights[check_main(self.main, len(losses))] = 1
        return weights
