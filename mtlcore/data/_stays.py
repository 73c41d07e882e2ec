"""Stays in intensive care: deaths, and lengths of stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mtlcore.tasks import MultiTaskData, Split, Task

Stays = Sequence[np.ndarray]
"""Features (N, D), NaN where one is missing; deaths (N,), 0 or 1; days (N,), NaN where they are not known."""

WINDOWS = [(0.0, 1.0), (0.0, 0.1), (0.0, 0.25), (0.0, 0.5), (0.9, 1.0), (0.75, 1.0), (0.5, 1.0)]
"""Beginning and end of each window in which statistics are taken, in parts of the whole time."""

LARGEST = 10.0
"""Standardised features are cut here: a typing error, such as a pH of 735, must not decide."""


def make_data(name: str, train: Stays, validation: Stays, test: Stays) -> MultiTaskData:
    """Make a data set of stays, standardised by the training stays.

    Parameters
    ----------
    name : str
        Name of the data set.
    train, validation, test : sequence of ndarray
        Features, deaths and days.

    Returns
    -------
    data : MultiTaskData
        Features (N, D), float32: a missing one is the training mean, and all are cut at :data:`LARGEST`. The
        tasks ``"death"``, labels (N,) 0 or 1, and ``"stay"``, targets (N, 1): log(1 + days), standardised.
    """
    known, lengths = np.ma.masked_invalid(train[0]), np.log1p(train[2])
    means, spread = known.mean(axis=0).filled(0), known.std(axis=0).filled(0)
    middle, width = np.nanmean(lengths), np.nanstd(lengths)

    def split(features: np.ndarray, died: np.ndarray, days: np.ndarray) -> Split:
        filled = np.where(np.isnan(features), means, features)
        inputs = ((filled - means) / np.where(spread > 0, spread, 1)).clip(-LARGEST, LARGEST)
        stay = (np.log1p(days) - middle) / width
        return Split(
            torch.from_numpy(inputs).float(),
            (torch.tensor(died), torch.from_numpy(stay).float()[:, None]),
        )

    tasks = (Task.logistic("death"), Task.regression("stay"))
    return MultiTaskData(name, split(*train), split(*validation), split(*test), tasks)
