"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from mtlcore.models.multitask import MultiTaskModel


def mlp(
    widths: Sequence[int], outputs: Sequence[int], activation: type[nn.Module] = nn.ReLU
) -> MultiTaskModel:
    """A trunk of fully connected layers, each with its activation, and one linear head a task.

    ``widths`` are the input and the hidden sizes (SLAW's efficiency experiment: 2048, 2000, 100);
    ``outputs`` is the output size of each task.
    """
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), activation())]
    return MultiTaskModel(nn.Sequential(*layers), [nn.Linear(widths[-1], k) for k in outputs])
