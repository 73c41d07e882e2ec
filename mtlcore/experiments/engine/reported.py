"""The papers' own numbers: every table, and what text and figures give, as data."""

from pathlib import Path

import pandas as pd

from mtlcore._names import nearest
from mtlcore.experiments.engine import results as stored

WORDS = [
    *("paper", "item", "dataset", "method", "task", "metric", "unit", "higher_is_better"),
    *("spread_kind", "mark", "note"),
]


def reported(name: str) -> pd.DataFrame:
    """A paper's table (or the numbers it gives for a figure) as data, one row a number.

    `reported("slaw-table-1")` has the columns that `book/papers/README.md` explains. `value`,
    `spread` and `seeds` are numbers, NaN where the paper prints none; a column with words in it,
    such as a table of settings, stays text. Raises ValueError with the nearest names if there is
    no such table.
    """
    words = dict.fromkeys(WORDS, str)
    frame = pd.read_csv(_path(name), dtype=words, keep_default_na=False, na_values=[""])
    frame[WORDS] = frame[WORDS].fillna("")
    frame["higher_is_better"] = frame["higher_is_better"].map({"yes": True, "no": False})
    return frame


def printed(name: str) -> pd.DataFrame:
    """The same table as text, with every digit as it is printed."""
    return pd.read_csv(_path(name), dtype=str, keep_default_na=False)


def names() -> list[str]:
    """The names of all tables, in alphabetical order."""
    return sorted(path.stem for path in _folder().glob("*.csv"))


def _path(name: str) -> Path:
    return _folder() / f"{nearest(name, names(), 'table of a paper')}.csv"


def _folder() -> Path:
    """Beside the stored results: inside an installed mtlcore, or else `book/papers` of the checkout."""
    return stored.results_folder().with_name("papers")
