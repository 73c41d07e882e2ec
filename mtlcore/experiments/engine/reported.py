"""The papers' own numbers: every table, and what text and figures give, as data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mtlcore._names import nearest
from mtlcore.experiments.engine import results as stored

WORDS = [
    *("paper", "item", "dataset", "method", "task", "metric", "unit", "higher_is_better"),
    *("spread_kind", "mark", "note"),
]


def reported(name: str) -> pd.DataFrame:
    """Read a paper's table, or the numbers that it gives for a figure.

    Parameters
    ----------
    name : str
        Paper and item, such as ``"slaw-table-1"``.

    Returns
    -------
    rows : DataFrame
        One row a number, with the columns that ``book/papers/README.md`` explains. ``value``, ``spread`` and
        ``seeds`` are numbers, NaN where the paper prints none; a column with words in it, such as a table of
        settings, stays text.

    Raises
    ------
    ValueError
        If there is no such table; the message lists the nearest names.

    Examples
    --------
    >>> rows = mtl.reported("slaw-table-1").query("metric == 'test normalised loss'")
    >>> float(rows.set_index("method").loc["SLAW", "value"])
    12.294
    """
    words = dict.fromkeys(WORDS, str)
    frame = pd.read_csv(_path(name), dtype=words, keep_default_na=False, na_values=[""])
    frame[WORDS] = frame[WORDS].fillna("")
    frame["higher_is_better"] = frame["higher_is_better"].map({"yes": True, "no": False})
    return frame


def printed(name: str) -> pd.DataFrame:
    """Read a paper's table as text, with every digit as it is printed.

    Parameters
    ----------
    name : str
        See :func:`reported`.

    Returns
    -------
    rows : DataFrame of str
        The same rows.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    return pd.read_csv(_path(name), dtype=str, keep_default_na=False)


def names() -> list[str]:
    """List the names of all tables.

    Returns
    -------
    names : list of str
        In alphabetical order.
    """
    return sorted(path.stem for path in _folder().glob("*.csv"))


def _path(name: str) -> Path:
    return _folder() / f"{nearest(name, names(), 'table of a paper')}.csv"


def _folder() -> Path:
    """Beside the stored results: inside an installed mtlcore, or else ``book/papers`` of the checkout."""
    return stored.results_folder().with_name("papers")
