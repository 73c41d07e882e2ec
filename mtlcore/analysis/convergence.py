"""How fast and how surely runs get somewhere: statistics of stored rows and curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mtlcore.analysis.summary import summarise


def pace(
    curves: pd.DataFrame, by: Sequence[str], value: str, baseline: str = "Static", share: float = 0.95
) -> pd.DataFrame:
    """Count the epochs until a number reaches a share of what a baseline ends with at the same seed.

    Parameters
    ----------
    curves : DataFrame
        One row an epoch, with columns ``method``, ``seed`` and ``epoch``.
    by : sequence of str
        The columns whose groups are averaged over seeds.
    value : str
        The column of the number; higher is better.
    baseline : str, default "Static"
        The method whose last value counts.
    share : float, default 0.95
        The share of it that is to be reached.

    Returns
    -------
    table : DataFrame
        Mean, half-width of the 95% confidence interval and number of seeds of every group. Runs in which the
        number never gets there are left out.
    """
    of_baseline = curves[curves["method"] == baseline].sort_values("epoch")
    ends = of_baseline.groupby("seed")[value].last()
    there = curves[curves[value] >= share * curves["seed"].map(ends)]
    return summarise(there.groupby([*by, "seed"], sort=False)["epoch"].min().reset_index(), by, "epoch")


def settled(curves: pd.DataFrame, by: Sequence[str], value: str, below: float = 0.1) -> pd.DataFrame:
    """Find the first test from which on a number stays below a bound.

    Parameters
    ----------
    curves : DataFrame
        One row a test, with columns ``seed`` and ``update``.
    by : sequence of str
        The columns whose groups are averaged over seeds.
    value : str
        The column of the number.
    below : float, default 0.1
        The bound.

    Returns
    -------
    table : DataFrame
        Mean update, half-width of the 95% confidence interval and number of seeds of every group. Runs in
        which the number does not stay below the bound are left out.
    """

    def first(run: pd.DataFrame) -> float:
        above = run[value].ge(below)[::-1].cummax()
        return run["update"][~above].min()

    groups = curves.sort_values("update", kind="stable").groupby([*by, "seed"], sort=False)
    firsts = groups[["update", value]].apply(first).dropna().rename("update").reset_index()
    return summarise(firsts, by, "update")


def growth(rows: pd.DataFrame, by: Sequence[str], value: str, few: int = 32, many: int = 128) -> pd.DataFrame:
    """Divide a number with many tasks by that with few, at the same seed.

    Parameters
    ----------
    rows : DataFrame
        One row a run, with columns ``seed`` and ``tasks``.
    by : sequence of str
        The columns whose groups are averaged over seeds.
    value : str
        The column of the number.
    few, many : int, default 32 and 128
        The two numbers of tasks.

    Returns
    -------
    table : DataFrame
        Mean ratio, half-width of the 95% confidence interval and number of seeds of every group.
    """
    wide = rows.pivot_table(index=[*by, "seed"], columns="tasks", values=value, sort=False)
    return summarise((wide[many] / wide[few]).dropna().rename("growth").reset_index(), by, "growth")


def rank_correlation(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Correlate a column with the column ``estimated`` by Spearman's rank correlation.

    Parameters
    ----------
    rows : DataFrame
        One row a run, with a column ``estimated``.
    by : sequence of str
        The columns that make the groups.
    value : str
        The other column.

    Returns
    -------
    table : DataFrame
        Correlation, half-width of its 95% confidence interval (by Fisher's z) and number of runs of every
        group.
    """
    groups = rows.groupby(list(by), sort=False)
    ranks = groups[[value, "estimated"]].apply(lambda pairs: pairs.corr("spearman").iloc[0, 1])
    z, width = np.arctanh(ranks), 1.96 / np.sqrt(groups.size() - 3)
    interval = (np.tanh(z + width) - np.tanh(z - width)) / 2
    return pd.DataFrame({"mean": ranks, "interval": interval, "seeds": groups.size()})
