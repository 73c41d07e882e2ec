"""Fannie Mae's mortgages: does the borrower default within a year, or repay early?

Source: Fannie Mae's Single-Family Loan Performance Data, after registration, in the form that they have since
October 2020: for each quarter in which loans were acquired one file, such as ``2000Q1.csv``, without names of
columns; a row a loan and month; 108 fields or more, set apart by ``|``. (Before, a quarter had two files, on
acquisitions and on performance; these are not read.) They hold millions of loans, so a first command draws a
sample, once, and keeps its rows of thirteen months in the same form:

.. code-block:: console

   python -m mtlcore.data.formats.loan_sample 2000Q1.zip 2000Q2.zip ... 2009Q4.zip

As in the paper, the loans were acquired from 2000 to 2009, 10,000 are drawn, and their status at the start of
2010, which is the row of December 2009, predicts the twelve months of 2010. Details that the paper does not
specify, and our choices:

* A default is a payment that is 90 days late, or an end with a loss: a sale to a third party, a short sale, a
  deed in lieu or foreclosure, or a sale of the note. A prepayment is an end by payment, without a default
  before.
* Loans that are in default at the start are left out, as are those that end in another way in 2010, such as
  by repurchase, or lack a month.
* Features are those of the paper's Table 7. Balance, rate and months to maturity are those of December 2009.
  The metropolitan area becomes whether there is one. How late a payment is at the start is not in that table,
  and no feature. Categories that fewer than 50 loans have, such as sellers, are one: other.
* A missing number is the mean of the training loans, beside a feature that says so. All is standardised by
  the training loans, the zeros and ones of categories, too, and cut at -10 and 10. The number of features
  depends on the sample; the paper has 138.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from mtlcore.data._loans import flags, make_data
from mtlcore.data._options import check_options
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.formats.lines import decode, shortened, split_lines
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = ManualFolder(
    "fannie-mae",
    "loans.csv",
    "https://datadynamics.fanniemae.com (Single-Family Loan Performance Data, the quarters 2000Q1 to 2009Q4; "
    "then draw a sample by python -m mtlcore.data.formats.loan_sample 2000Q1.zip ...)",
    largest=2**27,
)

FIELDS = range(108, 120)
"""Numbers of fields that a row may have; new ones were added at the end."""

MONTHS = {"122009": 0} | {f"{month:02d}2010": month for month in range(1, 13)}
"""Reporting periods that are read; December 2009 is the status at the start of 2010."""

KEYS = {"loan": 2, "month": 3, "late": 40, "end": 44}
"""Positions in a row, counted from 1 as in Fannie Mae's glossary: whose row, when, and what happened."""

CATEGORIES = {
    "channel": 4,
    "seller": 5,
    "servicer": 6,
    "first_time_buyer": 26,
    "purpose": 27,
    "property": 28,
    "occupancy": 30,
    "state": 31,
    "product": 35,
    "prepayment_penalty": 36,
}
NUMBERS = {
    "interest_rate": 9,
    "balance": 12,
    "term": 13,
    "months_to_maturity": 17,
    "LTV": 20,
    "CLTV": 21,
    "borrowers": 22,
    "DTI": 23,
    "credit_score": 24,
    "units": 29,
}
AREA = {"area": 32}
"""Metropolitan statistical area, 00000 for none."""

RARE = 50
"""Categories of fewer loans are one."""

DEFAULTED = 3
"""Months that a payment in default is late."""

PAID = "01"
LOSSES = ("02", "03", "09", "15")
OTHERS = ("06", "16", "96", "97", "98")
"""Reasons for which a loan ends: payment; with a loss; others, such as repurchase."""


def read(content: bytes, place: str) -> pd.DataFrame:
    """Read rows of loans.

    Parameters
    ----------
    content : bytes
        Rows of Fannie Mae's files.
    place : str
        What an error calls the file.

    Returns
    -------
    rows : DataFrame
        The fields that are used, by name: text, and numbers with NaN where a field is empty; ``month`` counts
        from December 2009, ``late`` counts months and is NaN where unknown.

    Raises
    ------
    ValueError
        If rows have too few fields or different numbers of them, a field has a value that it cannot have, or
        a loan has a month twice or lacks December 2009; the message has the line.
    """
    import pandas as pd

    lines = split_lines(decode(content, place)) or [""]
    fields = lines[0].count("|") + 1
    for number, line in enumerate(lines, start=1):
        if line.count("|") + 1 != fields or fields not in FIELDS:
            raise ValueError(
                f"line {number} of {place} has {line.count('|') + 1} fields; all rows should have the same "
                f"number, {FIELDS[0]} to {FIELDS[-1]}"
            )
    places = sorted((position - 1, name) for name, position in (KEYS | CATEGORIES | NUMBERS | AREA).items())
    rows = pd.read_csv(
        io.StringIO("\n".join(lines)),
        sep="|",
        header=None,
        usecols=[position for position, _ in places],
        dtype=str,
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        lineterminator="\n",
    ).set_axis([name for _, name in places], axis=1)
    given = rows.copy()

    def refuse(wrong: pd.Series, column: str, what: str) -> None:
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise ValueError(
                f"line {row + 1} of {place}: {column} should be {what}, not {shortened(given[column][row])}"
            )

    refuse(rows["loan"].str.strip() == "", "loan", "a number")
    rows["month"] = rows["month"].map(MONTHS)
    refuse(rows["month"].isna(), "month", "from 122009 to 122010")
    for column in NUMBERS:
        rows[column] = pd.to_numeric(rows[column].replace("", np.nan), errors="coerce")
        refuse((given[column] != "") & ~np.isfinite(rows[column]), column, "a number or empty")
    refuse(~given["late"].str.fullmatch(r"\d\d?|X{1,2}|"), "late", "a number of months, XX or empty")
    rows["late"] = pd.to_numeric(rows["late"], errors="coerce")
    rows["end"] = rows["end"].str.strip()
    refuse(~rows["end"].isin(["", PAID, *LOSSES, *OTHERS]), "end", "a known code or empty")
    refuse(rows.duplicated(["loan", "month"]), "loan", "once in every month")
    started = rows["loan"].isin(rows["loan"][rows["month"] == 0])
    refuse(~started, "loan", "one with a row of 122009")
    return rows


