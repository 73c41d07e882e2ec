"""Mortgages: does the borrower default within a year, or repay early?

Source: the sample of the book "Deep Credit Risk" (Roesch and Scheule), ``dcr.csv``: one row a loan and
quarter, 5,000 loans. It stands in for the Fannie Mae loans of HydaLearn's Table 2. The paper takes the loans
as they are on one day and predicts the next twelve months; with 5,000 loans in all, here each loan is taken
once, in its first quarter, and the next four quarters are predicted:

* A row a loan, so no loan is in two splits. Everything that is known later is left out: the columns on
  default, repayment, loss and resolution, and all later rows.
* 385 loans end in their first quarter, and 35 are not observed for four more quarters and do not end: they
  are left out.
* Dates become the age of the loan and the quarters to maturity. The number of the quarter is no feature.
* A rate at origination of zero marks a missing one, as does an empty field. A missing number is the mean of
  the training loans, beside a feature that says so; states are one feature each. All is standardised
  by the training loans.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import torch

from mtlcore.data._loans import flags, make_data
from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.files import File
from mtlcore.tasks import MultiTaskData, Split, Task

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = File(
    "mortgage",
    "dcr.csv",
    "https://www.deepcreditrisk.com",
    7_538_771,
    "804f1d4338663227eded33c0cf63317b2cb1b68eb2b19b02925f80315f94b224",
)

HORIZON = 4
"""Quarters that are predicted."""

DEFAULT, PAYOFF = 1, 2
"""Values of the column status_time in a loan's last row."""

NUMBERS = [
    "balance_time",
    "LTV_time",
    "interest_rate_time",
    "rate_time",
    "hpi_time",
    "gdp_time",
    "uer_time",
    "REtype_CO_orig_time",
    "REtype_PU_orig_time",
    "REtype_SF_orig_time",
    "investor_orig_time",
    "balance_orig_time",
    "FICO_orig_time",
    "LTV_orig_time",
    "Interest_Rate_orig_time",
    "hpi_orig_time",
]
"""Columns that are known in the first quarter."""


def loans(panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take each loan once, in its first quarter.

    Parameters
    ----------
    panel : DataFrame
        One row a loan and quarter.

    Returns
    -------
    features : DataFrame
        One row a loan, indexed by its number; NaN where a number is missing.
    labels : DataFrame
        The columns ``default`` and ``prepayment``, 0 or 1, of the same loans.
    """
    import pandas as pd

    panel = panel.sort_values(["id", "time"], kind="stable")
    first = panel.drop_duplicates("id").set_index("id")
    last = panel.drop_duplicates("id", keep="last").set_index("id")
    quarters, end = last["time"] - first["time"], last["status_time"]
    ended = end.isin([DEFAULT, PAYOFF])
    kept = (first["status_time"] == 0) & (quarters > 0) & (ended | (quarters >= HORIZON))
    soon = quarters <= HORIZON
    labels = pd.DataFrame({"default": soon & (end == DEFAULT), "prepayment": soon & (end == PAYOFF)})[kept]
    first = first[kept]
    numbers = first[NUMBERS].astype(float)
    numbers["Interest_Rate_orig_time"] = numbers["Interest_Rate_orig_time"].replace(0.0, np.nan)
    numbers["age"] = first["time"] - first["orig_time"]
    numbers["to_maturity"] = first["mat_time"] - first["time"]
    states = pd.get_dummies(first["state_orig_time"].fillna("none"), prefix="state", dtype=float)
    return pd.concat([numbers, flags(numbers), states], axis=1), labels.astype(np.int64)


def make(*, validation: int = 900, test: int = 900, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"mortgage"``.

    Parameters
    ----------
    validation : int, default 900
        Number of validation loans.
    test : int, default 900
        Number of test loans.
    seed : int, default 0
        Seed of the division.

    Returns
    -------
    data : MultiTaskData
        Features (N, D), float32, and labels (N,), 0 or 1, of the tasks ``"default"`` and ``"prepayment"``.

    Raises
    ------
    ValueError
        If an option is out of range, or the file is not as it should be.

    References
    ----------
    HydaLearn paper, Table 2 and the appendix on Fannie Mae.
    """
    import pandas as pd

    check_options(seed=seed, validation=validation, test=test)
    features, labels = loans(pd.read_csv(io.BytesIO(SAMPLE.read())))
    return make_data("mortgage", features, labels, validation, test, seed)


def make_loans(
    *, inputs: int = 20, train: int = 1_000, validation: int = 400, test: int = 400, seed: int = 0
) -> MultiTaskData:
    """Make the data set ``"synthetic-loans"``: two rare events of the form of ``"mortgage"``.

    The log-odds of both events are linear in the features, with coefficients that are partly shared.

    Parameters
    ----------
    inputs : int, default 20
        Number of features D.
    train : int, default 1_000
        Number of training loans.
    validation : int, default 400
        Number of validation loans.
    test : int, default 400
        Number of test loans.
    seed : int, default 0
        Seed of the coefficients and of all loans.

    Returns
    -------
    data : MultiTaskData
        Features (N, D), float32, and labels (N,), 0 or 1, of the tasks ``"default"`` and ``"prepayment"``.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, inputs=inputs, train=train, validation=validation, test=test)
    rng = np.random.default_rng([seed, 0])
    shared, *own = rng.standard_normal((3, inputs)) / np.sqrt(inputs)

    def split(stream: int, samples: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        x = rng.standard_normal((samples, inputs))
        odds = (np.exp(x @ (shared + each) - rare) for each, rare in zip(own, (3.0, 1.5), strict=True))
        labels = tuple(torch.from_numpy(rng.random(samples) < o / (1 + o)).long() for o in odds)
        return Split(torch.from_numpy(x).float(), labels)

    tasks = (Task.logistic("default"), Task.logistic("prepayment"))
    return MultiTaskData("synthetic-loans", split(1, train), split(2, validation), split(3, test), tasks)


DATASETS = (
    Dataset("mortgage", "defaults and early repayments of 5,000 loans", make, files=(SAMPLE,)),
    Dataset("synthetic-loans", "two rare events of the form of mortgage, made by a formula", make_loans),
)
