"""A sweep that is killed takes its jobs with it, whatever they are doing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import toy_experiment
from helpers.toy_runs import RUNS, TOY

from mtlcore.experiments import state

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")

SOON = 1.5
"""Seconds: one, and what a busy machine needs to notice."""

# A run that holds the interpreter, so that no thread of its process can act.
HOLDING = """
import sys
from dataclasses import replace
from pathlib import Path
from helpers.toy_runs import TOY
from mtlcore.experiments import sweep

folder = Path(sys.argv[1])

def run(config, device):
    import ctypes, os
    (folder / f"started-{os.getpid()}").touch()
    ctypes.PyDLL(None).sleep(30)

sweep(replace(TOY, run=run), "smoke", jobs=2, progress=False, folder=folder / "runs")
"""

# Sweeps that are made by threads, one after the other.
THREADS = """
import sys
from pathlib import Path
from threading import Thread
from helpers.toy_runs import toy_sweep

def sweep(name):
    toy_sweep(Path(sys.argv[1]) / name, jobs=2)

for name in ("one", "two"):
    thread = Thread(target=sweep, args=[name])
    thread.start()
    thread.join()
"""


def start(*command: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def toy(folder: Path, **environment: str) -> subprocess.Popen:
    command = [toy_experiment.__file__, "run", "toy", "--preset", "smoke", "--jobs", "2", "--runs"]
    return start(*command, str(folder), **environment)


def living(group: int) -> dict[str, str]:
    """What runs in a group of processes, by /proc; one that ended and waits to be reaped does not."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            status, _, its_group = path.read_text().rsplit(") ", 1)[1].split()[:3]
            command = path.with_name("cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if int(its_group) == group and status != "Z":
            found[path.parent.name] = command
    return found


def workers(group: int) -> set[str]:
    return {pid for pid, command in living(group).items() if "popen_loky" in command}


def wait_for(condition, process: subprocess.Popen | None = None, seconds: float = 120) -> float:
    """Wait until something is so, and say how long that took."""
    start = time.monotonic()
    while not condition():
        assert process is None or process.poll() is None, "the sweep has ended too early"
        assert time.monotonic() - start < seconds
        time.sleep(0.01)
    return time.monotonic() - start


def killed(process: subprocess.Popen) -> float:
    """Kill a sweep alone, and say after how many seconds none of its processes ran."""
    process.kill()
    process.wait(30)
    return wait_for(lambda: not living(process.pid), seconds=60)


def test_jobs_end_in_the_middle_of_a_run(tmp_path):
    process = toy(tmp_path, TOY_SECONDS="3")
    wait_for(lambda: list(tmp_path.rglob("*.json")), process)
    assert len(workers(process.pid)) == 2
    assert killed(process) < SOON
    assert len(list(tmp_path.rglob("*.json"))) < RUNS
    assert not state(TOY, "smoke", tmp_path).unreadable


def test_jobs_end_while_they_hold_the_interpreter(tmp_path):
    process = start("-c", HOLDING, str(tmp_path))
    wait_for(lambda: len(list(tmp_path.glob("started-*"))) == 2, process)
    assert killed(process) < SOON


@pytest.mark.parametrize("seconds", [0, 0.6])
def test_jobs_end_while_they_start(tmp_path, seconds):
    process = toy(tmp_path, TOY_SECONDS="30")
    wait_for(lambda: len(workers(process.pid)) == 2, process)
    time.sleep(seconds)
    assert killed(process) < SOON


def test_jobs_of_a_sweep_in_a_thread_end_with_the_process_and_not_with_the_thread(tmp_path):
    process = start("-c", THREADS, str(tmp_path), TOY_SECONDS="1")
    two = tmp_path / "two"
    wait_for(lambda: list((tmp_path / "one").rglob("*.json")), process)
    first = workers(process.pid)
    wait_for(lambda: list(two.rglob("*.json")), process)
    assert workers(process.pid) == first  # the end of the first thread has ended none
    assert killed(process) < SOON
