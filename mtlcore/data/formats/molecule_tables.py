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

LINE = 2**16
"""Largest number of characters of a line; a line of ToxCast, with its 617 labels, has less than 10,000."""


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
        If there is no column of SMILES, two columns have one name, a row has more or fewer fields than there
        are columns, or a line is endless or is broken by a carriage return or a quotation mark.
    """
    lines = split_lines(decode(data, name)) or [""]
    for number, line in enumerate(lines, start=1):
        if len(line) > LINE:
            raise ValueError(f"line {number} of {name} has more than {LINE:,} characters")
        if "\r" in line or line.count('"') % 2:
            raise ValueError(
                f"line {number} of {name} has a carriage return or a quotation mark inside of it; remove it"
            )
    head, *rows = lines
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
        If the table has another form, a label is neither 0 nor 1, a SMILES is longer than :data:`LONGEST` or
        has no letter, or a molecule occurs twice; the message has the line.
    """
    import pandas as pd

    columns, rows = check_rows(data, name)
    assays = [column for column in columns if column not in NOT_TASKS]
    try:
        table = pd.read_csv(
            io.BytesIO(data),
            encoding="utf-8-sig",
            dtype={column: str for column in columns if column in NOT_TASKS},
            keep_default_na=False,
            na_values={assay: [""] for assay in assays},  # "NA" is a text
            low_memory=False,
        )
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} is no table of comma-separated values: {' '.join(str(error).split())}"
        ) from error
    if len(table) != rows:
        raise ValueError(
            f"{name} has {rows:,} lines below its first, but {len(table):,} rows; remove quotation marks"
        )

    def refuse(wrong: pd.Series, fault: str, values: pd.Series | None = None) -> None:
        if wrong.any():
            row = int(wrong.argmax())
            found = "" if values is None else f": {str(values[row])!r}"
            raise ValueError(f"line {row + 2} of {name} has {fault}{found}")

    smiles = table["smiles"]
    refuse(smiles.str.len() > LONGEST, f"a SMILES of more than {LONGEST:,} characters")
    refuse((smiles != "") & ~smiles.str.contains("[A-Za-z*]"), "a SMILES without a letter", smiles)
    if "mol_id" in table:
        refuse(table.duplicated(list(NOT_TASKS)), "a molecule for the second time", table["mol_id"])
    for assay in assays:
        labels = table[assay]
        numbers = pd.to_numeric(labels.astype(str) if labels.dtype == bool else labels, errors="coerce")
        wrong = ~numbers.isin((0, 1)) & labels.notna()
        refuse(wrong, f"a label other than 0, 1 and empty in the column {assay!r}", labels)
    return smiles.tolist(), table[assays].astype(float)


def check_both(labels: pd.DataFrame, name: str) -> None:
    """Check that both labels occur in every assay.

    Parameters
    ----------
    labels : DataFrame
        As from :func:`read_table`.
    name : str
        What an error calls the table.

    Raises
    ------
    ValueError
        If all labels of an assay are the same, or missing.
    """
    lacking = labels.columns[~((labels.min() == 0) & (labels.max() == 1))]
    if len(lacking):
        raise ValueError(f"{name} does not have both labels, 0 and 1, in the column {lacking[0]!r}")
