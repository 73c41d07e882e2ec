"""The LeNet for overlays of two images."""

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
