"""ResNet-18 and ResNet-50 as trunks, with pre-trained weights from a file."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from mtlcore.models.multitask import MultiTaskModel

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
"""Depth -> number of blocks in each of the four layers: BasicBlock for 18, Bottleneck for 50."""


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut: (N, inputs, H, W) to (N, width, H/stride, W/stride).

    The names of its parameters are those of torchvision.

    Parameters
    ----------
    inputs : int
        Number of input channels.
    width : int
        Number of output channels.
    stride : int, default 1
        Stride of the first convolution.
    dilations : tuple of int, default (1, 1)
        Dilations of the two convolutions.

    References
    ----------
    He et al. (2016), Figure 5, left.
    """

    expansion = 1
    """Output channels per ``width``."""

    def __init__(self, inputs: int, width: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        first, second = dilations
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=first, dilation=first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=second, dilation=second, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn1(self.conv1(x)).relu()
        out = self.bn2(self.conv2(out))
        return (out + (x if self.downsample is None else self.downsample(x))).relu()


class Bottleneck(nn.Module):
    """A 1 x 1, a 3 x 3 and a 1 x 1 convolution and a shortcut: (N, inputs, H, W) to (N, 4 width, H/s, W/s).

    The names of its parameters are those of torchvision. As there, the 3 x 3 convolution has the stride s.

    Parameters
    ----------
    inputs : int
        Number of input channels.
    width : int
        Number of channels of the 3 x 3 convolution.
    stride : int, default 1
        Stride s of the 3 x 3 convolution.
    dilations : tuple of int, default (1, 1)
        The first is the dilation of the 3 x 3 convolution; the second is not used. (:class:`BasicBlock`
        has two such convolutions.)

    References
    ----------
    He et al. (2016), Figure 5, right.
    """

    expansion = 4
    """Output channels per ``width``."""

    def __init__(self, inputs: int, width: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        outputs, dilation = self.expansion * width, dilations[0]
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn1(self.conv1(x)).relu()
        out = self.bn2(self.conv2(out)).relu()
        out = self.bn3(self.conv3(out))
        return (out + (x if self.downsample is None else self.downsample(x))).relu()


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """A 1 x 1 convolution with batch normalisation; ``None`` (identity) where the shape does not change."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def backbone(
    depth: int = 18, *, width: int = 64, stride: int = 32, weights: str | Path | None = None
) -> nn.Sequential:
    """Make a ResNet up to its last features: (N, 3, H, W) to (N, C, H/stride, W/stride).

    The names of its parameters are those of torchvision, so that it can load torchvision's weights.

    Parameters
    ----------
    depth : {18, 50}, default 18
        Number of layers with weights, the missing classifier included. C is 8 ``width`` for 18 and 32
        ``width`` for 50.
    width : int, default 64
        Number of channels of the first layer.
    stride : {32, 16, 8, 4}, default 32
        Ratio of the resolutions of images and features. Below 32, the last layers use dilated convolutions
        instead of strides (Yu et al. 2017).
    weights : str or Path, optional
        File with a state dict; its entries ``fc.*`` are ignored. By default, random weights.

    Returns
    -------
    network : torch.nn.Sequential
        ``conv1``, ``bn1``, ``relu``, ``maxpool``, ``layer1``, ``layer2``, ``layer3`` and ``layer4``.

    Raises
    ------
    ValueError
        If depth or stride is another, or if the file does not contain such weights.
    FileNotFoundError
        If the file does not exist.

    References
    ----------
    He et al. (2016), Table 1. Yu et al. (2017).

    Examples
    --------
    >>> from mtlcore.models.backbone import backbone
    >>> backbone(18, width=4, stride=8)(torch.rand(2, 3, 32, 64)).shape
    torch.Size([2, 32, 4, 8])
    """
    if depth not in BLOCKS or stride not in (4, 8, 16, 32):
        raise ValueError(f"depth is 18 or 50 and stride 4, 8, 16 or 32, not {depth} and {stride}")
    kind = Bottleneck if depth >= 50 else BasicBlock
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, width, 7, 2, padding=3, bias=False),
        bn1=nn.BatchNorm2d(width),
        relu=nn.ReLU(),
        maxpool=nn.MaxPool2d(3, 2, padding=1),
    )
    inputs, total_stride, dilation = width, 4, 1
    for layer, number in enumerate(BLOCKS[depth]):
        step, before = (2 if layer else 1), dilation
        if step * total_stride > stride:  # from here on, every stride of 2 becomes a factor 2 of the dilation
            step, dilation = 1, 2 * dilation
        total_stride *= step
        blocks: list[nn.Module] = []
        for block in range(number):
            # The first convolution of a layer has the dilation of the layer before, whose features it reads.
            first = block == 0
            dilations = (before if first else dilation, dilation)
            blocks.append(kind(inputs, width * 2**layer, step if first else 1, dilations))
            inputs = kind.expansion * width * 2**layer
        layers[f"layer{layer + 1}"] = nn.Sequential(*blocks)
    network = nn.Sequential(layers)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    if weights is not None:
        _load(network, Path(weights), depth)
    return network


def channels(network: nn.Sequential) -> list[int]:
    """Return the numbers of output channels of a backbone's four layers.

    Parameters
    ----------
    network : torch.nn.Sequential
        From :func:`backbone`.

    Returns
    -------
    sizes : list of int
        Of ``layer1`` to ``layer4``.
    """
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
    """Make a classifier of images: a shared ResNet with global average pooling, and linear heads.

    Parameters
    ----------
    classes : sequence of int
        Number of outputs of each task.
    depth : {18, 50}, default 18
        As in :func:`backbone`.
    width : int, default 64
        Number of channels of the first layer.
    normalise : bool, default False
        Normalise the images with ImageNet's mean and standard deviation, as pre-trained weights need it.
    weights : str or Path, optional
        File with pre-trained weights of the ResNet, as in :func:`backbone`.

    Returns
    -------
    model : MultiTaskModel
        Input: images (N, 3, height, width) in [0, 1], of any size. Output t: (N, ``classes[t]``).

    Raises
    ------
    ValueError
        If the depth is another, or if the file does not contain such weights.

    References
    ----------
    Random-weighting paper, Appendix C.2 and C.3.

    Examples
    --------
    >>> model = mtl.models.classifier([2, 5], width=4)
    >>> [output.shape for output in model(torch.rand(8, 3, 64, 64))]
    [torch.Size([8, 2]), torch.Size([8, 5])]
    """
    network = backbone(depth, width=width, weights=weights)
    first = [Normalise()] if normalise else []
    trunk = nn.Sequential(*first, network, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return MultiTaskModel(trunk, [nn.Linear(channels(network)[-1], k) for k in classes])


class Normalise(nn.Module):
    """Subtract ImageNet's mean colour from images (N, 3, H, W) in [0, 1] and divide by its deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std


def _load(network: nn.Sequential, path: Path, depth: int) -> None:
    """Load a state dict from a file; ValueError if the file does not contain one that fits."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict({name: v for name, v in state.items() if not name.startswith("fc.")})
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} does not contain a state dict of ResNet-{depth}: {reason}") from error
