"""Draw a sample of loans: ``python -m mtlcore.data.formats.loan_sample 2000Q1.zip 2000Q2.zip ...``

Every row of every file of Fannie Mae's is read once, and only the rows of loans that were drawn are kept.
"""

from __future__ import annotations

import hashlib
import heapq
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mtlcore.data.fannie_mae import MONTHS, SAMPLE

PERIODS = {period.encode(): month for period, month in MONTHS.items()}


def rows_of(quarter: Path) -> Iterator[bytes]:
    """Read the rows of a quarter's file, or of the one in its zip, without unpacking it."""
    if not zipfile.is_zipfile(quarter):
        with quarter.open("rb") as file:
            yield from file
        return
    with zipfile.ZipFile(quarter) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                yield from member


def draw(quarters: Sequence[Path], size: int = 12_000) -> list[bytes]:
    """Draw loans at random among those that have a row of December 2009.

    The loans drawn are those whose numbers have the smallest SHA-256, so the files' order does not matter.

    Parameters
    ----------
    quarters : sequence of Path
        Fannie Mae's files, or zips of one each. The rows of a loan stand together, months in order.
    size : int, default 12_000
        Number of loans: more than are used, because some are in default already.

    Returns
    -------
    rows : list of bytes
        The rows of December 2009 and of 2010 of the loans that were drawn.

    Raises
    ------
    ValueError
        If a row has another form, or the months of a loan are not in order; the message has file and line.
    """
    kept: dict[bytes, list[bytes]] = {}
    farthest: list[tuple[int, bytes]] = []
    for quarter in quarters:
        before: tuple[bytes, int] = (b"", 0)
        for number, row in enumerate(rows_of(quarter), start=1):
            fields = row.split(b"|", 3)
            if len(fields) < 4:
                raise ValueError(f"line {number} of {quarter} is no row of Fannie Mae's file of loans")
            month = PERIODS.get(fields[2])
            if month is None:
                continue
            loan = fields[1]
            if loan == before[0] and month <= before[1]:
                raise ValueError(f"line {number} of {quarter}: the months of loan {loan!r} are not in order")
            before = loan, month
            if month == 0 and loan not in kept:
                place = -int.from_bytes(hashlib.sha256(loan).digest()[:8], "big")
                kept[loan] = []
                heapq.heappush(farthest, (place, loan))
                if len(farthest) > size:
                    del kept[heapq.heappop(farthest)[1]]
            if loan in kept:
                kept[loan].append(row.rstrip(b"\r\n"))
    return [row for rows in kept.values() for row in rows]


def main(quarters: Sequence[str]) -> None:
    """Draw a sample, and write it to where ``fannie-mae`` looks for it.

    Parameters
    ----------
    quarters : sequence of str
        Paths of Fannie Mae's files.
    """
    rows = draw([Path(quarter) for quarter in quarters])
    SAMPLE.home.mkdir(parents=True, exist_ok=True)
    path = SAMPLE.home / SAMPLE.name
    path.write_bytes(b"\n".join(rows))
    print(f"{len(rows):,} rows written to {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
