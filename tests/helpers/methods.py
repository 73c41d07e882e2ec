"""Methods for the tests that run over the registry."""

from __future__ import annotations

from helpers.gradients import answer, signal_of
from torch import Tensor

import mtlcore as mtl


def seeded_method(name: str) -> mtl.METHODS:
    method = mtl.METHODS[name]()
    method.seed(0)
    return method


def answers(method: mtl.METHODS, jacobian: Tensor, steps: int = 3) -> list[Tensor]:
    return [answer(method, (k + 1) * signal_of(method, jacobian)) for k in range(steps)]
