"""Gradient vaccine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Generator, Tensor

from mtlcore.methods._random import Randomised, orders
from mtlcore.methods._surgery import GradientSurgery, Per, check_per
from mtlcore.methods.base import GradientBalancing, Scale, check_jacobian, weighted_sum
from mtlcore.signals import Level
from mtlcore.signals.trunk import gram


class GradVac(Randomised, GradientSurgery, GradientBalancing):
    r"""Turn each gradient until its cosines with the others reach what they usually are.

    .. math::
        g &\leftarrow g_i; \quad \text{for } j \ne i \text{ in random order, with } \rho = \cos(g, g_j): \\
        g &\leftarrow g + \frac{\|g\|}{\|g_j\|}
             \Big(\hat\rho_{ij}\sqrt{\frac{1-\rho^2}{1-\hat\rho_{ij}^2}} - \rho\Big)\, g_j
             \quad \text{wherever } \rho < \hat\rho_{ij}; \\
        \hat\rho_{ij} &\leftarrow (1-\beta)\hat\rho_{ij} + \beta\rho; \qquad d = \textstyle\sum_i g

    Parameters
    ----------
    beta : float, default 0.01
        How fast the targets follow, in [0, 1].
    per : {"whole", "variable"}, default "whole"
        One target for every two tasks, or one in each tensor of the shared parameters, which the paper found
        better.
    scale : {"sum", "mean"}, default "sum"
        On which scale equal weights are 1 each ("sum", as published) or 1/T each ("mean").
    generator : torch.Generator, optional
        Source of the draws, on the CPU. Default: a new one, seeded from torch's global generator.
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken; "features" only for ``per="whole"``.

    Raises
    ------
    ValueError
        If beta lies outside [0, 1], variables are asked for at the level of features, or the number of tasks
        or variables changes.

    Notes
    -----
    Cost: 1 forward, T backward or T + 1 (see :meth:`mtlcore.Signals.gramian`); 1 at the level of features.
    State: ``targets``, (T, T) or (V, T, T) for V variables, from zero on.

    With targets at 0 and beta = 0 this is :class:`PCGrad`. A zero gradient has no cosine and is passed over;
    targets count as 1 - 1e-6 at most.

    References
    ----------
    Wang et al. 2021, Algorithm 1.

    Examples
    --------
    >>> gramian = torch.tensor([[1.0, -1.0], [-1.0, 2.0]])
    >>> gradvac = mtl.GradVac(beta=0.5)
    >>> gradvac.weights(gramian)
    tensor([2.0000, 1.5000])
    >>> gradvac.targets
    tensor([[ 0.0000, -0.3536],
            [-0.3536,  0.0000]], dtype=torch.float64)
    """

    published: ClassVar[Scale] = "sum"
    targets: Tensor

    def __init__(
        self,
        beta: float = 0.01,
        *,
        per: Per = "whole",
        scale: Scale | None = None,
        generator: Generator | None = None,
        level: Level = "parameters",
    ) -> None:
        super().__init__(scale=scale, level=level, generator=generator)
        if not 0 <= beta <= 1:
            raise ValueError(f"beta lies in [0, 1], not {beta}")
        if per == "variable" and level == "features":
            raise ValueError("features have no variables: per='variable' needs level='parameters'")
        self.beta, self.per = beta, check_per(per)
        self.sees = "gramian" if per == "whole" else "jacobian"
        self.add_state("targets", shape="square")

    def rule(self, gramian: Tensor) -> Tensor:
        """Weights (..., T) from Gramians (..., T, T)."""
        if not len(self.targets):
            self.targets = torch.zeros_like(gramian)
        if self.targets.shape != gramian.shape:
            raise ValueError(
                f"this GradVac has targets for {len(self.targets)} variables and now sees {len(gramian)}; "
                "reset() it"
            )
        order = orders(gramian.shape[-1], self.generator).to(gramian.device)
        met = order.expand(*gramian.shape[:-1], -1)  # (..., T, T - 1): whom every row meets, in turn
        usual = self.targets.to(gramian).gather(-1, met)
        target = usual.clamp(max=1 - 1e-6)
        tangent = target / (1 - target**2).sqrt()
        norms = gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0)
        square = norms[..., None, :].expand_as(gramian).gather(-1, met)
        products = gramian.clone()  # of every row's current g with every g_j
        current = norms.clone()  # of every row's current g with itself
        added, cosines = torch.zeros_like(usual), torch.zeros_like(usual)
        for j in range(order.shape[-1]):
            inner = products.gather(-1, met[..., j, None])[..., 0]
            length = (current * square[..., j]).sqrt()
            rho = torch.where(length > 0, inner / length, torch.nan).clamp(-1, 1)
            turned = (tangent[..., j] * (1 - rho**2).sqrt() - rho) * current / length
            turned = torch.where(rho < target[..., j], turned, 0)
            products.addcmul_(turned[..., None], gramian.index_select(-2, order[:, j]))
            current = (current + turned * (2 * inner + turned * square[..., j])).clamp(min=0)
            added[..., j], cosines[..., j] = turned, rho
        learned = torch.where(cosines.isnan(), usual, usual.lerp(cosines, self.beta))
        self.targets = self.targets.to(gramian).scatter(-1, met, learned)
        return 1 + torch.zeros_like(gramian).scatter(-1, met, added).sum(-2)

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the update direction (D,); ``per="variable"`` needs the ``sizes`` of the variables."""
        if self.per == "whole":
            return super().direction(jacobian)
        blocks = self._split(check_jacobian(jacobian), sizes)
        self._meet(len(jacobian), jacobian.device)
        weights = self.rule(torch.stack([gram(g) for g in blocks]))
        return torch.cat([weighted_sum(self._rescale(w, g), g) for w, g in zip(weights, blocks, strict=True)])
