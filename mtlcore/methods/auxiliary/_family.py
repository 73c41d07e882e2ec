"""The family of methods with one main task and auxiliary ones."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from mtlcore.methods.base import GramianRule, check_main


class Auxiliary(GramianRule):
    """Rules that let auxiliary gradients help the main one; each head keeps its own gradient.

    Parameters
    ----------
    main : index of the main task, default 0.
    lam : weight of the auxiliary tasks (lambda in the papers), default 1.

    Raises
    ------
    ValueError : lam is negative or not finite; there is no task number ``main``.
    """

    family: ClassVar[str] = "auxiliary"

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
