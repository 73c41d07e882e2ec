"""The two sides of a ledger entry: which of the paper's numbers, and which of ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from mtlcore.analysis.summary import summarise
from mtlcore.experiments.engine.reported import printed
from mtlcore.experiments.engine.results import results

Verdict = Literal["reproduced", "partly", "not"]
Lines = dict[str, list[tuple[str, str]]]
"""Name and number of each line, under the group that they share (empty where there is one group)."""

SIGNS = {"alpha": "α", "beta": "β", "lambda": "λ"}
UNITS = {"": "", "degrees": "°", "ratio": ""}


@dataclass(frozen=True)
class Printed:
    """Numbers of the paper: rows of a file of `book/papers`.

    `what` says what they are, `where` maps a column to the value or values that are chosen, `by`
    are the columns that name a number. With no `by` the ledger links the file and shows no number.
    """

    file: str
    what: str = ""
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    by: Sequence[str] = ("method",)

    def rows(self) -> pd.DataFrame:
        rows = printed(self.file)
        for column, chosen in self.where.items():
            rows = rows[rows[column].isin([chosen] if isinstance(chosen, str) else list(chosen))]
        return rows if self.by else rows.iloc[:0]

    def lines(self) -> Lines:
        """The numbers as printed: `{"": [("SLAW", "12.294 ± 0.046")]}`."""
        lines: Lines = {}
        for _, row in self.rows().iterrows():
            names = [f"{SIGNS[c]} = {row[c]}" if c in SIGNS else row[c] for c in self.by if row[c]]
            bound = "< " if row["mark"] == "<" else ""
            spread = f" ± {row['spread']}" if row["spread"] else ""
            number = with_unit(f"{bound}{row['value'] or '–'}{spread}", row["unit"])
            lines.setdefault(", ".join(names[:-1]), []).append((names[-1], number))
        return lines

    def source(self) -> str:
        """What the ± is, and over how many runs."""
        rows = self.rows()
        kinds = [f"± {kind}" for kind in rows["spread_kind"].unique() if kind]
        seeds = [f"{n} seeds" for n in rows["seeds"].unique() if n]
        if not seeds and (rows["higher_is_better"] != "").any():
            seeds = ["seeds not stated"]
        return ", ".join([*kinds, *seeds])


@dataclass(frozen=True)
class Stored:
    """Numbers of ours: the mean of a column of stored rows over the seeds, group by group.

    The groups are those of `by`, in the rows of `preset` where each column of `where` has its
    value; with unit `%` the column holds fractions. `summary` may answer with another number than the
    mean. The verdict is the one that the chapter reaches, and `because` gives its reason in one line.
    """

    experiment: str
    value: str
    verdict: Verdict | None = None
    because: str = ""
    what: str = ""
    by: Sequence[str] = ("method",)
    where: Mapping[str, object] = field(default_factory=dict)
    preset: str = "laptop"
    unit: str = ""
    summary: Callable[[pd.DataFrame, Sequence[str], str], pd.DataFrame] = summarise

    @property
    def command(self) -> str:
        return f"python -m mtlcore run {self.experiment.removesuffix('.curves')} --preset {self.preset}"

    def table(self) -> pd.DataFrame:
        """Mean, half-width of the 95% interval and seeds of every group; empty if nothing is stored."""
        try:
            rows = results(self.experiment, self.preset)
        except ValueError:
            return pd.DataFrame(columns=["mean", "interval", "seeds"])
        for column, value in self.where.items():
            rows = rows[rows[column] == value]
        return self.summary(rows, self.by, self.value)

    def lines(self) -> Lines:
        """The means with their intervals: `{"multi-mnist": [("Static", "91.41 ± 0.41 %")]}`."""
        scale = 100 if self.unit == "%" else 1
        lines: Lines = {}
        for key, row in self.table().iterrows():
            names = [str(name) for name in (key if isinstance(key, tuple) else [key])]
            number = with_unit(rounded(scale * row["mean"], scale * row["interval"]), self.unit)
            lines.setdefault(", ".join(names[:-1]), []).append((names[-1], number))
        return lines

    def source(self) -> str:
        """What the ± is, how many runs, and of which size."""
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
