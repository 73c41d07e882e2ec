"""Losses that keep one value an entry: cross-entropy, weighted and logistic, and the squared error."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of logits (N, C, ...) and class indices (N, ...).

    Parameters
    ----------
    outputs : Tensor, shape (N, C, ...)
        Logits.
    targets : Tensor of int64, shape (N, ...)
        Class indices.

    Returns
    -------
    losses : Tensor, shape (N, ...)

    Raises
    ------
    TypeError
        If the targets are real numbers.
    """
    _check_classes(targets)
    return F.cross_entropy(outputs, targets, reduction="none")


def weighted_cross_entropy(outputs: Tensor, targets: Tensor, weights: tuple[float, float]) -> Tensor:
    """Cross-entropy of two logits, with a weight for each of the two classes.

    Parameters
    ----------
    outputs : Tensor, shape (N, 2)
        Logits.
    targets : Tensor of int64, shape (N,)
        Labels 0 and 1.
    weights : tuple of two floats
        Factors of the losses of label 0 and of label 1.

    Returns
    -------
    losses : Tensor, shape (N,)

    Raises
    ------
    TypeError
        If the targets are real numbers.
    """
    entries = cross_entropy(outputs, targets)
    return torch.where(targets == 1, weights[1] * entries, weights[0] * entries)


def logistic(outputs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of one logit.

    Parameters
    ----------
    outputs : Tensor, shape (N, 1)
        The log-odds of label 1.
    targets : Tensor of int64, shape (N,)
        Labels 0 and 1.

    Returns
    -------
    losses : Tensor, shape (N,)

    Raises
    ------
    TypeError
        If the targets are real numbers.
    """
    _check_classes(targets)
    return F.binary_cross_entropy_with_logits(outputs.squeeze(1), targets.to(outputs), reduction="none")


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Squared error of every coordinate.

    Parameters
    ----------
    outputs, targets : Tensor, both of shape (N, ...)
        Real numbers.

    Returns
    -------
    losses : Tensor, shape (N, ...)

    Raises
    ------
    TypeError
        If the targets are no real numbers, or the shapes differ.
    """
    if not targets.is_floating_point():
        raise TypeError("regression targets must be real numbers")
    if outputs.shape != targets.shape:
        raise TypeError("outputs and targets must have one shape")
    return F.mse_loss(outputs, targets, reduction="none")


def _check_classes(targets: Tensor) -> None:
    if targets.is_floating_point():
        raise TypeError("class labels must be integers")
