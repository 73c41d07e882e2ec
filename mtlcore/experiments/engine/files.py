"""Run files: named by their configuration, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from mtlcore.experiments.engine.experiment import Config, Experiment

STALE_SECONDS = 60
"""Age from which a temporary file of another machine counts as left behind: a write takes milliseconds."""

PROBE = 2**16
"""Bytes that are written before a run to find a full disk: more than most run files have."""


def runs_folder(folder: str | Path | None = None) -> Path:
    """Find the folder of the run files.

    Parameters
    ----------
    folder : str or Path, optional
        The folder. By default the one that the environment variable ``MTLCORE_RUNS`` names, or else ``.runs``
        in the current folder.

    Returns
    -------
    folder : Path
        The folder, which need not exist.
    """
    return Path(folder or os.environ.get("MTLCORE_RUNS") or ".runs")


def run_id(config: Config) -> str:
    """Return 12 hex digits that stand for a configuration: SHA-256 of its JSON with sorted keys.

    Parameters
    ----------
    config : dict
        The configuration of one run.

    Returns
    -------
    run : str
        The same for two configurations with the same settings, whatever the order of the keys.
    """
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def run_path(experiment: Experiment, preset: str, config: Config, folder: str | Path | None = None) -> Path:
    """Return the file of one run: ``FOLDER/EXPERIMENT/PRESET/AXES-RUN.json``.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    preset : str
        One of its presets.
    config : dict
        One of the preset's configurations.
    folder : str or Path, optional
        See :func:`runs_folder`.

    Returns
    -------
    path : Path
        The file, which need not exist.
    """
    readable = "-".join(f"{axis}-{config[axis]}" for axis in experiment.axes if axis in config)
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", readable)[:80]
    name = f"{readable}-{run_id(config)}.json"
    return runs_folder(folder) / experiment.name / preset / name


def check_folder(folder: Path) -> None:
    """Make a folder of run files, and write a file into it that is deleted at once.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    OSError
        If the folder cannot be made, or a file cannot be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise type(error)(
            f"cannot write run files into {folder} ({error.strerror}): make room, or name another folder"
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Write a file such that no reader sees half of it, whenever the writer is killed.

    Parameters
    ----------
    path : Path
        The file; its folder is made if it is not there.
    text : str
        The whole content.

    Raises
    ------
    OSError
        If the file cannot be written, on a full disk say. What was there before is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two machines may share the folder, so the process number alone does not name a writer.
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise type(error)(
            f"cannot write {path} ({error.strerror}): make room; what was there before is unchanged"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_run(path: Path) -> dict[str, Any]:
    """Read a run file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    record : dict
        ``config``, ``row``, ``curve`` and ``provenance`` of the run.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, lacks a part, or holds another configuration than its name says.
    """
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


def remove_stale(folder: Path) -> None:
    """Delete the temporary files that killed runs left in a folder, and none that is being written.

    A file of this machine is deleted if its writer is gone, one of another machine if it is old.

    Parameters
    ----------
    folder : Path
        The folder of a preset's run files.
    """
    for temporary in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):  # a sweep beside this one has finished or deleted it
            if _is_left_behind(temporary):
                temporary.unlink()


def _is_left_behind(temporary: Path) -> bool:
    ours = re.search(rf"\.{re.escape(socket.gethostname())}\.(\d{{1,9}})\.tmp$", temporary.name)
    if ours is None or os.name != "posix":  # on Windows os.kill ends the process that it is asked about
        return time.time() - temporary.stat().st_mtime > STALE_SECONDS
    try:
        os.kill(int(ours[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # alive, and another user's
        pass
    return False
