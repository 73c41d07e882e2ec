"""The ledger: every table and figure of the five papers, the paper's numbers and ours.

A new experiment enters with one line: ``ours=Stored("NAME", "COLUMN", "VERDICT", "why")`` in its entry.
"""

from mtlcore.book.ledger import hydalearn, projection, rlw, slaw, slgrad
from mtlcore.book.ledger.entry import Entry
from mtlcore.book.ledger.numbers import Printed, Stored
from mtlcore.book.ledger.verdicts import MEANINGS, STAND_IN, VERDICTS

LEDGER: dict[str, list[Entry]] = {
    "slaw": slaw.ENTRIES,
    "rlw": rlw.ENTRIES,
    "slgrad": slgrad.ENTRIES,
    "hydalearn": hydalearn.ENTRIES,
    "projection": projection.ENTRIES,
}
"""The entries of each paper, in the paper's order: tables, then figures."""

__all__ = ["LEDGER", "MEANINGS", "STAND_IN", "VERDICTS", "Entry", "Printed", "Stored"]
