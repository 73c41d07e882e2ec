"""The family of methods that act on the task gradients themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from mtlcore.methods.base import GramianRule
from mtlcore.signals import Signals

Per = Literal["whole", "variable"]


class GradientSurgery(GramianRule):
    """Rules that change single entries or single variables of the gradients: a direction, and no weights.

    A rule that needs the Gramian alone for some of its arguments sets ``sees`` to "gramian" there, and
    then has weights too.
    """

    sees = "jacobian"
    per: Per = "whole"

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights (T,) from the Gramian (T, T), where the rule is a weighting.

        Raises
        ------
        ValueError
            If it is none, or the Gramian is not a finite square matrix.
        """
        if self.sees == "jacobian":
            raise ValueError(f"{self} acts on the gradients themselves: no weights, use direction(jacobian)")
        return super().weights(signal)

    def _fill(self, signals: Signals) -> Tensor | None:
        if self.sees == "gramian":
            return super()._fill(signals)
        signals.apply(signals.agreed(self.direction(signals.jacobian(), signals.sizes)))
        return None

    def _split(self, gradients: Tensor, sizes: Sequence[int] | None) -> tuple[Tensor, ...]:
        """Gradients (..., D), split into the V variables, or whole."""
        if self.per == "whole":
            return (gradients,)
        if sizes is None or sum(sizes) != gradients.shape[-1]:
            raise ValueError("per='variable' needs the sizes of the variables, which sum to D")
        return gradients.split(list(sizes), -1)


def check_per(per: Per) -> Per:
    """Validate ``per``."""
    if per not in ("whole", "variable"):
        raise ValueError(f"per is 'whole' or 'variable', not {per!r}")
    return per
