"""The LeNet for photographs and yes-or-no tasks."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from mtlcore.models.multitask import MultiTaskModel


def binary_lenet(tasks: int = 10, layers: int = 2, shared: int = 3) -> MultiTaskModel:
    """Make the LeNet of the SLGrad paper's photographs: three convolutions, then layers of 84 units.

    The convolutions have 6, 16 and 128 channels and kernels of 3, 5 and 5 pixels, the first two with
    max-pooling; ReLU throughout.

    Parameters
    ----------
    tasks : int, default 10
        Number of tasks.
    layers : int, default 2
        Number of linear layers that each head has after its first one; all but the last have 84 units.
    shared : {3, 2}, default 3
        Number of convolutions in the trunk: all (the text), or all but the last (the public code), which
        then is in every head.

    Returns
    -------
    model : MultiTaskModel
        Input: images (N, 3, 32, 32) in [0, 1]. Output of every task: (N, 1), log-odds.

    Raises
    ------
    ValueError
        If there is no layer, or ``shared`` is another number.

    References
    ----------
    SLGrad paper, Section B2.2, after LeCun et al. (1998).

    Examples
    --------
    >>> model = mtl.models.binary_lenet(tasks=3)
    >>> [output.shape for output in model(torch.rand(5, 3, 32, 32))]
    [torch.Size([5, 1]), torch.Size([5, 1]), torch.Size([5, 1])]
    """
    if layers < 1 or shared not in (2, 3):
        raise ValueError(f"layers is at least 1 and shared 2 or 3, not {layers} and {shared}")

    def last() -> list[nn.Module]:
        return [nn.Conv2d(16, 128, 5), nn.ReLU(), nn.Flatten()]

    def head() -> nn.Module:
        hidden = [layer for a, b in pairwise([512, *[84] * layers]) for layer in (nn.Linear(a, b), nn.ReLU())]
        return nn.Sequential(*(last() if shared == 2 else []), *hidden, nn.Linear(84, 1))

    trunk = nn.Sequential(
        *(nn.Conv2d(3, 6, 3, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(last() if shared == 3 else []),
    )
    return MultiTaskModel(trunk, [head() for _ in range(tasks)])
