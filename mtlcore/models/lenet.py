"""The LeNet of the two-image experiments."""

from __future__ import annotations

from torch import nn

from mtlcore.models.multitask import MultiTaskModel


def lenet(
    tasks: int = 2,
    classes: int = 10,
    size: int = 36,
    kernels: tuple[int, int] = (9, 5),
    features: int = 50,
) -> MultiTaskModel:
    """Two convolutions, each pooled, and a fully connected layer; one linear head a task.

    The random-weighting paper (Section 5.1) follows Lin et al. (2019): 10 and 20 channels, kernels of 9
    and 5 pixels, 50 features, 36 x 36 grey images (N, 1, size, size).
    """
    side = ((size - kernels[0] + 1) // 2 - kernels[1] + 1) // 2
    if side < 1:
        raise ValueError(f"images of {size} pixels are too small for kernels {kernels}")
    trunk = nn.Sequential(
        nn.Conv2d(1, 10, kernels[0]),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(10, 20, kernels[1]),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(20 * side**2, features),
        nn.ReLU(),
    )
    return MultiTaskModel(trunk, [nn.Linear(features, classes) for _ in range(tasks)])
