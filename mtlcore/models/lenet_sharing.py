"""Soft parameter sharing for images with class labels: cross-stitch, NDDR-CNN and MTAN with LeNets.

Small versions of :mod:`mtlcore.models.soft_sharing`, with :func:`mtlcore.models.lenet` in place of a ResNet.
As there, the trunk returns the features of all tasks, concatenated, and each head selects its part.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from mtlcore.models._attention import attention_mask
from mtlcore.models._mixing import PerTask, Reduce, Select, Stitch
from mtlcore.models.lenet import CHANNELS, layers
from mtlcore.models.multitask import MultiTaskModel


def lenet_cross_stitch(
    tasks: int = 2,
    classes: int = 10,
    size: int = 36,
    kernels: tuple[int, int] = (9, 5),
    features: int = 50,
) -> MultiTaskModel:
    """Make a cross-stitch network: one LeNet per task, mixed after each convolution.

    The input of a task's next layer is a weighted sum of the features of all tasks. The weights are learned.
    They start at one, as in :func:`mtlcore.models.cross_stitch`; the authors start with weights that favour a
    task's own features.

    Parameters
    ----------
    tasks, classes, size : int, optional
        As in :func:`mtlcore.models.lenet`.
    kernels : tuple of int, optional
        As there.
    features : int, optional
        Number of features that each head reads.

    Returns
    -------
    model : MultiTaskModel
        Input and outputs as there.

    Raises
    ------
    ValueError
        If the images are too small for the kernels.

    References
    ----------
    Misra et al. (2016), Section 3. Random-weighting paper, Table 5.

    Examples
    --------
    >>> model = mtl.models.lenet_cross_stitch(size=11, kernels=(3, 3))
    >>> model.features(torch.rand(5, 1, 11, 11))[0].shape
    torch.Size([5, 100])
    """
    networks = [nn.Sequential(*layers(size, kernels, features)) for _ in range(tasks)]
    trunk = PerTask(networks, [Stitch(tasks) for _ in CHANNELS])
    return MultiTaskModel(trunk, _heads(tasks, classes, features))


def lenet_nddr(
    tasks: int = 2,
    classes: int = 10,
    size: int = 36,
    kernels: tuple[int, int] = (9, 5),
    features: int = 50,
) -> MultiTaskModel:
    """Make an NDDR-CNN: one LeNet per task, mixed after each convolution.

    A 1 x 1 convolution and batch normalisation reduce the concatenated features of all tasks to the input of
    a task's next layer. As in the paper the convolution starts as 0.9 times the task's own features plus 0.1
    times the mean of the others'.

    Parameters
    ----------
    tasks, classes, size : int, optional
        As in :func:`mtlcore.models.lenet`.
    kernels : tuple of int, optional
        As there.
    features : int, optional
        Number of features that each head reads.

    Returns
    -------
    model : MultiTaskModel
        Input and outputs as there.

    Raises
    ------
    ValueError
        If the images are too small for the kernels.

    References
    ----------
    Gao et al. (2019). Random-weighting paper, Table 5.

    Examples
    --------
    >>> model = mtl.models.lenet_nddr(size=11, kernels=(3, 3))
    >>> model.features(torch.rand(5, 1, 11, 11))[0].shape
    torch.Size([5, 100])
    """
    networks = [nn.Sequential(*layers(size, kernels, features)) for _ in range(tasks)]
    trunk = PerTask(networks, [Reduce(tasks, channels) for channels in CHANNELS])
    return MultiTaskModel(trunk, _heads(tasks, classes, features))


def lenet_mtan(
    tasks: int = 2,
    classes: int = 10,
    size: int = 36,
    kernels: tuple[int, int] = (9, 5),
    features: int = 50,
) -> MultiTaskModel:
    """Make an MTAN: one LeNet for all tasks, and per task an attention mask on each of its layers.

    A mask is computed from the layer's features and from the masked features of the layer before, which a
    1 x 1 convolution and max-pooling bring to the size of the layer.

    Parameters
    ----------
    tasks, classes, size : int, optional
        As in :func:`mtlcore.models.lenet`.
    kernels : tuple of int, optional
        As there.
    features : int, optional
        Number of features after the last layer.

    Returns
    -------
    model : MultiTaskModel
        Input and outputs as there.

    Raises
    ------
    ValueError
        If the images are too small for the kernels.

    References
    ----------
    Liu et al. (2019), Section 3. Random-weighting paper, Table 5.

    Examples
    --------
    >>> model = mtl.models.lenet_mtan(size=11, kernels=(3, 3))
    >>> [output.shape for output in model(torch.rand(5, 1, 11, 11))]
    [torch.Size([5, 10]), torch.Size([5, 10])]
    """
    trunk = Layers(layers(size, kernels, features))
    first = (size - kernels[0] + 1) // 2
    shapes = [(CHANNELS[0], first), (CHANNELS[1], (first - kernels[1] + 1) // 2), (features, 1)]
    heads = [nn.Sequential(Attention(shapes), nn.Linear(features, classes)) for _ in range(tasks)]
    return MultiTaskModel(trunk, heads)


def _heads(tasks: int, classes: int, features: int) -> list[nn.Sequential]:
    """A linear head for each task that reads its part of the features."""
    return [nn.Sequential(Select(task, features), nn.Linear(features, classes)) for task in range(tasks)]


class Layers(nn.Module):
    """The features of every layer of a network, flattened and concatenated: images to (N, m).

    Parameters
    ----------
    layers : list of torch.nn.Sequential
        The layers, each of which reads the one before.
    """

    def __init__(self, layers: list[nn.Sequential]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(x.flatten(1))
        return torch.cat(found, 1)


class Attention(nn.Module):
    """A task's attention to the features that :class:`Layers` returns: (N, m) to (N, C) of the last layer.

    Parameters
    ----------
    shapes : list of tuple of int
        Channels C and side of every layer's features.
    """

    def __init__(self, shapes: list[tuple[int, int]]) -> None:
        super().__init__()
        self.shapes = shapes
        first, *later = [channels for channels, _ in shapes]
        self.masks = nn.ModuleList(
            attention_mask(n, c, c // 2) for n, c in [(first, first), *((2 * c, c) for c in later)]
        )
        self.carry = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(side))
            for (a, _), (b, side) in pairwise(shapes)
        )

    def forward(self, z: Tensor) -> Tensor:
        parts = z.split([channels * side**2 for channels, side in self.shapes], 1)
        before: list[Tensor] = []  # masked features of the layer before, none for the first
        for depth, (part, (channels, side)) in enumerate(zip(parts, self.shapes, strict=True)):
            x = part.unflatten(1, (channels, side, side))
            own = self.masks[depth](torch.cat([x, *before], 1)) * x
            before = [self.carry[depth](own)] if depth < len(self.carry) else []
        return own.flatten(1)
