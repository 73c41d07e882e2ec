"""The residual network for small images."""

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
    """Make a residual network for small images, with one linear head per task.

    A convolution, then for each width a group of (depth - 2) / (2 len(widths)) blocks, then global average
    pooling. Every group after the first halves the resolution. All convolutions have batch normalisation.
    Where the shape changes, the shortcut is a 1 x 1 convolution (option B of the paper).

    Parameters
    ----------
    tasks : int, default 2
        Number of tasks.
    classes : int, default 10
        Number of outputs of every task.
    channels : int, default 3
        Number of channels of the images.
    depth : int, default 20
        Number of layers with weights; 2 plus a multiple of 2 len(widths).
    widths : sequence of int, default (16, 32, 64)
        Number of channels of each group. With the other defaults this is ResNet-20, 0.27 million parameters.

    Returns
    -------
    model : MultiTaskModel
        Input: images (N, channels, height, width) in [0, 1], of any size, 32 x 32 in the paper. Output of
        every task: (N, classes).

    Raises
    ------
    ValueError
        If the depth is another.

    References
    ----------
    He et al. (2016), Section 4.2.

    Examples
    --------
    >>> model = mtl.models.resnet(tasks=2, depth=8)
    >>> [output.shape for output in model(torch.rand(5, 3, 32, 32))]
    [torch.Size([5, 10]), torch.Size([5, 10])]
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
    """Two 3 x 3 convolutions and a shortcut: (N, inputs, H, W) to (N, width, H/stride, W/stride)."""

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
    """A convolution and batch normalisation."""
    convolution = nn.Conv2d(inputs, width, kernel, stride, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(width)
