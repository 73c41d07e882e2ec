"""The residual networks of ImageNet, with weights that you bring, as the trunk of other tasks."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from mtlcore.models.multitask import MultiTaskModel

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
"""Depth -> blocks in each of the four layers. From 50 on a block is 1 x 1, 3 x 3 and 1 x 1 convolutions."""


def backbone(
    depth: int = 18, *, width: int = 64, stride: int = 32, weights: str | Path | None = None
) -> nn.Sequential:
    """ResNet-18 or -50 (He et al. 2016) up to its last features: (N, 3, H, W) to (N, C, H/stride, W/stride).

    Its parts have the names of torchvision's, so that a file of torchvision's weights fits.

    Parameters
    ----------
    depth : 18 (C = 8 width) or 50 (C = 32 width).
    width : channels of the first layer, default 64.
    stride : 32, or 16, 8 or 4: then later layers keep their resolution and spread their kernels instead (Yu
        et al. 2017).
    weights : file with a state dict, of which the parts ``fc.`` are left out. Without it, random ones.

    Raises
    ------
    ValueError : another depth or stride, or a file that does not hold such weights.
    """
    if depth not in BLOCKS or stride not in (4, 8, 16, 32):
        raise ValueError(f"depth is 18 or 50 and stride 4, 8, 16 or 32, not {depth} and {stride}")
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, width, 7, 2, padding=3, bias=False),
        bn1=nn.BatchNorm2d(width),
        relu=nn.ReLU(),
        maxpool=nn.MaxPool2d(3, 2, padding=1),
    )
    inputs, reached, dilation = width, 4, 1
    for layer, blocks in enumerate(BLOCKS[depth]):
        step, before = (2 if layer else 1), dilation
        if step * reached > stride:
            step, dilation = 1, 2 * dilation
        reached *= step
        made: list[nn.Module] = []
        for block in range(blocks):
            made.append(
                Block(
                    inputs,
                    width * 2**layer,
                    bottleneck=depth >= 50,
                    stride=1 if block else step,
                    dilations=(dilation if block else before, dilation),
                )
            )
            inputs = width * 2**layer * (4 if depth >= 50 else 1)
        layers[f"layer{layer + 1}"] = nn.Sequential(*made)
    network = nn.Sequential(layers)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    if weights is not None:
        _load(network, Path(weights), depth)
    return network


def channels(network: nn.Sequential) -> list[int]:
    """Channels that each of a backbone's four layers gives."""
    norms = ([m for m in layer.modules() if isinstance(m, nn.BatchNorm2d)] for layer in list(network)[4:])
    return [last.num_features for *_, last in norms]


def classifier(
    classes: Sequence[int],
    *,
    depth: int = 18,
    width: int = 64,
    normalise: bool = False,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """A ResNet up to its average over the image, and one linear head a task with ``classes[t]`` outputs.

    The networks of the random-weighting paper's CelebA and Office experiments (Appendix C.2 and C.3).
    Images (N, 3, height, width) in [0, 1] of any size. ``normalise`` brings them to mean 0 and variance 1
    of ImageNet's, as pre-trained weights expect; the rest is as in :func:`backbone`.
    """
    network = backbone(depth, width=width, weights=weights)
    first = [Normalise()] if normalise else []
    trunk = nn.Sequential(*first, network, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return MultiTaskModel(trunk, [nn.Linear(channels(network)[-1], k) for k in classes])


class Normalise(nn.Module):
    """Images (N, 3, H, W) in [0, 1] minus the mean colour of ImageNet, over its standard deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std


class Block(nn.Module):
    """Two 3 x 3 convolutions, or one between two of 1 x 1, beside a shortcut. The first 3 x 3 one strides."""

    def __init__(
        self, inputs: int, width: int, bottleneck: bool, stride: int, dilations: tuple[int, int]
    ) -> None:
        super().__init__()
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        widths = (inputs, width, width, 4 * width) if bottleneck else (inputs, width, width)
        self.layers = len(kernels)
        for i, kernel in enumerate(kernels):
            first = i == kernels.index(3)
            step = stride if first else 1
            spread = 1 if kernel == 1 else dilations[0 if first else 1]
            convolution = nn.Conv2d(
                widths[i], widths[i + 1], kernel, step, spread * (kernel // 2), spread, bias=False
            )
            self.add_module(f"conv{i + 1}", convolution)
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(widths[i + 1]))
        self.downsample = None
        if stride > 1 or inputs != widths[-1]:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, widths[-1], 1, stride, bias=False), nn.BatchNorm2d(widths[-1])
            )

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for i in range(1, self.layers + 1):
            out = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(out))
            if i < self.layers:
                out = out.relu()
        return (out + (x if self.downsample is None else self.downsample(x))).relu()


def _load(network: nn.Sequential, path: Path, depth: int) -> None:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict({name: v for name, v in state.items() if not name.startswith("fc.")})
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} does not hold a state dict of ResNet-{depth}: {reason}") from error
