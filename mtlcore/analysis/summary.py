"""Means with 95% confidence intervals over seeds; paired tests; growth exponents."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd


def interval(values: pd.Series, level: float = 0.95) -> float:
    """Compute the half-width of Student's confidence interval of the mean.

    Parameters
    ----------
    values : Series
        Independent values, e.g. one per seed.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    half_width : float
        NaN for fewer than two values.

    Examples
    --------
    >>> import pandas as pd
    >>> from mtlcore.analysis.summary import interval
    >>> round(interval(pd.Series([1.0, 2.0, 3.0])), 3)
    2.484
    """
    from scipy.stats import t  # imported here because it takes half a second

    if len(values) < 2:
        return float("nan")
    return float(values.sem() * t.ppf(0.5 + level / 2, len(values) - 1))


def summarise(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Summarise a column in groups of rows.

    Parameters
    ----------
    rows : DataFrame
        One row per run, of different seeds.
    by : sequence of str
        Columns that define the groups.
    value : str
        Column to summarise.

    Returns
    -------
    table : DataFrame
        One row per group, in order of appearance: ``mean``, ``interval`` (half-width of the 95% confidence
        interval) and ``seeds`` (number of values that are not NaN).
    """
    groups = rows.groupby(list(by), sort=False)[value]
    return groups.agg(mean="mean", interval=interval, seeds="count")


def tested(rows: pd.DataFrame, by: Sequence[str], value: str, *, choosing: Collection[int]) -> pd.DataFrame:
    """Summarise a column in groups of rows, without the seeds that chose the settings.

    Parameters
    ----------
    rows : DataFrame
        One row per run, of different seeds.
    by : sequence of str
        Columns that define the groups.
    value : str
        Column to summarise.
    choosing : collection of int
        The seeds that chose.

    Returns
    -------
    table : DataFrame
        As from :func:`summarise`.

    Examples
    --------
    >>> import pandas as pd
    >>> from mtlcore.analysis.summary import tested
    >>> rows = pd.DataFrame({"method": ["a"] * 3, "seed": [0, 1, 2], "auc": [0.9, 0.7, 0.8]})
    >>> tested(rows, ["method"], "auc", choosing=[0])[["mean", "seeds"]].round(2).values.tolist()
    [[0.75, 2.0]]
    """
    return summarise(rows[~rows["seed"].isin(choosing)], by, value)


def differences(
    rows: pd.DataFrame, by: Sequence[str], value: str, method: str, baseline: str
) -> pd.DataFrame:
    """Summarise the differences between a method and a baseline at the same seed.

    Parameters
    ----------
    rows : DataFrame
        One row per run, with columns ``method`` and ``seed``.
    by : sequence of str
        Columns that define the groups.
    value : str
        Column to compare.
    method, baseline : str
        Values of the column ``method``.

    Returns
    -------
    table : DataFrame
        As from :func:`summarise`, for the method's value minus the baseline's, with a column ``p``: the
        p-value of the one-sided paired t-test of a difference above zero, NaN for one seed.

    Examples
    --------
    >>> import pandas as pd
    >>> from mtlcore.analysis.summary import differences
    >>> rows = pd.DataFrame({"method": ["a", "b", "a", "b"], "seed": [0, 0, 1, 1], "f1": [3, 1, 5, 2]})
    >>> differences(rows.assign(data="x"), ["data"], "f1", "a", "b").round(2).values.tolist()
    [[2.5, 6.35, 2.0, 0.06]]
    """
    from scipy.stats import ttest_1samp  # imported here because it takes half a second

    wide = rows.pivot_table(index=[*by, "seed"], columns="method", values=value)
    paired = (wide[method] - wide[baseline]).dropna().rename("difference").reset_index()
    table = summarise(paired, by, "difference")
    groups = paired.groupby(list(by), sort=False)["difference"]
    table["p"] = groups.agg(
        lambda d: ttest_1samp(d, 0, alternative="greater").pvalue if len(d) > 1 else float("nan")
    )
    return table


def holm(p: pd.Series) -> pd.Series:
    """Correct the p-values of several tests by the method of Holm (1979).

    Parameters
    ----------
    p : Series of float
        One p-value for each test.

    Returns
    -------
    corrected : Series of float
        In the order of ``p``. All tests whose value is at most a are significant at the level a together.

    Examples
    --------
    >>> import pandas as pd
    >>> from mtlcore.analysis.summary import holm
    >>> holm(pd.Series([0.04, 0.01, 0.03])).round(3).tolist()
    [0.06, 0.03, 0.06]
    """
    ordered = p.sort_values()
    return (ordered * np.arange(len(p), 0, -1)).cummax().clip(upper=1)[p.index]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Estimate the exponent k of a cost that grows like size^k.

    It is the slope of the regression line of log(cost) on log(size), over the larger half of the sizes.

    Parameters
    ----------
    sizes : sequence of float
        Positive sizes, in any order.
    costs : sequence of float
        Positive costs; sizes whose cost is NaN are left out.

    Returns
    -------
    exponent : float
        NaN if fewer than two sizes are left in that half.

    Examples
    --------
    >>> from mtlcore.analysis.summary import exponent
    >>> round(exponent([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]), 3)
    2.0
    """
    known = sorted((size, cost) for size, cost in zip(sizes, costs, strict=True) if cost == cost)
    upper = known[len(known) // 2 :]
    if len(upper) < 2:
        return float("nan")
    size, cost = np.log(upper).T
    return float(np.polyfit(size, cost, 1)[0])
