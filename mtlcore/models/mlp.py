"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from mtlcore.models.multitask import MultiTaskModel


def mlp(
    widths: Sequence[int], outputs: Sequence[int], activation: type[nn.Module] = nn.ReLU
) -> MultiTaskModel:
    """Make a multi-layer perceptron with one linear head per task.

    Parameters
    ----------
    widths : sequence of int
        Number of inputs, then of units of each hidden layer. Every hidden layer has an activation.
    outputs : sequence of int
        Number of outputs of each task.
    activation : type of torch.nn.Module, default torch.nn.ReLU
        Made without arguments.

    Returns
    -------
    model : MultiTaskModel
        Input: (N, ``widths[0]``). Output t: (N, ``outputs[t]``).

    Examples
    --------
    >>> model = mtl.models.mlp((4, 8), outputs=(3, 1))
    >>> [output.shape for output in model(torch.rand(5, 4))]
    [torch.Size([5, 3]), torch.Size([5, 1])]
    """
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), activation())]
    return MultiTaskModel(nn.Sequential(*layers), [nn.Linear(widths[-1], k) for k in outputs])
