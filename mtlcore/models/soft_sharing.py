"""Three ways to share less than a whole trunk, for tasks on pixels: cross-stitch, NDDR-CNN and MTAN.

In each a task reads features of its own. The trunk gives them all side by side, as channels of one tensor,
and a head picks its part; what several tasks' losses reach is the trunk's. With the heads of
:func:`mtlcore.models.dense_nets.deeplab` these are the architectures of the random-weighting paper's Table 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mtlcore.models.backbone import Block, backbone, channels
from mtlcore.models.dense_nets import pyramid_head
from mtlcore.models.multitask import MultiTaskModel


def cross_stitch(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """One ResNet a task; after each of the first three layers a task goes on with a weighted sum of all
    tasks' features (Misra et al. 2016).

    The weights are learned and start at one, as in the random-weighting paper's public code. The parameters
    are those of :func:`mtlcore.models.dense_nets.deeplab`.
    """
    networks = [backbone(depth, width=width, stride=8, weights=weights) for _ in outputs]
    return _columns(networks, [_Stitch(len(outputs)) for _ in range(3)], outputs, head_width)


def nddr(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """One ResNet a task; after each of the four layers a 1 x 1 convolution of all tasks' features and batch
    normalisation make a task's own (NDDR-CNN, Gao et al. 2019).

    The convolution starts with 0.9 times a task's own features and 0.1 times the mean of the others', as
    there. The parameters are those of :func:`mtlcore.models.dense_nets.deeplab`.
    """
    networks = [backbone(depth, width=width, stride=8, weights=weights) for _ in outputs]
    mixers = [_Reduce(len(outputs), size) for size in channels(networks[0])]
    return _columns(networks, mixers, outputs, head_width)


def mtan(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """One ResNet for all tasks; a task looks at each of its layers through a mask of its own (MTAN, Liu et
    al. 2019).

    As in the authors' code for residual networks, but for the blocks that carry a task's features from one
    layer to the next: there the tasks share them, here each has its own. The parameters are those of
    :func:`mtlcore.models.dense_nets.deeplab`.
    """
    network = backbone(depth, width=width, stride=8, weights=weights)
    sizes = channels(network)
    heads = [nn.Sequential(_Attention(sizes), pyramid_head(sizes[-1], k, head_width)) for k in outputs]
    return MultiTaskModel(_Taps(network), heads)


def _columns(
    networks: Sequence[nn.Sequential], mixers: Sequence[nn.Module], outputs: Sequence[int], head_width: int
) -> MultiTaskModel:
    size = channels(networks[0])[-1]
    heads = [
        nn.Sequential(_Part(task, size), pyramid_head(size, k, head_width)) for task, k in enumerate(outputs)
    ]
    return MultiTaskModel(_Columns(networks, mixers), heads)


class _Columns(nn.Module):
    """A network a task, mixed after the first layers: images to all tasks' features, (N, T C, h, w)."""

    def __init__(self, networks: Sequence[nn.Sequential], mixers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks, self.mixers = nn.ModuleList(networks), nn.ModuleList(mixers)

    def forward(self, images: Tensor) -> Tensor:
        features = [network[:4](images) for network in self.networks]  # type: ignore[index]
        for layer in range(4):
            features = [net[4 + layer](x) for net, x in zip(self.networks, features, strict=True)]  # type: ignore[index]
            if layer < len(self.mixers):
                features = self.mixers[layer](features)
        return torch.cat(features, 1)


class _Part(nn.Module):
    """A task's channels of (N, T C, h, w)."""

    def __init__(self, task: int, size: int) -> None:
        super().__init__()
        self.start, self.size = task * size, size

    def forward(self, z: Tensor) -> Tensor:
        return z.narrow(1, self.start, self.size)


class _Stitch(nn.Module):
    """A linear combination of T tasks' features for each of them."""

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.units = nn.Parameter(torch.ones(tasks, tasks))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return list(torch.einsum("ts,s...->t...", self.units, torch.stack(list(features))))


class _Reduce(nn.Module):
    """A 1 x 1 convolution of T tasks' features, and batch normalisation, for each of them."""

    def __init__(self, tasks: int, size: int) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(
            nn.Sequential(nn.Conv2d(tasks * size, size, 1, bias=False), nn.BatchNorm2d(size))
            for _ in range(tasks)
        )
        others = 0.1 / max(1, tasks - 1)
        for task, layer in enumerate(self.reduce):
            shares = [0.9 if other == task else others for other in range(tasks)]
            start = torch.cat([share * torch.eye(size) for share in shares], 1)
            layer[0].weight.data.copy_(start[..., None, None])  # type: ignore[index]

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        every = torch.cat(list(features), 1)
        return [layer(every) for layer in self.reduce]


class _Taps(nn.Module):
    """What goes into the last block of each layer and what comes out, side by side.

    Of the first layer, which has four times the pixels, four pixels become channels of one.
    """

    def __init__(self, network: nn.Sequential) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        x, taps = self.network[:4](images), []
        for layer in list(self.network)[4:]:
            before = layer[:-1](x)  # type: ignore[index]
            x = layer[-1](before)  # type: ignore[index]
            taps += [before, x]
        return torch.cat([*(F.pixel_unshuffle(t, 2) for t in taps[:2]), *taps[2:]], 1)


class _Attention(nn.Module):
    """A task's way through what :class:`_Taps` gives: masked, and carried from layer to layer."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.split = [4 * sizes[0]] * 2 + [size for size in sizes[1:] for _ in range(2)]
        inputs = [sizes[0], *(2 * size for size in sizes[1:])]
        self.masks = nn.ModuleList(_mask(i, size) for i, size in zip(inputs, sizes, strict=True))
        self.carry = nn.ModuleList(
            Block(a, b // 4, bottleneck=True, stride=1, dilations=(1, 1)) for a, b in pairwise(sizes)
        )

    def forward(self, z: Tensor) -> Tensor:
        taps = list(z.split(self.split, 1))
        taps[:2] = [F.pixel_shuffle(tap, 2) for tap in taps[:2]]
        seen: list[Tensor] = []
        for layer, mask in enumerate(self.masks):
            before, after = taps[2 * layer : 2 * layer + 2]
            own = mask(torch.cat([before, *seen], 1)) * after
            if layer < len(self.carry):
                own = self.carry[layer](own)
            seen = [F.max_pool2d(own, 2) if layer == 0 else own]
        return seen[0]


def _mask(inputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, size // 4, 1),
        nn.BatchNorm2d(size // 4),
        nn.ReLU(),
        nn.Conv2d(size // 4, size, 1),
        nn.BatchNorm2d(size),
        nn.Sigmoid(),
    )
