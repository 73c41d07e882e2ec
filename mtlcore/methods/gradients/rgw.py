"""Random gradient weighting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from mtlcore.methods.base import check_jacobian
from mtlcore.methods.losses.rlw import RLW


class RGW(RLW):
    r"""Draw the gradient weights anew at every step (random-weighting paper, Algorithm 1).

    The draw and the arguments are those of :class:`RLW`, but it acts on the shared parameters only,
    :math:`d = \sum_t \lambda_t g_t`; every head gets its own gradient, unweighted.

    Parameters
    ----------
    distribution, scale, generator : as in :class:`RLW`.

    Cost: 1 forward, 1 backward. The weights are sent back through the heads' inputs, so no task
    gradient is ever formed.
    """

    family: ClassVar[str] = "gradients"
    weights_heads = False

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """The randomly weighted sum of the task gradients, (T, D) -> (D,)."""
        jacobian = check_jacobian(jacobian)
        return self.weights(jacobian.norm(dim=1)) @ jacobian
