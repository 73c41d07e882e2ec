"""The two sides of a ledger entry: which of the paper's numbers, and which of ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from mtlcore.analysis.summary import summarise
from mtlcore.book.ledger.verdicts import Verdict
from mtlcore.book.style import label
from mtlcore.experiments import EXPERIMENTS
from mtlcore.experiments.engine.reported import printed
from mtlcore.experiments.engine.results import results

Lines = dict[str, list[tuple[str, str]]]
"""Name and number of each line, under the group that they share (empty where there is one group)."""

SIGNS = {"alpha": "α", "beta": "β", "lambda": "λ"}
UNITS = {"": "", "degrees": "°", "ratio": ""}


@dataclass(frozen=True)
class Printed:
    """Numbers of the paper: rows of a file of ``book/papers``.

    Parameters
    ----------
    file : str
        Name of the file, without ``.csv``.
    what : str, optional
        What the numbers are.
    where : mapping of str to str or sequence of str, optional
        Values that are chosen, by column.
    by : sequence of str, default ("method",)
        Columns that name a number. If empty, the ledger links the file and shows no number.
    """

    file: str
    what: str = ""
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    by: Sequence[str] = ("method",)

    def rows(self) -> pd.DataFrame:
        """Read the rows that are chosen, as text."""
        rows = printed(self.file)
        for column, chosen in self.where.items():
            rows = rows[rows[column].isin([chosen] if isinstance(chosen, str) else list(chosen))]
        return rows if self.by else rows.iloc[:0]

    def lines(self) -> Lines:
        """Write the numbers as printed: ``{"": [("SLAW", "12.294 ± 0.046")]}``."""
        lines: Lines = {}
        for _, row in self.rows().iterrows():
            names = [f"{SIGNS[c]} = {row[c]}" if c in SIGNS else row[c] for c in self.by if row[c]]
            bound = "< " if row["mark"] == "<" else ""
            spread = f" ± {row['spread']}" if row["spread"] else ""
            number = with_unit(f"{bound}{row['value'] or '–'}{spread}", row["unit"])
            lines.setdefault(", ".join(names[:-1]), []).append((names[-1], number))
        return lines

    def source(self) -> str:
        """Say what the ± is, and over how many runs."""
        rows = self.rows()
        kinds = [f"± {kind}" for kind in rows["spread_kind"].unique() if kind]
        seeds = [f"{n} seeds" for n in rows["seeds"].unique() if n]
        if not seeds and (rows["higher_is_better"] != "").any():
            seeds = ["seeds not stated"]
        return ", ".join([*kinds, *seeds])


@dataclass(frozen=True)
class Stored:
    """Our numbers: the mean over the seeds of a column of stored rows, for each group.

    Parameters
    ----------
    experiment : str
        Name of the table of results: of an experiment, or of its curves (``"NAME.curves"``).
    value : str
        Column with the numbers.
    verdict : str, optional
        The verdict of the chapter, one of ``VERDICTS``; none as long as nothing is stored.
    because : str, optional
        Reason of the verdict, in one line.
    what : str, optional
        What the numbers are.
    stand_in : str, optional
        What replaced the paper's data or network, if something did.
    by : sequence of str, default ("method",)
        Columns that make the groups.
    where : mapping of str to object, optional
        Only rows where each of these columns has its value.
    preset : str, default "laptop"
        Only rows of this preset.
    unit : str, optional
        With ``"%"`` the column holds fractions.
    summary : callable, default mtlcore.analysis.summary.summarise
        Computes mean, half-width of the interval and number of seeds of every group.
    """

    experiment: str
    value: str
    verdict: Verdict | None = None
    because: str = ""
    what: str = ""
    stand_in: str = ""
    by: Sequence[str] = ("method",)
    where: Mapping[str, object] = field(default_factory=dict)
    preset: str = "laptop"
    unit: str = ""
    summary: Callable[[pd.DataFrame, Sequence[str], str], pd.DataFrame] = summarise

    @property
    def command(self) -> str:
        return f"python -m mtlcore run {self.experiment.removesuffix('.curves')} --preset {self.preset}"

    def table(self) -> pd.DataFrame:
        """Compute mean, half-width of the 95% interval and seeds of each group; empty if none is stored."""
        try:
            rows = results(self.experiment, self.preset)
        except ValueError:
            return pd.DataFrame(columns=["mean", "interval", "seeds"])
        for column, value in self.where.items():
            rows = rows[rows[column] == value]
        return self.summary(rows, self.by, self.value)

    def lines(self) -> Lines:
        """Write the means with their intervals: ``{"multi-mnist": [("EW", "91.41 ± 0.41 %")]}``."""
        scale = 100 if self.unit == "%" else 1
        lines: Lines = {}
        for key, row in self.table().iterrows():
            values = key if isinstance(key, tuple) else [key]
            names = [self._name(column, str(value)) for column, value in zip(self.by, values, strict=True)]
            number = with_unit(rounded(scale * row["mean"], scale * row["interval"]), self.unit)
            lines.setdefault(", ".join(names[:-1]), []).append((names[-1], number))
        return lines

    def _name(self, column: str, value: str) -> str:
        """A method's label, or the value as it stands."""
        ours = EXPERIMENTS.get(self.experiment.removesuffix(".curves"))
        holds_methods = ours is not None and column in ours.methods and value not in ours.not_methods
        return label(value) if holds_methods else value

    def source(self) -> str:
        """Say what the ± is, how many runs, and of which preset."""
        counts = sorted(self.table()["seeds"].unique())
        return f"± 95% interval, {' to '.join(f'{n:.0f}' for n in counts)} seeds, preset {self.preset}"


def rounded(mean: float, interval: float) -> str:
    """A mean and its interval to two digits of the interval; four digits where there is none."""
    if not interval > 0:
        return f"{mean:.4g}"
    digits = max(0, 1 - int(f"{interval:.1e}".split("e")[1]))
    return f"{mean:.{digits}f} ± {interval:.{digits}f}"


def with_unit(number: str, unit: str) -> str:
    return number + UNITS.get(unit, f" {unit}")
