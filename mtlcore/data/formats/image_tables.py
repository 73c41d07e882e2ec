"""Tables with a row of numbers for each image, set apart by spaces, as CelebA's."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from mtlcore.data.formats.lines import decode, split_lines
from mtlcore.data.manual_files import ManualFolder

if TYPE_CHECKING:
    import pandas as pd


def read_table(file: ManualFolder, columns: int, head: bool = True) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    file : ManualFolder
        Rows with the name of an image and numbers.
    columns : int
        Number of columns, without the name.
    head : bool, default True
        Whether the number of rows and the names of the columns are in the first two lines.

    Returns
    -------
    table : DataFrame
        One row per image, by its name.

    Raises
    ------
    FileNotFoundError
        If the file is not in the cache.
    ValueError
        If a row is shorter or longer, holds no finite numbers or names an image for the second time, or if
        there are more or fewer rows than the first line says; the message has the line.
    """
    import pandas as pd

    place = str(file.home / file.name)

    def fault(found: str) -> ValueError:
        return ValueError(f"{place} is not the official table: {found}; get it again from {file.address}")

    rows = split_lines(decode(file.read(), place))
    first, names = 1, [str(column) for column in range(1, columns + 1)]
    if head:
        count, names, rows = (rows or [""])[0].strip(), " ".join(rows[1:2]).split(), rows[2:]
        first = 3
        if count != str(len(rows)):
            raise fault(f"its first line should be its number of rows, {len(rows):,}, not {count[:20]!r}")
        if len(names) != columns:
            raise fault(f"it has {len(names)} columns, not {columns}")
    for number, row in enumerate(rows, start=first):
        if (fields := len(row.split())) != columns + 1:
            raise fault(f"line {number} has {fields} fields, not {columns + 1}")
    try:
        table = pd.read_csv(
            io.StringIO("\n".join(rows)),
            sep=r"\s+",
            names=["image", *names],
            index_col=0,
            dtype={"image": str},
            quoting=csv.QUOTE_NONE,
        )
    except ValueError as error:
        raise fault(" ".join(str(error).split())) from error
    numbers = table.apply(pd.to_numeric, errors="coerce")
    for wrong, what in (
        (~np.isfinite(numbers.to_numpy(float)).all(1), "has a field that is no finite number"),
        (table.index.duplicated(), "names an image for the second time"),
    ):
        if wrong.any():
            raise fault(f"line {int(wrong.argmax()) + first} {what}")
    return numbers
