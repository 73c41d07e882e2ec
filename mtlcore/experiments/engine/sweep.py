"""From an experiment's declaration to its run files: what is there, and what is missing."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from mtlcore.experiments.engine.backends import Backend, Local
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.files import (
    check_folder,
    read_run,
    remove_stale,
    run_id,
    run_path,
    runs_folder,
    write_atomically,
)
from mtlcore.experiments.engine.provenance import provenance


@dataclass
class State:
    """What there is of a preset.

    Parameters
    ----------
    done : list of dict
        The records of the finished runs, in the order of the grid.
    missing : list of dict
        The configurations of the runs that are to be made.
    unreadable : list of Path
        Run files that are not whole; their runs are missing too.
    """

    done: list[dict[str, Any]] = field(default_factory=list)
    missing: list[Config] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def state(experiment: Experiment, preset: str, folder: str | Path | None = None) -> State:
    """Read the run files of a preset.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    preset : str
        One of its presets.
    folder : str or Path, optional
        Folder of the run files. By default the one that ``MTLCORE_RUNS`` names, or else ``.runs``.

    Returns
    -------
    found : State
        Finished, missing and unreadable runs. An unreadable run is missing too.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    found = State()
    for config in experiment.configurations(preset):
        path = run_path(experiment, preset, config, folder)
        try:
            found.done.append(read_run(path))
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            found.missing.append(config)
            if isinstance(error, ValueError):
                found.unreadable.append(path)
    return found


@dataclass
class Report:
    """What a sweep did; as text, one line for each problem and one for the counts.

    Parameters
    ----------
    found : int
        Number of runs that were there before.
    made : int
        Number of runs that were made.
    unreadable : list of Path
        Files that were not whole, and whose runs were made again.
    failed : list of (Path, str)
        The file that a failed run should have written, and the reason.
    """

    found: int
    made: int
    unreadable: list[Path]
    failed: list[tuple[Path, str]]

    def __str__(self) -> str:
        return "\n".join(
            [f"unreadable, so run again: {path}" for path in self.unreadable]
            + [f"failed: {path.stem}: {error}" for path, error in self.failed]
            + [f"{self.found} runs found, {self.made} made, {len(self.failed)} failed"]
        )


def sweep(
    experiment: Experiment,
    preset: str = "laptop",
    jobs: int | None = None,
    device: str = "cpu",
    progress: bool = True,
    folder: str | Path | None = None,
    backend: Backend | None = None,
) -> Report:
    """Make the runs of a preset that are not there yet.

    A failed run leaves no file and does not stop the others. A kill at any moment loses at most the
    runs in flight: the same call again makes what is missing.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    preset : str, default "laptop"
        One of its presets.
    jobs : int, optional
        Shortcut for ``backend=Local(jobs)``; default 1.
    device : str, default "cpu"
        Device of torch for every run.
    progress : bool, default True
        Whether to show a progress bar.
    folder : str or Path, optional
        Folder of the run files. By default the one that ``MTLCORE_RUNS`` names, or else ``.runs``. It is
        made if it is not there; the folder that contains it must be.
    backend : Local or Dask, optional
        Where the runs are made; by default in this process.

    Returns
    -------
    report : Report
        What was found and made, and what failed.

    Raises
    ------
    ValueError
        If there is no such preset, the device cannot be used, or both ``jobs`` and ``backend`` are given.
    OSError
        If a run is missing, and the folder of the run files cannot be made or written. This is tried before
        the first run, and by each run before it computes.
    ChildProcessError
        If a process of this machine dies.
    ConnectionError
        If the Dask scheduler cannot be reached, or is lost.
    """
    if backend is not None and jobs is not None:
        raise ValueError("jobs is a shortcut for backend=Local(jobs): give one of the two")
    backend = backend or Local(1 if jobs is None else jobs)
    backend.check(device)
    before = state(experiment, preset, folder)
    here = runs_folder(folder).absolute()  # a worker may work in another folder
    if before.missing:
        if not here.parent.is_dir():
            raise FileNotFoundError(f"cannot make the run folder {here}: there is no folder {here.parent}")
        check_folder(here / experiment.name / preset)
    remove_stale(here / experiment.name / preset)
    paths = [run_path(experiment, preset, config, here) for config in before.missing]
    calls = [
        partial(make_run, experiment.run, config, path, device)
        for config, path in zip(before.missing, paths, strict=True)
    ]
    failed = []
    with tqdm(total=len(calls), desc=f"{experiment.name} {preset}", disable=not progress) as bar:
        for index, reason in backend.outcomes(calls):
            bar.update()
            if reason:
                failed.append((paths[index], reason))
    failed += _elsewhere(paths, failed)
    return Report(len(before.done), len(calls) - len(failed), before.unreadable, failed)


def _elsewhere(paths: list[Path], failed: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """The runs that did not fail and whose files are not here."""
    folder = paths[0].parent if paths else Path()
    there = set(folder.iterdir()) if folder.is_dir() else set()
    known = {path for path, _ in failed}
    reason = "its worker wrote the file, and it is not here: the folder of the runs must be shared"
    return [(path, reason) for path in paths if path not in there and path not in known]


def tables(
    experiment: Experiment, preset: str = "laptop", folder: str | Path | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collect the finished runs of a preset, in the order of its grid.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    preset : str, default "laptop"
        One of its presets.
    folder : str or Path, optional
        Folder of the run files. By default the one that ``MTLCORE_RUNS`` names, or else ``.runs``.

    Returns
    -------
    rows : DataFrame
        One row a run: preset, run, configuration, numbers and provenance.
    curves : DataFrame
        One row an epoch (or a test): preset, run, the axes of the grid, and the numbers of that epoch.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    rows, curves = [], []
    for record in state(experiment, preset, folder).done:
        config = record["config"]
        key = {"preset": preset, "run": run_id(config)}
        rows.append(key | config | record["row"] | record["provenance"])
        axes = {axis: config[axis] for axis in experiment.axes if axis in config}
        curves += [key | axes | point for point in record["curve"]]
    return pd.DataFrame(rows), pd.DataFrame(curves)


_ONE_AT_A_TIME = threading.Lock()
"""Random seeds and the number of threads belong to the process, which threads of a worker share."""


def make_run(run: Callable[[Config, str], Result], config: Config, path: Path, device: str) -> str | None:
    """Make one run and write its file, unless a whole file is there already.

    It knows nothing of who started it, and may be called in any process that can write the file.

    Parameters
    ----------
    run : callable
        The function of the experiment.
    config : dict
        The configuration of the run.
    path : Path
        The file to write.
    device : str
        Device of torch.

    Returns
    -------
    reason : str or None
        None if the file is there, or else one line that says why the run failed.
    """
    with _ONE_AT_A_TIME:
        try:
            read_run(path)  # made by a worker that was lost before it could say so, or by another sweep
            return None
        except (FileNotFoundError, NotADirectoryError, ValueError):
            pass
        start = time.perf_counter()
        try:
            check_folder(path.parent)  # a disk that is full now would cost the whole run
            made = provenance(device)
            result = run(config, device)
            made |= {
                "seconds": round(time.perf_counter() - start, 3),
                "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            }
            record: dict[str, Any] = {
                "config": config,
                "row": result.row,
                "curve": result.curve,
                "provenance": made,
            }
            clash = result.row.keys() & (config.keys() | made.keys())
            if clash:
                raise ValueError(f"the row repeats the columns {sorted(clash)}")
            write_atomically(path, json.dumps(record, default=lambda number: number.item()) + "\n")
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return f"{reason} ({Path(place.filename).name}:{place.lineno})"
        return None
