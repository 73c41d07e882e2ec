"""Networks with an answer for every pixel: a shared dilated ResNet, one convolutional head a task."""

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
    """The random-weighting paper's network for NYUv2 and CityScapes (Section 5.2), "DeepLabV3+".

    A ResNet at stride 8 is shared; each head is atrous spatial pyramid pooling (Chen et al. 2018) with the
    rates 12, 24 and 36, a 3 x 3 convolution and a 1 x 1 one, enlarged to the image's size. As in the
    public code there is no decoder that looks at earlier layers.

    Parameters
    ----------
    outputs : channels of each task's output (N, outputs[t], H, W).
    depth, width, weights : of the ResNet, see :func:`mtlcore.models.backbone.backbone`.
    head_width : channels inside the heads, default 256.
    """
    network = backbone(depth, width=width, stride=8, weights=weights)
    heads = [pyramid_head(channels(network)[-1], k, head_width) for k in outputs]
    return MultiTaskModel(network, heads)


def pyramid_head(inputs: int, outputs: int, width: int) -> nn.Sequential:
    """Pyramid pooling, two convolutions, and the image's size: (N, inputs, h, w) to (N, outputs, 8h, 8w)."""
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
    """SLAW's network for NYUv2 (Section 4.2): a shared ResNet-50, and heads of three 3 x 3 convolutions.

    The ResNet is dilated to stride 4 and the outputs are enlarged to the image's size, as in the public
    code; the last convolution has neither batch normalisation nor ReLU, because outputs have either sign.

    The parameters are those of :func:`deeplab`.
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
    """Five views of a feature map, from one pixel to the whole, mixed by a 1 x 1 convolution."""

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
    padding = rate * (kernel // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=rate, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()
