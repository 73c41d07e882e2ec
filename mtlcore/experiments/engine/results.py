"""Stored tables: written from run files, read by name."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from mtlcore._names import nearest
from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.engine.files import run_id, write_atomically
from mtlcore.experiments.engine.migration import old_run_ids
from mtlcore.experiments.engine.provenance import PACKAGE
from mtlcore.experiments.engine.sweep import tables

NUMBERS = "%.6g"
"""How a table writes a number that is not whole."""


def results_folder() -> Path:
    """Find the stored tables.

    Returns
    -------
    folder : Path
        ``results`` inside an installed mtlcore, or else ``book/results`` of the checkout.
    """
    packaged = PACKAGE / "results"
    return packaged if packaged.is_dir() else PACKAGE.parent / "book" / "results"


def results(name: str, preset: str | None = None) -> pd.DataFrame:
    """Read the stored rows of an experiment, one a run.

    Parameters
    ----------
    name : str
        Name of the experiment, such as ``"slaw-table1"``, or ``"slaw-table1.curves"`` for its curves: one row
        an epoch or a test.
    preset : str, optional
        Only the rows of this preset.

    Returns
    -------
    rows : DataFrame
        Preset, run id, configuration, numbers and provenance. The column ``method`` holds canonical texts,
        see :func:`mtlcore.methods.describe`.

    Raises
    ------
    ValueError
        If there are no such rows; the message lists the nearest names and the commands that make them.

    Examples
    --------
    >>> rows = mtl.results("slaw-table1", preset="paper")
    >>> rows[rows["method"] == "GradNorm(alpha=0.12)"]["seed"].nunique()
    10
    """
    folder = results_folder()
    commands = (
        f"python -m mtlcore run {name.removesuffix('.curves')} --preset {preset or 'laptop'}, "
        f"then python -m mtlcore collate the same way"
    )
    try:
        nearest(name, sorted(path.stem for path in folder.glob("*.csv")), "table of results")
    except ValueError as error:
        raise ValueError(f"{error}; to make it: {commands}") from None
    frame = pd.read_csv(folder / f"{name}.csv", dtype={"run": str})  # an id may look like a number
    if preset is None:
        return frame
    chosen = frame[frame["preset"] == preset].reset_index(drop=True)
    if chosen.empty:
        there = ", ".join(frame["preset"].unique())
        raise ValueError(f"{name} has no rows of preset {preset!r} (it has {there}): {commands}")
    return chosen


def collate(
    experiment: Experiment,
    preset: str = "laptop",
    runs: str | Path | None = None,
    folder: str | Path = "book/results",
) -> list[str]:
    """Write the finished runs of a preset into the tables ``NAME.csv`` and ``NAME.curves.csv``.

    Rows of other presets stay as they are, and so do rows of this preset whose run file is not here. A row
    that the preset's grid no longer declares is dropped.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    preset : str, default "laptop"
        One of its presets.
    runs : str or Path, optional
        Folder of the run files. By default the one that ``MTLCORE_RUNS`` names, or else ``.runs``.
    folder : str or Path, default "book/results"
        Folder of the tables.

    Returns
    -------
    said : list of str
        One sentence a table: its rows, how many runs are there, and whether rows were dropped.

    Raises
    ------
    ValueError
        If there is no finished run or no such folder, or a table was written by mtlcore 0.3.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}: work in the checkout, or name another one")
    rows, curves = tables(experiment, preset, runs)
    if rows.empty:
        raise ValueError(
            f"{experiment.name} has no finished run at preset {preset}: "
            f"python -m mtlcore run {experiment.name} --preset {preset}"
        )
    said = [_merge(folder / f"{experiment.name}.csv", rows, experiment, preset)]
    if not curves.empty:
        said.append(_merge(folder / f"{experiment.name}.curves.csv", curves, experiment, preset))
    return said


def _merge(path: Path, new: pd.DataFrame, experiment: Experiment, preset: str) -> str:
    """Put the new rows into the file as text, so that the rows that stay keep every digit."""
    new = _text(io.StringIO(new.to_csv(index=False, float_format=NUMBERS)))
    old = _text(path) if path.exists() else new.iloc[:0]
    here = old["preset"] == preset
    declared = [run_id(config) for config in experiment.configurations(preset)]
    dropped = here & ~old["run"].isin(declared)
    if old["run"].isin(list(old_run_ids(experiment))).any():
        raise ValueError(f"{path} is of mtlcore 0.3: python -m mtlcore migrate --results {path.parent}")
    replaced = here & old["run"].isin(new["run"])
    merged = pd.concat([new, old[~dropped & ~replaced]]).fillna("")
    presets = list(experiment.presets)
    order = {
        (name, run_id(config)): (place, number)
        for place, name in enumerate(presets)
        for number, config in enumerate(experiment.configurations(name))
    }
    merged["order"] = [
        order.get(key, (len(presets), 0)) for key in zip(merged["preset"], merged["run"], strict=True)
    ]
    merged = merged.sort_values("order", kind="stable").drop(columns="order")
    write_atomically(path, merged.to_csv(index=False, lineterminator="\n"))
    there = merged.loc[merged["preset"] == preset, "run"].nunique()
    return (
        f"{path}: {len(merged)} rows; {there} of {len(declared)} runs of preset {preset}"
        f"{f'; dropped {dropped.sum()} rows that it no longer declares' if dropped.any() else ''}"
    )


def _text(source: Path | io.StringIO) -> pd.DataFrame:
    return pd.read_csv(source, dtype=str, keep_default_na=False)