def at_start(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take each loan as it is at the start of 2010, and what becomes of it in that year.

    Parameters
    ----------
    rows : DataFrame
        What :func:`read` returns.

    Returns
    -------
    features : DataFrame
        One row a loan, indexed by its number; NaN where a number is missing.
    labels : DataFrame
        The columns ``default`` and ``prepayment``, 0 or 1, of the same loans.
    """
    import pandas as pd

    first = rows[rows["month"] == 0].set_index("loan")
    later = rows[rows["month"] > 0]

    def month_of(event: pd.Series) -> pd.Series:
        return later[event].groupby("loan")["month"].min().reindex(first.index).fillna(np.inf)

    default = month_of((later["late"] >= DEFAULTED) | later["end"].isin(LOSSES))
    paid = month_of(later["end"] == PAID)
    lost = month_of(later["end"].isin(OTHERS))
    months = later.groupby("loan")["month"].count().reindex(first.index).fillna(0)
    known = np.minimum(default, paid) < lost
    alive = (first["late"] < DEFAULTED) & (first["end"] == "")
    kept = alive & (known | ((months == len(MONTHS) - 1) & np.isinf(lost)))
    labels = pd.DataFrame({"default": (default <= paid) & np.isfinite(default), "prepayment": paid < default})
    numbers = first[[*NUMBERS]][kept].assign(metropolitan=(first["area"] != "00000").astype(float))
    categories = first[[*CATEGORIES]][kept].replace("", "none")
    common = categories.apply(lambda names: names.where(names.map(names.value_counts()) >= RARE, "other"))
    features = pd.concat([numbers, flags(numbers), pd.get_dummies(common, dtype=float)], axis=1)
    return features, labels[kept].astype(np.int64)


def make(*, loans: int = 10_000, validation: int = 2_000, test: int = 2_000, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"fannie-mae"``.

    Parameters
    ----------
    loans : int, default 10_000
        Number of loans, drawn from the sample; the same for every seed.
    validation : int, default 2_000
        Number of validation loans.
    test : int, default 2_000
        Number of test loans.
    seed : int, default 0
        Seed of the division.

    Returns
    -------
    data : MultiTaskData
        Features (N, D), float32, and labels (N,), 0 or 1, of the tasks ``"default"`` and ``"prepayment"``.

    Raises
    ------
    FileNotFoundError
        If the sample is not in the cache.
    ValueError
        If an option is out of range, or the file is not as it should be.

    References
    ----------
    HydaLearn paper, Table 2 and the appendix on Fannie Mae.
    """
    check_options(seed=seed, loans=loans, validation=validation, test=test)
    place = str(SAMPLE.home / SAMPLE.name)
    features, labels = at_start(read(SAMPLE.read(), place))
    if loans > len(features):
        raise ValueError(f"{place} has {len(features):,} loans that can be used, not {loans:,}; draw more")
    drawn = np.random.default_rng(0).permutation(len(features))[:loans]
    features, labels = features.iloc[drawn], labels.iloc[drawn]
    alike = labels.columns[labels.nunique() < 2]
    if len(alike):
        raise ValueError(f"{place} does not have loans with and without {alike[0]} in 2010")
    return make_data("fannie-mae", features, labels, validation, test, seed)


DATASETS = (
    Dataset(
        "fannie-mae",
        "defaults and early repayments of 10,000 loans of Fannie Mae; manual download",
        make,
        (SAMPLE,),
        {
            "Size": f"at most {SAMPLE.largest:,} bytes",
            "Encoding": "UTF-8, with or without a byte-order mark",
            "Fields": f"{FIELDS[0]} to {FIELDS[-1]}, as many in every row",
            "Months": "December 2009 to December 2010; no loan has one twice, or lacks the first",
            "Numbers": "finite, or empty",
            "Status": "months that a payment is late, XX or empty; known reasons for an end, or empty",
            "Loans": "as many as are asked for can be used",
            "Labels": "both occur, for default and for prepayment",
            NOT_CHECKED: "values that were exchanged, and a sample of some quarters only",
        },
    ),
)
