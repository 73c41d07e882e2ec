"""Losses that keep one value an entry: cross-entropy, weighted and logistic, and the squared error."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore.tasks.labels import UNLABELLED, check_classes


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of logits (N, C, ...) and class indices (N, ...).

    Parameters
    ----------
    outputs : Tensor, shape (N, C, ...)
        Logits.
    targets : Tensor of integers, shape (N, ...)
        Class indices from 0 to C - 1.

    Returns
    -------
    losses : Tensor, shape (N, ...)

    Raises
    ------
    TypeError
        If the targets are real numbers.
    ValueError
        If a label is no class index. On a GPU this is an assertion of CUDA instead.
    """
    _check_integers(targets)
    try:
        return F.cross_entropy(outputs, targets.long(), reduction="none")
    except IndexError:  # torch looks at every label anyway: a check before the loss would cost a second pass
        check_classes(targets, outputs.shape[1])
        raise


def weighted_cross_entropy(outputs: Tensor, targets: Tensor, weights: tuple[float, float]) -> Tensor:
    """Cross-entropy of two logits, with a weight for each of the two classes.

    Parameters
    ----------
    outputs : Tensor, shape (N, 2)
        Logits.
    targets : Tensor of integers, shape (N,)
        Labels 0 and 1.
    weights : tuple of two floats
        Factors of the losses of label 0 and of label 1.

    Returns
    -------
    losses : Tensor, shape (N,)

    Raises
    ------
    TypeError
        If the targets are real numbers, or there are more or fewer than two logits.
    ValueError
        If a label is neither 0 nor 1. On a GPU this is an assertion of CUDA instead.
    """
    if outputs.shape[1:2] != (2,):
        raise TypeError("a binary task has two logits a sample, outputs of shape (N, 2)")
    entries = cross_entropy(outputs, targets)
    return torch.where(targets == 1, weights[1] * entries, weights[0] * entries)


def logistic(outputs: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of one logit.

    Parameters
    ----------
    outputs : Tensor, shape (N, 1)
        The log-odds of label 1.
    targets : Tensor of integers, shape (N,)
        Labels 0 and 1.

    Returns
    -------
    losses : Tensor, shape (N,)

    Raises
    ------
    TypeError
        If the targets are real numbers.
    ValueError
        If a label is neither 0 nor 1. On a GPU this is an assertion of CUDA instead.
    """
    _check_integers(targets)
    zero_and_one = torch.arange(2, dtype=outputs.dtype, device=outputs.device)
    try:  # an index is checked where it is used, also on a GPU, which does not wait for it
        truth = zero_and_one.index_select(0, targets.long())
    except IndexError:
        check_classes(targets, 2)
        raise
    return F.binary_cross_entropy_with_logits(outputs.squeeze(1), truth, reduction="none")


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
    check_real(outputs, targets)
    return F.mse_loss(outputs, targets, reduction="none")


def check_real(outputs: Tensor, targets: Tensor) -> None:
    """Check type and shape of the targets of a regression.

    Parameters
    ----------
    outputs, targets : Tensor, both of shape (N, ...)
        Real numbers.

    Raises
    ------
    TypeError
        If the targets are no real numbers, or the shapes differ.
    """
    if not targets.is_floating_point():
        raise TypeError("targets must be real numbers, NaN where one is missing; convert them by .float()")
    if outputs.shape != targets.shape:
        raise TypeError("outputs and targets must have one shape")


def _check_integers(targets: Tensor) -> None:
    if targets.is_floating_point():
        raise TypeError(
            f"class labels must be integers, {UNLABELLED} (mtlcore.tasks.UNLABELLED) where one is missing; "
            "convert them by .long()"
        )
