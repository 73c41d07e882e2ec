"""What the ledger says about one table or figure of a paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mtlcore.book.ledger.numbers import Printed, Stored
from mtlcore.book.ledger.verdicts import Verdict, Waiting

Access = Literal["open", "bring", "closed", "none"]

WAITING: dict[Access, Waiting] = {
    "open": "not run yet",
    "bring": "runs on data you bring",
    "closed": "data not open",
    "none": "nothing to run",
}


@dataclass(frozen=True)
class Entry:
    """One table or figure: what it shows, on which data, the paper's numbers and ours.

    Parameters
    ----------
    item : str
        Which one, as the paper counts, such as ``"Table 1"``.
    shows : str
        What it shows.
    data : str, optional
        On which data.
    access : {"none", "open", "bring", "closed"}, default "none"
        Whether the data are generated or downloaded by the code (``"open"``), are files that the user fetches
        under their terms (``"bring"``), or are behind credentials or a contract (``"closed"``); ``"none"``
        where there is nothing to run.
    criterion : str, optional
        What counts as reproduced.
    reason : str, optional
        Why there is no number of ours.
    theirs : sequence of Printed, optional
        The paper's numbers.
    ours : Stored, optional
        Our numbers.
    """

    item: str
    shows: str
    data: str = ""
    access: Access = "none"
    criterion: str = ""
    reason: str = ""
    theirs: Sequence[Printed] = ()
    ours: Stored | None = None

    def status(self) -> Verdict | Waiting:
        """Give the verdict on our stored rows, or say why there is none."""
        judged = self.ours and not self.ours.table().empty and self.ours.verdict
        return judged or WAITING[self.access]
