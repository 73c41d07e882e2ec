"""The attention mask of MTAN."""

from torch import nn


def attention_mask(inputs: int, size: int, hidden: int) -> nn.Sequential:
    """Two 1 x 1 convolutions: features (N, inputs, h, w) to a mask (N, size, h, w) in [0, 1]."""
    return nn.Sequential(
        nn.Conv2d(inputs, hidden, 1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, size, 1),
        nn.BatchNorm2d(size),
        nn.Sigmoid(),
    )
