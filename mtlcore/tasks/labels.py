"""Which entries of the targets carry a label, and what is no label."""

from __future__ import annotations

import torch
from torch import Tensor

UNLABELLED = -100
"""The class index that marks an entry without a label (torch's own convention)."""


def labelled(targets: Tensor) -> Tensor:
    """Mask of the entries that carry a label.

    Parameters
    ----------
    targets : Tensor
        Real numbers, NaN where there is no label, or class indices, -100 where there is none.

    Returns
    -------
    mask : Tensor of bool, of the shape of ``targets``

    Examples
    --------
    >>> from mtlcore.tasks import UNLABELLED, labelled
    >>> labelled(torch.tensor([1.5, torch.nan])), labelled(torch.tensor([3, UNLABELLED]))
    (tensor([ True, False]), tensor([ True, False]))
    """
    if targets.is_floating_point():
        return ~targets.isnan()
    return targets != UNLABELLED


def check_classes(targets: Tensor, classes: int) -> None:
    """Check that every label is a class index.

    Parameters
    ----------
    targets : Tensor of integers
        Class indices, -100 where there is no label.
    classes : int
        Number of classes C.

    Raises
    ------
    ValueError
        If a label is neither -100 nor one of 0 to C - 1; the message has the values that were found.
    """
    wrong = labelled(targets) & ((targets < 0) | (targets >= classes))
    refuse(
        wrong,
        targets,
        f"labels are whole numbers from 0 to {classes - 1}, or {UNLABELLED} (mtlcore.tasks.UNLABELLED) where "
        "one is missing",
    )


def check_finite(targets: Tensor) -> None:
    """Check that no target of a regression is infinite.

    Parameters
    ----------
    targets : Tensor
        Real numbers, NaN where there is no label.

    Raises
    ------
    ValueError
        If one is. A GPU is not asked: there the loss becomes infinite, which ends the step.
    """
    if targets.device.type == "cpu":
        refuse(targets.isinf(), targets, "targets are finite numbers, or NaN where one is missing")


def refuse(wrong: Tensor, values: Tensor, expected: str) -> None:
    """Raise an error if something is wrong.

    Parameters
    ----------
    wrong : Tensor of bool
        What is wrong.
    values : Tensor, of the shape of ``wrong``
        The values; those that are wrong are named.
    expected : str
        What they should be.

    Raises
    ------
    ValueError
        If an entry is wrong. On a GPU, whose answer would have to be waited for, an assertion of CUDA fails.
    """
    if wrong.device.type != "cpu":  # an index is checked on the GPU itself
        torch.zeros(1, device=wrong.device).index_select(0, wrong.any().long().view(1))
    elif wrong.any():
        found = values[wrong].unique().tolist()
        others = f" and {len(found) - 3} other values" if len(found) > 3 else ""
        raise ValueError(f"{expected}, not {', '.join(f'{value:.6g}' for value in found[:3])}{others}")
