"""Tables of the MIMIC-III benchmark: a row of values for each hour of a stay, and statistics of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from mtlcore.data._stays import WINDOWS
from mtlcore.data.formats.lines import decode, shortened, split_lines

if TYPE_CHECKING:
    import pandas as pd

EYES = {
    "None": 0,
    "1 No Response": 1,
    "2 To pain": 2,
    "To Pain": 2,
    "3 To speech": 3,
    "To Speech": 3,
    "4 Spontaneously": 4,
    "Spontaneously": 4,
}
MOTION = {
    "1 No Response": 1,
    "No response": 1,
    "2 Abnorm extensn": 2,
    "Abnormal extension": 2,
    "3 Abnorm flexion": 3,
    "Abnormal Flexion": 3,
    "4 Flex-withdraws": 4,
    "Flex-withdraws": 4,
    "5 Localizes Pain": 5,
    "Localizes Pain": 5,
    "6 Obeys Commands": 6,
    "Obeys Commands": 6,
}
SPEECH = {
    "1 No Response": 1,
    "1.0 ET/Trach": 1,
    "No Response": 1,
    "No Response-ETT": 1,
    "2 Incomp sounds": 2,
    "Incomprehensible sounds": 2,
    "3 Inapprop words": 3,
    "Inappropriate Words": 3,
    "4 Confused": 4,
    "Confused": 4,
    "5 Oriented": 5,
    "Oriented": 5,
}
VARIABLES: dict[str, dict[str, int]] = {
    "Capillary refill rate": {},
    "Diastolic blood pressure": {},
    "Fraction inspired oxygen": {},
    "Glascow coma scale eye opening": EYES,
    "Glascow coma scale motor response": MOTION,
    "Glascow coma scale total": {},
    "Glascow coma scale verbal response": SPEECH,
    "Glucose": {},
    "Heart Rate": {},
    "Height": {},
    "Mean blood pressure": {},
    "Oxygen saturation": {},
    "Respiratory rate": {},
    "Systolic blood pressure": {},
    "Temperature": {},
    "Weight": {},
    "pH": {},
}
"""The files' columns after the first, spelt as there, with the numbers of their words."""

HOURS = 48.0
NEAR = 1e-3
"""Hours by which two sums of rounded hours may differ."""

STATISTICS = ["mean", "std", "min", "max", "skew", "count"]


def rows_of(content: bytes, place: str, columns: str) -> list[str]:
    """Split a table, and check that it has one form from its first line to its last.

    Parameters
    ----------
    content : bytes
        Comma-separated values without quotation marks.
    place : str
        What an error calls the table.
    columns : str
        The first line.

    Returns
    -------
    rows : list of str
        The other lines, at least one.

    Raises
    ------
    ValueError
        If the first line is another, a line has more or fewer fields, or there is none; it names the line.
    """
    head, *rows = split_lines(decode(content, place)) or [""]
    if head != columns or not rows:
        raise ValueError(
            f"line 1 of {place} should be {shortened(columns)}, with rows below, not {shortened(head)}"
        )
    for number, row in enumerate(rows, start=2):
        if row.count(",") != columns.count(","):
            raise ValueError(
                f"line {number} of {place} has {row.count(',') + 1} fields, not {columns.count(',') + 1}"
            )
    return rows


def read_rows(rows: list[str], columns: list[str]) -> pd.DataFrame:
    """Read rows that :func:`rows_of` has checked; NaN where a field is empty."""
    import pandas as pd

    return pd.read_csv(
        io.StringIO("\n".join(rows)),
        names=columns,
        header=None,
        keep_default_na=False,
        na_values=[""],  # "None" is a word of the coma scale
        quoting=csv.QUOTE_NONE,
        lineterminator="\n",
        low_memory=False,
    )


def measurements(stays: list[tuple[str, bytes]]) -> pd.DataFrame:
    """Read the measurements of all variables.

    Parameters
    ----------
    stays : list of (str, bytes)
        Path and content of each stay's file.

    Returns
    -------
    table : DataFrame
        The columns ``stay`` (the position in the list), ``variable`` (the position in :data:`VARIABLES`),
        ``hour`` and ``value``.

    Raises
    ------
    ValueError
        If a file has other columns, its hours are no numbers from 0 to 48 or go back, or a value is neither a
        number nor a word of its scale; the message has file and line.
    """
    import pandas as pd

    columns = ["Hours", *VARIABLES]
    series = [rows_of(content, place, ",".join(columns)) for place, content in stays]
    raw = read_rows([row for rows in series for row in rows], columns)
    stay = np.repeat(np.arange(len(series)), [len(rows) for rows in series])
    starts = np.cumsum([0, *map(len, series)])

    def refuse(wrong: np.ndarray, column: str, what: str) -> None:
        if wrong.any():
            row = int(wrong.argmax())
            place = stays[stay[row]][0]
            raise ValueError(
                f"line {row - starts[stay[row]] + 2} of {place}: {column} {what}, "
                f"not {shortened(str(raw[column].iloc[row]))}"
            )

    hour = pd.to_numeric(raw["Hours"], errors="coerce").to_numpy(float)
    refuse(~((hour > -NEAR) & (hour < HOURS + NEAR)), "Hours", f"should go from 0 to {HOURS:g}")
    back = np.diff(hour, prepend=0) < 0
    back[starts[:-1]] = False
    refuse(back, "Hours", "should not go back")
    parts = []
    for number, (name, words) in enumerate(VARIABLES.items()):
        given = raw[name].notna().to_numpy()
        value = pd.to_numeric(raw[name], errors="coerce").fillna(raw[name].map(words)).to_numpy(float)
        refuse(given & ~np.isfinite(value), name, "should be a number" + " or a known word" * bool(words))
        parts.append(
            pd.DataFrame({"stay": stay, "variable": number, "hour": hour, "value": value}).loc[given]
        )
    return pd.concat(parts, ignore_index=True)


def statistics(table: pd.DataFrame, stays: int) -> np.ndarray:
    """Take the statistics of every variable in every window.

    Parameters
    ----------
    table : DataFrame
        What :func:`measurements` returns.
    stays : int
        Number of stays N.

    Returns
    -------
    features : ndarray, shape (N, 7 * 17 * 6)
        NaN where a window has no measurement.
    """
    import pandas as pd

    keys = ["stay", "variable"]
    index = pd.MultiIndex.from_product([range(stays), range(len(VARIABLES))], names=keys)
    hours = table.groupby(keys)["hour"]
    first, last = hours.transform("min"), hours.transform("max")
    parts = []
    for begin, end in WINDOWS:
        edges = (first + share * (last - first) for share in (begin - 1e-6, end + 1e-6))
        inside = table[table["hour"].between(*edges)]
        groups = inside.groupby(keys)["value"]
        found = groups.agg(["mean", "min", "max", "count"])
        from_mean = inside["value"] - groups.transform("mean")
        second, third = ((from_mean**power).groupby([inside[key] for key in keys]).mean() for power in (2, 3))
        varied = second > (1e-12 * found["mean"]) ** 2
        found["std"] = np.sqrt(second)
        found["skew"] = (third / second**1.5).where(varied, 0.0)
        parts.append(found[STATISTICS].reindex(index).to_numpy().reshape(stays, -1))
    return np.concatenate(parts, axis=1)
