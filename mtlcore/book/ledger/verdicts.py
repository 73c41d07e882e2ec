"""The words that say what became of a table or figure: one list for the ledger and the chapters."""

from typing import Literal, get_args

Verdict = Literal[
    "reproduced",
    "partly reproduced",
    "not reproduced",
    "direction seen on a stand-in",
    "direction not seen on a stand-in",
]
Waiting = Literal["not run yet", "runs on data you bring", "data not open", "nothing to run"]

MEANINGS: dict[Verdict | Waiting, str] = {
    "reproduced": (
        "We ran the paper's experiment. Its order of the methods holds in a paired test over the seeds, and "
        "the numbers agree within the tolerance that the ledger states."
    ),
    "partly reproduced": "We ran the paper's experiment. One part of the claim holds, another does not.",
    "not reproduced": "We ran the paper's experiment, and the claim does not hold in our runs.",
    "direction seen on a stand-in": (
        "Other data or a smaller network replaced the paper's, so no number can be compared. "
        "The difference that the paper claims has the same sign in our runs."
    ),
    "direction not seen on a stand-in": (
        "Other data or a smaller network replaced the paper's. The claimed difference does not show there. "
        "This says nothing about the paper's own data."
    ),
    "not run yet": "The data are open, and there is no number of ours yet.",
    "runs on data you bring": (
        "The data are official files that you fetch under their terms. The command is ready; "
        "there is no number of ours."
    ),
    "data not open": (
        "Nobody can obtain the data without a contract. Where the ledger says so, the command is ready for "
        "those who have them."
    ),
    "nothing to run": "The table describes something and holds no result.",
}
"""What each word means; those of ``Verdict`` judge our numbers, the rest say why there is none."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
STAND_IN = VERDICTS[3:]
"""The verdicts where something replaced the paper's data or network."""
