"""One network per task, and what mixes their features: cross-stitch units and NDDR layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PerTask(nn.Module):
    """One network per task, mixed after its layers: an input to the features of all tasks, (N, T C, ...).

    The first ``stem`` layers of a network are not mixed. ``mixers[k]`` maps the list of the T features after
    layer k + 1 behind them, each (N, C_k, h_k, w_k), to such a list.
    """

    def __init__(self, networks: Sequence[nn.Sequential], mixers: Sequence[nn.Module], stem: int = 0) -> None:
        super().__init__()
        self.networks, self.mixers, self.stem = nn.ModuleList(networks), nn.ModuleList(mixers), stem

    def forward(self, images: Tensor) -> Tensor:
        features = [network[: self.stem](images) for network in self.networks]  # type: ignore[index]
        for depth in range(len(self.networks[0]) - self.stem):  # type: ignore[arg-type]
            layers = [network[self.stem + depth] for network in self.networks]  # type: ignore[index]
            features = [layer(x) for layer, x in zip(layers, features, strict=True)]
            if depth < len(self.mixers):
                features = self.mixers[depth](features)
        return torch.cat(features, 1)


class Select(nn.Module):
    """Select the C channels of one task: (N, T C, ...) to (N, C, ...)."""

    def __init__(self, task: int, size: int) -> None:
        super().__init__()
        self.start, self.size = task * size, size

    def forward(self, z: Tensor) -> Tensor:
        return z.narrow(1, self.start, self.size)


class Stitch(nn.Module):
    """For each task a linear combination of the features of all T tasks, with learned weights (T, T)."""

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.units = nn.Parameter(torch.ones(tasks, tasks))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return list(torch.einsum("ts,s...->t...", self.units, torch.stack(list(features))))


class Reduce(nn.Module):
    """For each task a 1 x 1 convolution of the concatenated features of all T tasks, and batch norm.

    The convolution starts as ``own`` times the task's own features plus 1 - ``own`` times the others' mean.
    """

    def __init__(self, tasks: int, size: int, own: float = 0.9) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(
            nn.Sequential(nn.Conv2d(tasks * size, size, 1, bias=False), nn.BatchNorm2d(size))
            for _ in range(tasks)
        )
        others = (1 - own) / max(1, tasks - 1)
        for task, layer in enumerate(self.reduce):
            factors = [own if other == task else others for other in range(tasks)]
            initial = torch.cat([factor * torch.eye(size) for factor in factors], 1)  # (C, T C)
            layer[0].weight.data.copy_(initial[..., None, None])  # type: ignore[index]

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        joined = torch.cat(list(features), 1)  # (N, T C, h, w)
        return [layer(joined) for layer in self.reduce]
