"""Single-task learning: the reference that every multi-task method has to beat."""

from __future__ import annotations

import torch
from torch import Tensor

from mtlcore.methods.base import LossBalancing, check_main


class SingleTask(LossBalancing):
    r"""Train on one task alone, :math:`d = g_m`.

    Parameters
    ----------
    main : index of the task, default 0.

    Cost: 1 forward, 1 backward. There is no scale to choose.
    """

    def __init__(self, main: int = 0) -> None:
        super().__init__()
        self.main = main

    def rule(self, losses: Tensor) -> Tensor:
        weights = torch.zeros_like(losses)
        weights[check_main(self.main, len(losses))] = 1
        return weights
