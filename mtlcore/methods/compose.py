"""A loss-balancing and a gradient-balancing method, one after the other."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from mtlcore.methods.base import Method
from mtlcore.signals import Signals


class Compose(Method):
    r"""Balance the gradients of balanced losses.

    With weights :math:`a_i` from the losses, the gradient method sees :math:`a_i g_i`, and its weights
    :math:`b_i` make the update :math:`\sum_i b_i a_i g_i`; each head follows :math:`a_i` times its own
    gradient.

    Parameters
    ----------
    losses : Method
        One that balances losses, on the scale of a sum, so that its weights are 1 on average.
    gradients : Method
        One that looks at the gradients of the training losses.

    Raises
    ------
    ValueError
        If the methods are not of these two kinds.

    Notes
    -----
    Cost: that of the second method.

    References
    ----------
    Random-weighting paper, Section 5.6 and Table 4.

    Examples
    --------
    >>> mtl.Compose(mtl.RLW(scale="sum"), mtl.CAGrad(c=0.2))
    Compose(RLW(scale='sum'), CAGrad(c=0.2))
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
        self._factors: Tensor | None = None

    def _balance(self, signals: Signals) -> Tensor | None:
        """Weight the losses, then balance their gradients; return the products of both weights, if any."""
        if self._lacks(signals):
            return self._no_step(signals)
        factors = self.losses._among(signals, _weigh)
        assert factors is not None
        self._factors = factors
        weights = self.gradients._balance(signals.scaled(factors))
        return None if weights is None else weights * factors

    def after_step(self, signals: Signals) -> None:
        self.losses.after_step(signals)
        if self._factors is not None:
            self.gradients.after_step(signals.scaled(self._factors))

    def _lacks(self, signals: Signals) -> bool:
        return self.losses._lacks(signals) or self.gradients._lacks(signals)

    def seed(self, seed: int) -> None:
        self.losses.seed(seed)
        self.gradients.seed(seed)

    def learnable(self, tasks: int | None = None) -> list[nn.Parameter]:
        return [*self.losses.learnable(tasks), *self.gradients.learnable(tasks)]

    def end_epoch(self) -> None:
        self.losses.end_epoch()
        self.gradients.end_epoch()

    def reset(self) -> None:
        self.losses.reset()
        self.gradients.reset()


def _weigh(method: Method, signals: Signals) -> Tensor:
    """The weights of the losses; what is learned besides is learned from the losses without weights."""
    weights = signals.agreed(method.step_weights(signals))
    method.after_backward(signals)
    return weights
