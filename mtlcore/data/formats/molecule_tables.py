"""Tables of molecules: a column of SMILES, and a column of labels per assay."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mtlcore.data.formats.lines import decode, split_lines

if TYPE_CHECKING:
    import pandas as pd

NOT_TASKS = ("mol_id", "smiles")
"""Columns that are not labels."""

LONGEST = 5_000
"""Largest number of characters of a SMILES; the time of a fingerprint grows with the square of the atoms."""


def check_rows(data: bytes, name: str) -> tuple[list[str], int]:
    """Check that a table has one form from its first line to its last.

    Parameters
    ----------
    data : bytes
        Comma-separated values; the first line names the columns.
    name : str
        What an error calls the table.

    Returns
    -------
    columns : list of str
        Names of the columns.
    rows : int
        Number of molecules.

    Raises
    ------
    ValueError
        If there is no column of SMILES, two columns have one name, or a row has more or fewer fields than
        there are columns.
    """
    head, *rows = split_lines(decode(data, name)) or [""]
    columns = next(csv.reader([head]), [])
    if "smiles" not in columns or len({*columns}) < len(columns):
        raise ValueError(
            f"line 1 of {name} should name the column smiles, and no column twice: {head[:60]!r}"
        )
    for number, row in enumerate(rows, start=2):
        fields = row.count(",") + 1 if '"' not in row else len(next(csv.reader([row])))
        if fields != len(columns):
            raise ValueError(f"line {number} of {name} has {fields} fields for {len(columns)} columns")
    return columns, len(rows)


def read_table(data: bytes, name: str) -> tuple[list[str], pd.DataFrame]:
    """Read a table of molecules.

    Parameters
    ----------
    data : bytes
        Comma-separated values: ``smiles``, perhaps ``mol_id``, and a column for each assay.
    name : str
        What an error calls the table.

    Returns
    -------
    smiles : list of str
        The M molecules as they are written.
    labels : DataFrame
        M rows and a column per assay, 0, 1, or NaN where the field is empty.

    Raises
    ------
    ValueError
        If the table has another form, a label is neither 0 nor 1, a SMILES is longer than :data:`LONGEST`, or
        a molecule occurs twice; the message has the line.
    """
    import pandas as pd

    columns, rows = check_rows(data, name)
    assays = [column for column in columns if column not in NOT_TASKS]
    table = pd.read_csv(
        io.BytesIO(data),
        encoding="utf-8-sig",
        dtype={column: str for column in columns if column in NOT_TASKS},
        keep_default_na=False,
        na_values={assay: [""] for assay in assays},  # "NA" is a text
        low_memory=False,
    )
    if len(table) != rows:
        raise ValueError(f"{name} has a carriage return or a quotation mark inside of a line; remove it")

    def refuse(wrong: pd.Series, fault: str, values: pd.Series | None = None) -> None:
        if wrong.any():
            row = int(wrong.argmax())
            found = "" if values is None else f": {str(values[row])!r}"
            raise ValueError(f"line {row + 2} of {name} has {fault}{found}")

    refuse(table["smiles"].str.len() > LONGEST, f"a SMILES of more than {LONGEST:,} characters")
    if "mol_id" in table:
        refuse(table.duplicated(list(NOT_TASKS)), "a molecule for the second time", table["mol_id"])
    for assay in assays:
        labels = table[assay]
        numbers = pd.to_numeric(labels.astype(str) if labels.dtype == bool else labels, errors="coerce")
        wrong = ~numbers.isin((0, 1)) & labels.notna()
        refuse(wrong, f"a label other than 0, 1 and empty in the column {assay!r}", labels)
    return table["smiles"].tolist(), table[assays].astype(float)
