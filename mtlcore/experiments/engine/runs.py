"""A run is a file: written whole or not at all, named by its configuration, never made twice."""

import hashlib
import json
import os
import platform
import re
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy
import pandas as pd
import torch
from tqdm.auto import tqdm

import mtlcore
from mtlcore.experiments.engine.experiment import Config, Experiment, Result

STALE_SECONDS = 60  # a temporary file lives for milliseconds; one this old was left by a killed run


def runs_folder(folder: str | Path | None = None) -> Path:
    """`folder`, or else the one that MTLCORE_RUNS names, or else `.runs` in the current folder."""
    return Path(folder or os.environ.get("MTLCORE_RUNS") or ".runs")


def run_id(config: Config) -> str:
    """12 hex digits that stand for a configuration: SHA-256 of its canonical JSON."""
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def run_path(experiment: Experiment, preset: str, config: Config, folder: str | Path | None = None) -> Path:
    """The file of one run."""
    readable = "-".join(f"{axis}-{config[axis]}" for axis in experiment.axes if axis in config)
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", readable)[:80]
    name = f"{readable}-{run_id(config)}.json"
    return runs_folder(folder) / experiment.name / preset / name


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader, or a kill at any moment, never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_run(path: Path) -> dict[str, Any]:
    """The config, row, curve and provenance of a run; ValueError if the file is not whole."""
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
        whole = path.stem.endswith(run_id(record["config"])) and record.keys() == {
            *("config", "row", "curve", "provenance")
        }
    except (ValueError, TypeError, LookupError, AttributeError):
        whole = False
    if not whole:
        raise ValueError(f"{path} is not a whole run file; delete it, or run the experiment again")
    return record


@dataclass
class State:
    """Where a preset of an experiment stands: runs that are done, to do, and unreadable."""

    done: list[dict[str, Any]] = field(default_factory=list)
    missing: list[Config] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def state(experiment: Experiment, preset: str, folder: str | Path | None = None) -> State:
    """Read the run files of a preset, in the order of its grid; an unreadable run is missing too."""
    found = State()
    for config in experiment.configurations(preset):
        path = run_path(experiment, preset, config, folder)
        try:
            found.done.append(read_run(path))
        except (FileNotFoundError, ValueError) as error:
            found.missing.append(config)
            if isinstance(error, ValueError):
                found.unreadable.append(path)
    return found


@dataclass
class Report:
    """What a sweep did: runs found, runs made, unreadable files made again, runs that failed."""

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
    jobs: int = 1,
    device: str = "cpu",
    progress: bool = True,
    folder: str | Path | None = None,
) -> Report:
    """Make the runs of a preset that are not there yet, `jobs` at a time.

    A failed run leaves no file and does not stop the others. A kill at any moment loses at most the
    runs in flight: the same call again makes what is missing. The CPU threads are shared out among
    the jobs. Raises ValueError for an unknown preset or device, ChildProcessError when a job dies.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    provenance = _provenance(device)
    before = state(experiment, preset, folder)
    _remove_stale(runs_folder(folder) / experiment.name / preset)
    all_threads = torch.get_num_threads()
    threads = max(1, min(all_threads, joblib.cpu_count()) // jobs)
    tasks = [
        joblib.delayed(_make)(
            experiment.run,
            config,
            run_path(experiment, preset, config, folder),
            device,
            {**provenance, "threads": threads},
            os.getpid(),
        )
        for config in before.missing
    ]
    workers = joblib.Parallel(jobs, batch_size=1, return_as="generator_unordered")
    bar = tqdm(total=len(tasks), desc=f"{experiment.name} {preset}", disable=not progress)
    failed = []
    try:
        for path, error in workers(tasks):
            bar.update()
            if error:
                failed.append((path, error))
    except BrokenProcessPool as error:
        raise ChildProcessError(
            "a job was killed, most often for want of memory; finished runs are kept: "
            "start the same sweep again, with fewer jobs"
        ) from error
    finally:
        bar.close()
        torch.set_num_threads(all_threads)
    return Report(len(before.done), len(tasks) - len(failed), before.unreadable, failed)


def tables(
    experiment: Experiment, preset: str = "laptop", folder: str | Path | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished runs of a preset, in the grid's order: one row a run, and one row an epoch.

    A run's row holds preset, run, configuration, numbers and provenance; an epoch's row holds
    preset, run, the axes of the grid and the epoch's numbers.
    """
    rows, curves = [], []
    for record in state(experiment, preset, folder).done:
        config = record["config"]
        key = {"preset": preset, "run": run_id(config)}
        rows.append(key | config | record["row"] | record["provenance"])
        axes = {axis: config[axis] for axis in experiment.axes if axis in config}
        curves += [key | axes | point for point in record["curve"]]
    return pd.DataFrame(rows), pd.DataFrame(curves)


def _make(
    run: Callable[[Config, str], Result],
    config: Config,
    path: Path,
    device: str,
    provenance: dict[str, Any],
    sweeper: int,
) -> tuple[Path, str | None]:
    """Do one run and write its file; answer with the path and, when it failed, with the reason."""
    _end_with(sweeper)
    torch.set_num_threads(provenance["threads"])
    start = time.perf_counter()
    try:
        result = run(config, device)
        measured = {
            "seconds": round(time.perf_counter() - start, 3),
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        record: dict[str, Any] = {
            "config": config,
            "row": result.row,
            "curve": result.curve,
            "provenance": provenance | measured,
        }
        clash = result.row.keys() & (config.keys() | record["provenance"].keys())
        if clash:
            raise ValueError(f"the row repeats the columns {sorted(clash)}")
        write_atomically(path, json.dumps(record, default=lambda number: number.item()) + "\n")
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return path, f"{reason} ({Path(place.filename).name}:{place.lineno})"
    return path, None


@cache
def _end_with(sweeper: int) -> None:
    """End this job when the process that sweeps is gone, so that a killed sweep leaves nothing."""

    def watch() -> None:
        while os.getppid() == sweeper:
            time.sleep(0.5)
        os._exit(1)

    if os.getpid() != sweeper:
        threading.Thread(target=watch, daemon=True).start()


def _remove_stale(folder: Path) -> None:
    for temporary in folder.glob(".*.tmp"):
        if time.time() - temporary.stat().st_mtime > STALE_SECONDS:
            temporary.unlink(missing_ok=True)


def _provenance(device: str) -> dict[str, Any]:
    """What a reader needs to make the run again, apart from its configuration."""
    try:
        kind = torch.empty(0, device=device).device.type
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"the device {device!r} cannot be used: {reason}") from None
    return {
        "mtlcore": mtlcore.__version__,
        "commit": _commit(Path(mtlcore.__file__).parent),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "device": torch.cuda.get_device_name(device)
        if kind == "cuda"
        else f"{kind} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
    }


def _commit(package: Path) -> str:
    """The commit of the checkout that holds `package`, "+dirty" if it was edited, "" if none."""
    if not (package.parent / ".git").exists():
        return ""
    git = ["git", "-C", str(package)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        edited = subprocess.run(
            [*git, "status", "--porcelain", "."], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + "+dirty" if edited else head
