"""Loans: does the borrower default, or repay early?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from mtlcore.tasks import MultiTaskData, Split, Task

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 10.0
"""Standardised features are cut here, at both ends."""


def flags(numbers: pd.DataFrame) -> pd.DataFrame:
    """Say which numbers are missing: a column of 0 and 1 for each column in which one is."""
    missing = numbers.isna()
    return missing.loc[:, missing.any()].astype(float).add_prefix("missing_")


def make_data(
    name: str, features: pd.DataFrame, labels: pd.DataFrame, validation: int, test: int, seed: int
) -> MultiTaskData:
    """Make a data set of loans, divided at random and standardised by the training loans.

    Parameters
    ----------
    name : str
        Name of the data set.
    features : DataFrame
        D numbers a loan, NaN where one is missing; such a number becomes the training mean.
    labels : DataFrame
        The columns ``default`` and ``prepayment``, 0 or 1, of the same loans.
    validation, test : int
        Number of validation and of test loans.
    seed : int
        Seed of the division.

    Returns
    -------
    data : MultiTaskData
        Features (N, D), float32, and labels (N,), 0 or 1, of the tasks ``"default"`` and ``"prepayment"``.

    Raises
    ------
    ValueError
        If no loan would be left for training.
    """
    if validation + test >= len(features):
        raise ValueError(f"validation and test must leave some of the {len(features):,} loans for training")
    order = np.random.default_rng(seed).permutation(len(features))
    held_out, tested, trained = np.split(order, [validation, validation + test])
    known = features.iloc[trained]
    means, spread = known.mean(), known.std(ddof=0).replace(0.0, 1.0)
    standardised = ((features.fillna(means) - means) / spread).clip(-LARGEST, LARGEST)
    inputs = torch.from_numpy(standardised.to_numpy(np.float32))
    targets = tuple(torch.tensor(labels[name].to_numpy()) for name in ("default", "prepayment"))

    def split(index: np.ndarray) -> Split:
        return Split(inputs[index], tuple(y[index] for y in targets))

    tasks = (Task.logistic("default"), Task.logistic("prepayment"))
    return MultiTaskData(name, split(trained), split(held_out), split(tested), tasks)
