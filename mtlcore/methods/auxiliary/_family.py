"""The family of methods with one main task and auxiliary ones."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from mtlcore.methods.base import GramianRule, check_main


class Auxiliary(GramianRule):
    """Rules that let auxiliary gradients help the main one; each head keeps its own gradient.

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lam : float, default 1.0
        lambda, the weight of the auxiliary tasks.

    Raises
    ------
    ValueError
        If lam is negative or not finite; when weights are asked for, if there is no task number ``main``.
    """

    family: ClassVar[str] = "auxiliary"
    main: int

    def __init__(self, *, main: int = 0, lam: float = 1.0) -> None:
        super().__init__()
        if not 0 <= lam < float("inf"):
            raise ValueError(f"lam must be a finite number of at least 0, not {lam}")
        self.main, self.lam = main, lam

    def _weigh(self, auxiliary: Tensor, own: Tensor | float = 1) -> Tensor:
        """T weights: ``lam * auxiliary``, and ``own`` for the main task."""
        weights = self.lam * auxiliary
        weights[check_main(self.main, len(weights))] = own
        return weights
