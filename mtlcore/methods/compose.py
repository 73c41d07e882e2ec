"""A loss-balancing and a gradient-balancing method, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from mtlcore.methods.base import Level, Method, Signals


class Compose(Method):
    r"""Balance the gradients of balanced losses (random-weighting paper, Section 5.6, Table 4).

    With weights :math:`a_i` from the losses, the gradient method sees :math:`a_i g_i`, and its weights
    :math:`b_i` make the update :math:`\sum_i b_i a_i g_i`; each head follows :math:`a_i` times its own
    gradient.

    Parameters
    ----------
    losses : a method that balances losses, on the scale of a sum, so that its weights are 1 on average.
    gradients : a method that looks at the gradients of the training losses.

    Cost: that of the second method.

    Raises
    ------
    ValueError : the methods are not of these two kinds.
    """

    family: ClassVar[str] = "gradients"

    def __init__(self, losses: Method, gradients: Method) -> None:
        super().__init__()
        if losses.family != "losses" or losses.validates:
            raise ValueError(f"first a method that balances training losses, not {losses!r}")
        if (gradients.family == gradients.sees == "losses") or gradients.validates:
            raise ValueError(
                f"then a method that balances gradients of the training losses, not {gradients!r}"
            )
        self.losses, self.gradients = losses, gradients
        self.sees = gradients.sees

    def backward(self, signals: Signals) -> Tensor | None:
        """Weight the losses, then balance what they ask of the shared parameters."""
        weighted = Weighted(signals)
        seen = cast(Signals, weighted)
        self.losses.backward(seen)
        answer = self.gradients.backward(seen)
        return None if answer is None else answer * weighted.factors

    def seed(self, seed: int) -> None:
        self.losses.seed(seed)
        self.gradients.seed(seed)

    def learnable(self) -> list[nn.Parameter]:
        return [*self.losses.learnable(), *self.gradients.learnable()]

    def end_epoch(self) -> None:
        self.losses.end_epoch()
        self.gradients.end_epoch()

    def reset(self) -> None:
        self.losses.reset()
        self.gradients.reset()


class Weighted:
    """Signals of a step whose losses carry weights: those of the first ``backward`` that it is asked for.

    It has no signal that looks beyond the training losses.
    """

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self.factors = torch.ones_like(signals.losses)
        self._asked = False

    def _scale(self, rows: Tensor) -> Tensor:
        return rows * self.factors.to(rows).view(-1, *[1] * (rows.dim() - 1))

    @property
    def losses(self) -> Tensor:
        return self._scale(self._signals.losses)

    @property
    def sizes(self) -> list[int]:
        return self._signals.sizes

    def jacobian(self) -> Tensor:
        return self._scale(self._signals.jacobian())

    def gramian(self, level: Level = "parameters") -> Tensor:
        return self._scale(self._scale(self._signals.gramian(level)).T)

    def gramian_row(self, task: int) -> Tensor:
        return self.alignment(self.gradient(task))

    def norms(self, parameters: Sequence[Tensor] | None = None) -> Tensor:
        return self._scale(self._signals.norms(parameters))

    def gradient(self, task: int) -> Tensor:
        gradient = self._signals.gradient(task)
        return self.factors[task].to(gradient) * gradient

    def features(self) -> tuple[Tensor, ...]:
        return self._signals.features()

    def feature_gradients(self) -> tuple[Tensor, ...]:
        gradients = self._signals.feature_gradients()
        return tuple(w.to(g) * g for w, g in zip(self.factors, gradients, strict=True))

    def alignment(self, direction: Tensor) -> Tensor:
        return self._scale(self._signals.alignment(direction))

    def rotate(self, rotations: Tensor) -> None:
        self._signals.rotate(rotations)

    def backward(self, weights: Tensor, heads: Tensor | None = None) -> None:
        if not self._asked:
            self.factors, self._asked = weights, True
        else:
            self._signals.backward(weights * self.factors, self._own(heads))

    def backward_features(self, gradients: Sequence[Tensor], heads: Tensor | None = None) -> None:
        self._signals.backward_features(gradients, self._own(heads))

    def apply(self, direction: Tensor, heads: Tensor | None = None) -> None:
        self._signals.apply(direction, self._own(heads))

    def _own(self, heads: Tensor | None) -> Tensor:
        """What each head's own gradient carries."""
        return self.factors if heads is None else heads * self.factors
