"""The mean relative improvement over equal weights, from stored rows."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mtlcore.analysis.summary import summarise
from mtlcore.tasks import delta_p
from mtlcore.tasks.dense import depth, normals, segmentation

NUMBERS = {
    f"{number}.{task.name}": up
    for task in (segmentation(1), depth(), normals())
    for number, up in task.metrics.higher_is_better.items()
}
"""The numbers of NYUv2 and CityScapes, and whether higher is better."""


def improvement(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Average the relative improvement (Δp, in per cent) over equal weights with the same seed.

    The baseline has hard parameter sharing (``"hps"``) where the rows have an architecture.

    Parameters
    ----------
    rows : DataFrame
        Stored rows with columns ``method`` and ``seed``, a column for each number of :data:`NUMBERS` that was
        measured, and perhaps ``architecture``. Seeds without a row of equal weights are left out.
    by : sequence of str
        The columns whose groups are averaged over seeds.
    value : str
        What precedes the names of the numbers in the columns, such as ``"test_"``.

    Returns
    -------
    table : DataFrame
        Mean, half-width of the 95% confidence interval and number of seeds of every group.
    """
    tasks = list(dict.fromkeys(name.rpartition(".")[2] for name in NUMBERS if value + name in rows))
    columns = [[n for n in NUMBERS if n.rpartition(".")[2] == task and value + n in rows] for task in tasks]
    directions = [[NUMBERS[name] for name in names] for names in columns]

    def numbers(row: pd.Series) -> list[list[float]]:
        return [[row[value + name] for name in names] for names in columns]

    plain = rows[(rows["method"] == "Static") & (rows.get("architecture", "hps") == "hps")]
    bases = {row["seed"]: numbers(row) for _, row in plain.iterrows()}
    rows = rows[rows["seed"].isin(bases)]
    better = [delta_p(numbers(row), bases[row["seed"]], directions) for _, row in rows.iterrows()]
    return summarise(rows.assign(delta_p=better), by, "delta_p")
