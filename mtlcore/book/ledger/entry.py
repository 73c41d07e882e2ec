"""What the ledger says about one table or figure of a paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mtlcore.book.ledger.numbers import Printed, Stored

Access = Literal["open", "bring", "closed", "none"]

WAITING: dict[Access, str] = {
    "open": "not run yet",
    "bring": "runs on data you bring",
    "closed": "data not open",
    "none": "nothing to run",
}


@dataclass(frozen=True)
class Entry:
    """One table or figure: what it shows, on which data, the paper's numbers and ours.

    `access` says what the data ask of you: `open` (made or fetched by the code), `bring` (official
    files that you fetch under their terms), `closed` (credentials or a contract), `none` (nothing
    to run). `criterion` is what counts as reproduced, `reason` why there is no number of ours.
    """

    item: str
    shows: str
    data: str = ""
    access: Access = "none"
    criterion: str = ""
    reason: str = ""
    theirs: Sequence[Printed] = ()
    ours: Stored | None = None

    def status(self) -> str:
        """The verdict if our rows are stored, else what stands in the way."""
        if self.ours is None:
            return WAITING[self.access] if self.access in ("closed", "none") else "no experiment yet"
        if self.ours.table().empty:
            return WAITING[self.access]
        return self.ours.verdict or "run, not judged yet"
