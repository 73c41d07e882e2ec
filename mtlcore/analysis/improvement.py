"""The mean relative improvement over equal weights, from stored rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from mtlcore.analysis.summary import summarise
from mtlcore.tasks import Task, delta_p
from mtlcore.tasks.dense import depth, normals, segmentation

DIGITS = ("top-left", "bottom-right")

NUMBERS = {
    f"{number}.{task.name}": up
    for task in (segmentation(1), depth(), normals(), *map(Task.classification, DIGITS))
    for number, up in task.metrics.higher_is_better.items()
}
"""The numbers of NYUv2, CityScapes and overlays of two digits, and whether higher is better."""


def relative(rows: pd.DataFrame, value: str) -> pd.Series:
    """Compute the relative improvement (Δp, in per cent) of each row over equal weights with the same seed.

    The baseline has hard parameter sharing (``"hps"``) where the rows have an architecture.

    Parameters
    ----------
    rows : DataFrame
        Stored rows with columns ``method`` and ``seed``, a column for each number of :data:`NUMBERS` that was
        measured, and perhaps ``architecture``. Of equal weights there is one row a seed.
    value : str
        What precedes the names of the numbers in the columns, such as ``"test_"``.

    Returns
    -------
    improvement : Series
        One value a row; NaN where the seed has no row of equal weights.
    """
    tasks = list(dict.fromkeys(name.rpartition(".")[2] for name in NUMBERS if value + name in rows))
    columns = [[n for n in NUMBERS if n.rpartition(".")[2] == task and value + n in rows] for task in tasks]
    directions = [[NUMBERS[name] for name in names] for names in columns]

    def numbers(row: pd.Series) -> list[list[float]]:
        return [[row[value + name] for name in names] for names in columns]

    plain = rows[(rows["method"] == "Static") & (rows.get("architecture", "hps") == "hps")]
    bases = {row["seed"]: numbers(row) for _, row in plain.iterrows()}
    return pd.Series(
        [
            delta_p(numbers(row), bases[row["seed"]], directions) if row["seed"] in bases else float("nan")
            for _, row in rows.iterrows()
        ],
        rows.index,
    )


def improvement(
    rows: pd.DataFrame, by: Sequence[str], value: str, *, choosing: Collection[int] = ()
) -> pd.DataFrame:
    """Average the relative improvement (Δp, in per cent) over equal weights with the same seed.

    Parameters
    ----------
    rows : DataFrame
        Stored rows, as for :func:`relative`. Seeds without a row of equal weights are left out.
    by : sequence of str
        The columns whose groups are averaged over seeds.
    value : str
        What precedes the names of the numbers in the columns, such as ``"test_"``.
    choosing : collection of int, default ()
        Seeds that chose the settings, and are left out.

    Returns
    -------
    table : DataFrame
        Mean, half-width of the 95% confidence interval and number of seeds of every group.
    """
    rows = rows[~rows["seed"].isin(choosing)]
    rows = rows.assign(delta_p=relative(rows, value)).dropna(subset="delta_p")
    return summarise(rows, by, "delta_p")
