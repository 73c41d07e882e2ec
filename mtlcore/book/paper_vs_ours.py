"""A paper's numbers beside ours: what the paper calls a method, and numbers with their intervals as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from mtlcore.analysis.summary import differences, summarise
from mtlcore.experiments.slaw.table1 import CONSTANT, IDEAL_CONSTANT, UNCERTAINTY

SLAW_TABLE_1 = {
    CONSTANT: "Constant",
    "DWA(pace='step')": "DWA",
    "PCGrad": "PCGrad",
    UNCERTAINTY: "Uncertainty",
    "GradNorm(alpha=0.12)": "GradNorm",
    "SLAW": "SLAW",
    IDEAL_CONSTANT: "IdealConstant",
}
"""Methods of SLAW's Table 1, and what the paper calls them."""

RLW_TABLE_3 = {
    **{"Static": "EW", "UW(kind='classification')": "UW", "DWA": "DWA", "IMTLL": "IMTL-L", "MOML": "MOML"},
    **{"MGDA": "MGDA-UB", "GradNorm": "GradNorm", "PCGrad": "PCGrad", "GradDrop": "GradDrop"},
    **{"IMTLG": "IMTL-G", "GradVac": "GradVac", "CAGrad": "CAGrad", "RotoGrad": "RotoGrad"},
    **{"RLW": "RLW", "RGW": "RGW"},
}
"""Methods of the random-weighting paper's Table 3, and what the paper calls them."""


def text(mean: pd.Series, interval: pd.Series, digits: int = 2, signed: bool = False) -> pd.Series:
    """Write means with the half-widths of their intervals.

    Parameters
    ----------
    mean : Series
        The means; a missing one is shown as a dash.
    interval : Series
        The half-widths, on the same index; a missing one is left out.
    digits : int, default 2
        Digits after the point.
    signed : bool, default False
        Whether positive means have a sign too, as differences should.

    Returns
    -------
    texts : Series of str
        Such as ``"12.42 ± 0.04"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from mtlcore.book.paper_vs_ours import text
    >>> text(pd.Series([12.419, None]), pd.Series([0.042, None])).tolist()
    ['12.42 ± 0.04', '–']
    """
    sign = "+" if signed else ""
    means = mean.map(f"{{:{sign}.{digits}f}}".format)
    widths = interval.map(f"{{:.{digits}f}}".format)
    return (means + " ± " + widths).str.removesuffix(" ± nan").mask(mean.isna(), "–")


def beside_baseline(rows: pd.DataFrame, value: str, baseline: str, digits: int = 2) -> pd.DataFrame:
    """Summarise a number by method, and its difference to a baseline at the same seed.

    Parameters
    ----------
    rows : DataFrame
        Rows of an experiment, with the columns ``preset``, ``seed`` and ``method``.
    value : str
        Column of the number.
    baseline : str
        Canonical text of the method that the others are compared with.
    digits : int, default 2
        Digits after the point of the difference.

    Returns
    -------
    table : DataFrame
        By method ``mean``, ``interval`` and ``seeds``, and ``difference``: mean and interval of the paired
        difference as text, empty for the baseline.
    """
    table = summarise(rows, ["method"], value)
    table["difference"] = ""
    for method in table.index.drop(baseline):
        gap = differences(rows, ["preset"], value, method, baseline)
        table.loc[method, "difference"] = text(gap["mean"], gap["interval"], digits, signed=True).iloc[0]
    return table


def beside_next(rows: pd.DataFrame, value: str, order: Sequence[str]) -> pd.Series:
    """Write the difference between each method of an order and the next one, at the same seed.

    Parameters
    ----------
    rows : DataFrame
        Rows of an experiment, with the columns ``preset``, ``seed`` and ``method``.
    value : str
        Column of the number.
    order : sequence of str
        Canonical texts of the methods.

    Returns
    -------
    steps : Series of str
        Mean and 95% interval of the paired difference by method, for all methods but the last.
    """
    steps = {}
    for method, following in pairwise(order):
        gap = differences(rows, ["preset"], value, method, following)
        steps[method] = text(gap["mean"], gap["interval"], signed=True).iloc[0]
    return pd.Series(steps)
