"""Soft parameter sharing for dense prediction: cross-stitch, NDDR-CNN and MTAN.

In each of these networks every task has features of its own. A :class:`MultiTaskModel` has one shared
representation, so the trunk returns the features of all tasks, concatenated along the channels, and each
head selects its part. All parameters that the losses of several tasks depend on are in the trunk. With the
heads of :func:`mtlcore.models.dense_nets.deeplab` these are the architectures of the random-weighting paper's
Table 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mtlcore.models._attention import attention_mask
from mtlcore.models._mixing import PerTask, Reduce, Select, Stitch
from mtlcore.models.backbone import Bottleneck, backbone, channels
from mtlcore.models.dense_nets import pyramid_head
from mtlcore.models.multitask import MultiTaskModel

STEM = 4
"""Layers of a ResNet before the first that counts: the stem, up to the max-pooling."""


def cross_stitch(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """Make a cross-stitch network: one ResNet per task, mixed after each of the first three layers.

    There, the input of a task's next layer is a weighted sum of the features of all tasks. The weights are
    learned and initialised to one, as in the random-weighting paper's public code.

    Parameters
    ----------
    outputs : sequence of int
        Number of output channels of each task.
    depth : {18, 50}, default 50
        Depth of the ResNet, as in :func:`mtlcore.models.backbone.backbone`.
    width : int, default 64
        Number of channels of its first layer.
    head_width : int, default 256
        Number of channels inside the heads.
    weights : str or Path, optional
        File with pre-trained weights of the ResNet.

    Returns
    -------
    model : MultiTaskModel
        Input: images (N, 3, H, W), H and W multiples of 8. Output t: (N, ``outputs[t]``, H, W).

    Raises
    ------
    ValueError
        If the depth is another, or if the file does not contain such weights.

    References
    ----------
    Misra et al. (2016). Random-weighting paper, Table 5.
    """
    networks = [backbone(depth, width=width, stride=8, weights=weights) for _ in outputs]
    return _per_task(networks, [Stitch(len(outputs)) for _ in range(3)], outputs, head_width)


def nddr(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """Make an NDDR-CNN: one ResNet per task, mixed after each of the four layers.

    There, a 1 x 1 convolution and batch normalisation reduce the concatenated features of all tasks to the
    input of a task's next layer. As in the paper, the convolution is initialised to 0.9 times the task's own
    features plus 0.1 times the mean of the others'.

    Parameters
    ----------
    outputs : sequence of int
        Number of output channels of each task.
    depth : {18, 50}, default 50
        Depth of the ResNet, as in :func:`mtlcore.models.backbone.backbone`.
    width : int, default 64
        Number of channels of its first layer.
    head_width : int, default 256
        Number of channels inside the heads.
    weights : str or Path, optional
        File with pre-trained weights of the ResNet.

    Returns
    -------
    model : MultiTaskModel
        Input: images (N, 3, H, W), H and W multiples of 8. Output t: (N, ``outputs[t]``, H, W).

    Raises
    ------
    ValueError
        If the depth is another, or if the file does not contain such weights.

    References
    ----------
    Gao et al. (2019). Random-weighting paper, Table 5.
    """
    networks = [backbone(depth, width=width, stride=8, weights=weights) for _ in outputs]
    mixers = [Reduce(len(outputs), size) for size in channels(networks[0])]
    return _per_task(networks, mixers, outputs, head_width)


def mtan(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """Make an MTAN: one ResNet for all tasks, and per task an attention mask on each of its layers.

    As in the authors' code for residual networks, with one deviation: there the tasks share the blocks that
    connect the masked features of one layer with the next, here each task has its own.

    Parameters
    ----------
    outputs : sequence of int
        Number of output channels of each task.
    depth : {18, 50}, default 50
        Depth of the ResNet, as in :func:`mtlcore.models.backbone.backbone`.
    width : int, default 64
        Number of channels of its first layer.
    head_width : int, default 256
        Number of channels inside the heads.
    weights : str or Path, optional
        File with pre-trained weights of the ResNet.

    Returns
    -------
    model : MultiTaskModel
        Input: images (N, 3, H, W), H and W multiples of 8. Output t: (N, ``outputs[t]``, H, W).

    Raises
    ------
    ValueError
        If the depth is another, or if the file does not contain such weights.

    References
    ----------
    Liu et al. (2019). Random-weighting paper, Table 5.
    """
    network = backbone(depth, width=width, stride=8, weights=weights)
    sizes = channels(network)
    heads = [nn.Sequential(_Attention(sizes), pyramid_head(sizes[-1], k, head_width)) for k in outputs]
    return MultiTaskModel(_Taps(network), heads)


def _per_task(
    networks: Sequence[nn.Sequential], mixers: Sequence[nn.Module], outputs: Sequence[int], head_width: int
) -> MultiTaskModel:
    """A model of one network per task, with pyramid heads."""
    size = channels(networks[0])[-1]
    heads = [
        nn.Sequential(Select(task, size), pyramid_head(size, k, head_width)) for task, k in enumerate(outputs)
    ]
    return MultiTaskModel(PerTask(networks, mixers, STEM), heads)


class _Taps(nn.Module):
    """Input and output of the last block of each layer of a network, concatenated along the channels.

    All have 1/8 of the image's resolution except those of the first layer, with 1/4: there, each 2 x 2 pixels
    become the channels of one.
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
    """A task's attention to the features that :class:`_Taps` returns.

    In each layer, a mask computed from the input of the layer's last block and from the masked features of
    the layer before is multiplied with the output of the last block.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.split = [4 * sizes[0]] * 2 + [size for size in sizes[1:] for _ in range(2)]
        inputs = [sizes[0], *(2 * size for size in sizes[1:])]
        self.masks = nn.ModuleList(
            attention_mask(i, size, size // 4) for i, size in zip(inputs, sizes, strict=True)
        )
        self.carry = nn.ModuleList(Bottleneck(a, b // 4) for a, b in pairwise(sizes))

    def forward(self, z: Tensor) -> Tensor:
        taps = list(z.split(self.split, 1))
        taps[:2] = [F.pixel_shuffle(tap, 2) for tap in taps[:2]]
        previous: list[Tensor] = []  # masked features of the layer before, none for the first
        for layer, mask in enumerate(self.masks):
            before, after = taps[2 * layer : 2 * layer + 2]
            own = mask(torch.cat([before, *previous], 1)) * after
            if layer < len(self.carry):
                own = self.carry[layer](own)
            previous = [F.max_pool2d(own, 2) if layer == 0 else own]
        return previous[0]
