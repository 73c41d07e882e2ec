"""Which entries of the targets carry a label."""

from __future__ import annotations

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
