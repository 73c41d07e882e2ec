"""Stored runs that are made again, and compared number by number."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from mtlcore.experiments.engine.experiment import Config, Experiment
from mtlcore.experiments.engine.files import run_id
from mtlcore.experiments.engine.provenance import provenance
from mtlcore.experiments.engine.results import NUMBERS, results

IDENTICAL, ROUNDING, DIFFERENT = "identical", "within rounding", "different"

TOLERANCE = 1e-3
"""Relative difference up to which a number is within rounding: training magnifies that of its first steps."""

NOTHING = 1e-15
"""Difference up to which it is so whatever the number is: a zero that is left of rounding has no digits."""


@dataclass(frozen=True)
class Confirmation:
    """One stored run and the same run made again; as text, one line a number and a table of provenance.

    Parameters
    ----------
    preset : str
        The preset of the stored run.
    run : str
        Its id.
    config : dict
        The axes of its configuration.
    numbers : DataFrame
        One row a number: ``number``, ``stored``, ``now``, ``verdict``.
    made : DataFrame
        One row a part of the provenance: ``made with``, ``stored``, ``now``.
    """

    preset: str
    run: str
    config: Config
    numbers: pd.DataFrame
    made: pd.DataFrame

    def __str__(self) -> str:
        axes = ", ".join(f"{axis} {value}" for axis, value in self.config.items())
        tables = (
            table.to_string(index=False, na_rep="", float_format="{:.9g}".format)
            for table in (self.numbers, self.made)
        )
        return "\n".join([f"{self.preset} {self.run}: {axes}", *tables])


def confirm(
    experiment: Experiment, preset: str | None = None, runs: int = 3, seed: int = 0, device: str = "cpu"
) -> list[Confirmation]:
    """Make a few stored runs again, with as many CPU threads as then, and compare the numbers of their rows.

    The runs are drawn from the quicker half of those whose time is stored. A number is identical if it has
    the digits that are stored, and within rounding if it differs by at most 0.1%. Times that a
    run measures are never identical. No file is written.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    preset : str, optional
        Only runs of this preset; by default of every preset that is stored.
    runs : int, default 3
        How many runs; all that there are, if these are fewer.
    seed : int, default 0
        Seed of the draw.
    device : str, default "cpu"
        Device of torch.

    Returns
    -------
    confirmed : list of Confirmation
        One a run.

    Raises
    ------
    ValueError
        If ``runs`` is less than 1, nothing is stored, no stored run is one of today's grid, or the device
        cannot be used.
    """
    if runs < 1:
        raise ValueError(f"the number of runs must be at least 1, not {runs}")
    stored = results(experiment.name, preset)
    declared = {
        (name, run_id(config)): config
        for name in experiment.presets
        for config in experiment.configurations(name)
    }
    rows = [row for row in stored.to_dict("records") if (row["preset"], row["run"]) in declared]
    if not rows:
        raise ValueError(
            f"no stored run of {experiment.name} is one that its grid declares today: make its runs again"
        )
    return [
        _again(experiment, declared[row["preset"], row["run"]], row, device)
        for row in _chosen(rows, runs, seed)
    ]


def _chosen(rows: list[dict[str, Any]], runs: int, seed: int) -> list[dict[str, Any]]:
    timed = sorted((row for row in rows if row.get("seconds", math.nan) >= 0), key=lambda row: row["seconds"])
    quick = timed[: max(runs, len(timed) // 2)] if len(timed) >= runs else rows
    return random.Random(seed).sample(quick, min(runs, len(quick)))


def _again(experiment: Experiment, config: Config, stored: dict[str, Any], device: str) -> Confirmation:
    all_threads = torch.get_num_threads()
    threads = stored.get("threads", math.nan)
    try:
        torch.set_num_threads(all_threads if _none(threads) else int(threads))
        made = provenance(device)
        row = experiment.run(config, device).row
    finally:
        torch.set_num_threads(all_threads)
    now = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    apart = {"preset", "run", "seconds", "finished", *config, *made}
    names = [*now, *(name for name in stored if name not in apart and name not in now)]
    pairs = [(name, stored.get(name), now.get(name)) for name in names]
    numbers = [(*pair, verdict(*pair[1:])) for pair in pairs if not (_none(pair[1]) and _none(pair[2]))]
    return Confirmation(
        stored["preset"],
        stored["run"],
        {axis: config[axis] for axis in experiment.axes if axis in config},
        pd.DataFrame(numbers, columns=["number", "stored", "now", "verdict"], dtype=object),
        pd.DataFrame(
            [(key, _said(stored.get(key)), value) for key, value in made.items()],
            columns=["made with", "stored", "now"],
            dtype=object,
        ),
    )


def _none(value: Any) -> bool:
    return bool(pd.isna(value))


def _said(value: Any) -> Any:
    return "not stored" if _none(value) else value


def verdict(stored: Any, now: Any) -> str:
    """Compare a number of a table with what a run returns.

    Parameters
    ----------
    stored : float, str or None
        As the table has it: rounded, and NaN or None for nothing.
    now : float, str or None
        As a run returns it.

    Returns
    -------
    verdict : {"identical", "within rounding", "different"}
        A number of which only one is there is different.
    """
    if _none(stored) or _none(now):
        return IDENTICAL if _none(stored) and _none(now) else DIFFERENT
    if isinstance(stored, str) or isinstance(now, str):
        return IDENTICAL if str(stored) == str(now) else DIFFERENT
    exact = float(now)
    if float(stored) in (exact, float(NUMBERS % exact)):
        return IDENTICAL
    return ROUNDING if math.isclose(stored, exact, rel_tol=TOLERANCE, abs_tol=NOTHING) else DIFFERENT


def counts(confirmed: Sequence[Confirmation]) -> dict[str, int]:
    """Count the verdicts.

    Parameters
    ----------
    confirmed : sequence of Confirmation
        What :func:`confirm` returned.

    Returns
    -------
    counts : dict from str to int
        How many numbers are identical, within rounding, and different.
    """
    verdicts = [verdict for one in confirmed for verdict in one.numbers["verdict"]]
    return {kind: verdicts.count(kind) for kind in (IDENTICAL, ROUNDING, DIFFERENT)}
