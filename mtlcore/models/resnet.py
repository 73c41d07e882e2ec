"""A small residual network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mtlcore.models.multitask import MultiTaskModel


def resnet(
    tasks: int = 2,
    classes: int = 10,
    channels: int = 3,
    depth: int = 20,
    widths: Sequence[int] = (16, 32, 64),
) -> MultiTaskModel:
    """The residual network for small images: groups of blocks, global pooling, one linear head a task.

    He et al. (2016, Section 4.2): a convolution, then one group of (depth - 2) / (2 len(widths)) blocks a
    width, every group after the first at half the resolution; batch normalisation throughout. A shortcut
    that changes its size is a 1 x 1 convolution (their option B). Images (N, channels, height, width) of any
    size, 32 x 32 in the paper; widths[-1] features. The defaults are ResNet-20, 0.27 million parameters.

    Raises
    ------
    ValueError : the depth does not divide into blocks of two layers, the same number for every width.
    """
    blocks, rest = divmod(depth - 2, 2 * len(widths))
    if rest or blocks < 1:
        raise ValueError(
            f"with {len(widths)} widths a depth is 2 + {2 * len(widths)} times a whole number, not {depth}"
        )
    layers: list[nn.Module] = [*_convolution(channels, widths[0]), nn.ReLU()]
    inputs = widths[0]
    for group, width in enumerate(widths):
        for block in range(blocks):
            layers.append(_Block(inputs, width, stride=2 if group and not block else 1))
            inputs = width
    trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return MultiTaskModel(trunk, [nn.Linear(inputs, classes) for _ in range(tasks)])


class _Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            *_convolution(inputs, width, stride), nn.ReLU(), *_convolution(width, width)
        )
        same = inputs == width and stride == 1
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(*_convolution(inputs, width, stride, kernel=1))
        )

    def forward(self, x: Tensor) -> Tensor:
        return (self.path(x) + self.shortcut(x)).relu()


def _convolution(inputs: int, width: int, stride: int = 1, kernel: int = 3) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(inputs, width, kernel, stride, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(width)
