"""Random loss weighting."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, get_args

import torch
from torch import Generator, Tensor

from mtlcore.methods._random import Randomised
from mtlcore.methods.base import LossBalancing, Scale

Distribution = Literal["uniform", "normal", "dirichlet", "bernoulli", "c-bernoulli"]
DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)


class RLW(Randomised, LossBalancing):
    r"""Draw the loss weights anew at every step.

    .. math:: \tilde\lambda \sim p, \qquad \lambda = f(\tilde\lambda) \in \Delta^{T-1}, \qquad
              \min_{\theta, \psi} \; \lambda^\top \ell(\theta, \psi)

    Parameters
    ----------
    distribution : {"normal", "uniform", "dirichlet", "bernoulli", "c-bernoulli"}, default "normal"
        "normal" (the paper's default) and "uniform" are followed by a softmax; "dirichlet" has concentration
        1; "bernoulli" divides fair coins by their sum, and draws again when all are zero (where the paper's
        formula is 0/0); "c-bernoulli" draws one task uniformly.
    scale : {"sum", "mean"}, default "mean"
        On which scale equal weights are 1/T each ("mean", as published) or 1 each ("sum").
    generator : torch.Generator, optional
        Source of the draws, on the CPU. Default: a new one, seeded from torch's global generator.

    Raises
    ------
    ValueError
        If the distribution is unknown.

    Notes
    -----
    Cost: 1 forward, 1 backward.

    Every distribution has mean 1/T for every task, so the expected step is that of equal weights 1/T.

    References
    ----------
    Random-weighting paper, Algorithm 1 and Section 5.4.

    Examples
    --------
    >>> mtl.RLW(generator=torch.Generator().manual_seed(0)).weights(torch.ones(3))
    tensor([0.8446, 0.1349, 0.0205])
    """

    published: ClassVar[Scale] = "mean"

    def __init__(
        self,
        distribution: Distribution = "normal",
        *,
        scale: Scale | None = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(scale=scale, generator=generator)
        self.distribution = check_distribution(distribution)

    def rule(self, losses: Tensor) -> Tensor:
        return draw(self.distribution, len(losses), self.generator).to(losses)


def draw(distribution: Distribution, tasks: int, generator: Generator, size: int | None = None) -> Tensor:
    """Weights on the simplex, (T,), or ``size`` of them, (size, T), in float64."""
    shape = (1 if size is None else size, tasks)
    weights = _DRAWS[distribution](shape, generator)
    return weights[0] if size is None else weights


def check_distribution(distribution: str) -> Distribution:
    """One of the five distributions."""
    for known in DISTRIBUTIONS:
        if distribution == known:
            return known
    raise ValueError(f"distribution is one of {', '.join(DISTRIBUTIONS)}, not {distribution!r}")


def _uniform(shape: tuple[int, int], generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator, dtype=torch.float64).softmax(1)


def _normal(shape: tuple[int, int], generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64).softmax(1)


def _dirichlet(shape: tuple[int, int], generator: Generator) -> Tensor:
    draws = torch.empty(shape, dtype=torch.float64).exponential_(generator=generator)
    return draws / draws.sum(1, keepdim=True)


def _bernoulli(shape: tuple[int, int], generator: Generator) -> Tensor:
    coins = torch.zeros(shape, dtype=torch.float64)
    empty = torch.arange(shape[0])
    while len(empty):
        coins[empty] = torch.randint(2, (len(empty), shape[1]), generator=generator, dtype=torch.float64)
        empty = (coins.sum(1) == 0).nonzero().flatten()
    return coins / coins.sum(1, keepdim=True)


def _constrained_bernoulli(shape: tuple[int, int], generator: Generator) -> Tensor:
    task = torch.randint(shape[1], (shape[0],), generator=generator)
    return torch.nn.functional.one_hot(task, shape[1]).double()


_DRAWS: dict[Distribution, Callable[[tuple[int, int], Generator], Tensor]] = {
    "uniform": _uniform,
    "normal": _normal,
    "dirichlet": _dirichlet,
    "bernoulli": _bernoulli,
    "c-bernoulli": _constrained_bernoulli,
}
