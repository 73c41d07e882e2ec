"""The LeNet for overlays of two images."""

from __future__ import annotations

from torch import nn

from mtlcore.models.multitask import MultiTaskModel

CHANNELS = (10, 20)
"""Channels of the two convolutions."""


def lenet(
    tasks: int = 2,
    classes: int = 10,
    size: int = 36,
    kernels: tuple[int, int] = (9, 5),
    features: int = 50,
) -> MultiTaskModel:
    """Make a LeNet: two convolutions with max-pooling, a fully connected layer, one linear head per task.

    The convolutions have 10 and 20 channels.

    Parameters
    ----------
    tasks : int, default 2
        Number of tasks.
    classes : int, default 10
        Number of outputs of every task.
    size : int, default 36
        Height and width of the images, in pixels.
    kernels : tuple of int, default (9, 5)
        Kernel sizes of the two convolutions, in pixels.
    features : int, default 50
        Number of features that the heads read.

    Returns
    -------
    model : MultiTaskModel
        Input: grey images (N, 1, size, size) in [0, 1]. Output of every task: (N, classes).

    Raises
    ------
    ValueError
        If the images are too small for the kernels.

    References
    ----------
    Random-weighting paper, Section 5.1, after Lin et al. (2019).

    Examples
    --------
    >>> model = mtl.models.lenet(tasks=2, size=11, kernels=(3, 3))
    >>> [output.shape for output in model(torch.rand(5, 1, 11, 11))]
    [torch.Size([5, 10]), torch.Size([5, 10])]
    """
    trunk = nn.Sequential(*(part for layer in layers(size, kernels, features) for part in layer))
    return MultiTaskModel(trunk, [nn.Linear(features, classes) for _ in range(tasks)])


def layers(size: int, kernels: tuple[int, int], features: int) -> list[nn.Sequential]:
    """Make the three layers of a LeNet's trunk: two convolutions with max-pooling, one fully connected.

    Parameters
    ----------
    size : int
        Height and width of the images, in pixels.
    kernels : tuple of int
        Kernel sizes of the two convolutions, in pixels.
    features : int
        Number of features after the last layer.

    Returns
    -------
    layers : list of torch.nn.Sequential
        From images (N, 1, size, size) to features (N, features).

    Raises
    ------
    ValueError
        If the images are too small for the kernels.
    """
    side = ((size - kernels[0] + 1) // 2 - kernels[1] + 1) // 2
    if side < 1:
        raise ValueError(f"images of {size} pixels are too small for kernels {kernels}")
    return [
        nn.Sequential(nn.Conv2d(1, CHANNELS[0], kernels[0]), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(*CHANNELS, kernels[1]), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS[1] * side**2, features), nn.ReLU()),
    ]
