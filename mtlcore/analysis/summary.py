"""A mean never stands without its interval and its number of seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def interval(values: pd.Series, level: float = 0.95) -> float:
    """Half-width of Student's confidence interval of the mean; NaN for fewer than two values."""
    from scipy.stats import t  # here, because it takes half a second

    if len(values) < 2:
        return float("nan")
    return float(values.sem() * t.ppf(0.5 + level / 2, len(values) - 1))


def summarise(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Mean, half-width of the 95% interval and number of seeds of ``value`` in every group."""
    groups = rows.groupby(list(by), sort=False)[value]
    return groups.agg(mean="mean", interval=interval, seeds="count")


def differences(
    rows: pd.DataFrame, by: Sequence[str], value: str, method: str, baseline: str
) -> pd.DataFrame:
    """``value`` under one method minus a baseline's at the same seed: mean, interval, seeds, and p.

    ``rows`` has columns ``method`` and ``seed``; p is that of the one-sided paired t-test that the
    difference is above zero, NaN for one seed.
    """
    from scipy.stats import ttest_1samp  # here, because it takes half a second

    wide = rows.pivot_table(index=[*by, "seed"], columns="method", values=value)
    paired = (wide[method] - wide[baseline]).dropna().rename("difference").reset_index()
    table = summarise(paired, by, "difference")
    groups = paired.groupby(list(by), sort=False)["difference"]
    table["p"] = groups.agg(
        lambda d: ttest_1samp(d, 0, alternative="greater").pvalue if len(d) > 1 else float("nan")
    )
    return table


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """How the cost grows: the slope of its logarithm against that of the size, over the upper half.

    Sizes whose cost is missing do not count; NaN if fewer than two are left in that half.
    """
    known = sorted((size, cost) for size, cost in zip(sizes, costs, strict=True) if cost == cost)
    upper = known[len(known) // 2 :]
    if len(upper) < 2:
        return float("nan")
    size, cost = np.log(upper).T
    return float(np.polyfit(size, cost, 1)[0])
