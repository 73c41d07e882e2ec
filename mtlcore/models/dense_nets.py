"""Networks for dense prediction: a shared dilated ResNet, and one convolutional head per task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from mtlcore.models.backbone import backbone, channels
from mtlcore.models.multitask import MultiTaskModel


def deeplab(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """Make the random-weighting paper's network for NYUv2 and CityScapes, called DeepLabV3+ there.

    A ResNet of stride 8 is shared. Each head consists of atrous spatial pyramid pooling (Chen et al. 2018)
    with the rates 12, 24 and 36, a 3 x 3 convolution, a 1 x 1 convolution and upsampling to the image's size.
    As in the public code, there is no decoder with skip connections from earlier layers.

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
    Random-weighting paper, Section 5.2. Chen et al. (2018).
    """
    network = backbone(depth, width=width, stride=8, weights=weights)
    heads = [pyramid_head(channels(network)[-1], k, head_width) for k in outputs]
    return MultiTaskModel(network, heads)


def pyramid_head(inputs: int, outputs: int, width: int) -> nn.Sequential:
    """Make a head of pyramid pooling, two convolutions and upsampling.

    Parameters
    ----------
    inputs : int
        Number of input channels.
    outputs : int
        Number of output channels.
    width : int
        Number of channels in between.

    Returns
    -------
    head : torch.nn.Sequential
        From (N, inputs, h, w) to (N, outputs, 8h, 8w).
    """
    return nn.Sequential(
        _Pyramid(inputs, width),
        *_convolution(width, width),
        nn.Conv2d(width, outputs, 1),
        nn.Upsample(scale_factor=8, mode="bilinear", align_corners=True),
    )


def branches(
    outputs: Sequence[int],
    *,
    depth: int = 50,
    width: int = 64,
    head_width: int = 256,
    weights: str | Path | None = None,
) -> MultiTaskModel:
    """Make SLAW's network for NYUv2: a shared ResNet-50, and heads of three 3 x 3 convolutions.

    As in the public code, the ResNet is dilated to stride 4 and the outputs are upsampled to the image's
    size. The last convolution has neither batch normalisation nor ReLU, because outputs can be negative.

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
        Input: images (N, 3, H, W), H and W multiples of 4. Output t: (N, ``outputs[t]``, H, W).

    Raises
    ------
    ValueError
        If the depth is another, or if the file does not contain such weights.

    References
    ----------
    SLAW paper, Section 4.2.
    """
    network = backbone(depth, width=width, stride=4, weights=weights)

    def head(k: int) -> nn.Sequential:
        return nn.Sequential(
            *_convolution(channels(network)[-1], head_width),
            *_convolution(head_width, head_width),
            nn.Conv2d(head_width, k, 3, padding=1),
            nn.Upsample(scale_factor=4, mode="bilinear"),
        )

    return MultiTaskModel(network, [head(k) for k in outputs])


class _Pyramid(nn.Module):
    """Atrous spatial pyramid pooling: (N, inputs, h, w) to (N, width, h, w).

    Five branches, concatenated and mixed by a 1 x 1 convolution: a 1 x 1 convolution, three dilated 3 x 3
    convolutions, and the mean over all pixels.
    """

    def __init__(self, inputs: int, width: int, rates: Sequence[int] = (12, 24, 36)) -> None:
        super().__init__()
        self.views = nn.ModuleList(
            [
                nn.Sequential(*_convolution(inputs, width, kernel=1)),
                *(nn.Sequential(*_convolution(inputs, width, rate=rate)) for rate in rates),
            ]
        )
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_convolution(inputs, width, kernel=1))
        self.mix = nn.Sequential(
            *_convolution((len(rates) + 2) * width, width, kernel=1),
            nn.Dropout(0.5),
        )

    def forward(self, x: Tensor) -> Tensor:
        views = [view(x) for view in self.views]
        whole = self.whole(x).expand(-1, -1, *x.shape[2:])
        return self.mix(torch.cat([*views, whole], 1))


def _convolution(
    inputs: int, outputs: int, kernel: int = 3, rate: int = 1
) -> tuple[nn.Module, nn.Module, nn.Module]:
    """A convolution that keeps the resolution, batch normalisation and ReLU."""
    padding = rate * (kernel // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=rate, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()
