"""Timing and memory: steps that take turns, each measurement in a process of its own."""

from __future__ import annotations

import multiprocessing
import random
import re
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mtlcore.bench.libraries import PEERS
from mtlcore.bench.problem import problem
from mtlcore.bench.steps import BASELINE, Passes, Step, make_step

TURNS = 5
"""Least number of turns."""

START_SECONDS = 300
"""Time limit for the start of a process, and for what is not a step."""

CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
"""Clocks in seconds: all time, and that in which a core worked for this process."""

RESET_PEAK = Path("/proc/self/clear_refs")
"""Linux: writing 5 here resets the peak memory VmHWM of this process."""


def race(
    steps: Mapping[str, Step],
    seconds: float,
    turns: int = TURNS,
    device: str = "cpu",
    clocks: Mapping[str, Callable[[], float]] = CLOCKS,
) -> pd.DataFrame:
    """Time steps that take turns, each turn in a random order.

    Parameters
    ----------
    steps : mapping of str to Step
        Steps by name. Each should have been run once before.
    seconds : float
        No turn begins after this time.
    turns : int, default 5
        But there are at least this number of turns.
    device : str, default "cpu"
        On a GPU, the time of a step includes the kernels that it launched.
    clocks : mapping of str to callable, optional
        Functions that return seconds, one of them ``"wall"``; by default also ``"processor"``, which leaves
        out what other processes take.

    Returns
    -------
    times : DataFrame
        Seconds; one row per turn, and ``times[clock]`` has one column per step.
    """
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    shuffle = random.Random(0)
    rows: list[dict[tuple[str, str], float]] = []
    now = clocks["wall"]
    end = now() + seconds
    while len(rows) < turns or now() < end:
        row: dict[tuple[str, str], float] = {}
        for name in shuffle.sample(list(steps), len(steps)):
            wait()
            starts = {kind: clock() for kind, clock in clocks.items()}
            steps[name]()
            wait()
            row |= {(kind, name): clock() - starts[kind] for kind, clock in clocks.items()}
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(rows[0]))


def ratios(times: pd.DataFrame, baseline: str = BASELINE) -> pd.DataFrame:
    """Divide by the time of a baseline in the same turn, so that a slow phase of the machine cancels.

    Parameters
    ----------
    times : DataFrame
        One column per step, as ``race(...)["wall"]``.
    baseline : str, default "Static"
        The column that all are divided by.

    Returns
    -------
    ratios : DataFrame
        Of the same shape.
    """
    return times.div(times[baseline], axis=0)


def free_share(threads: int, clocks: Mapping[str, Callable[[], float]] = CLOCKS) -> float:
    """Measure which share of some cores this process gets: 1 where no other process needs them.

    Parameters
    ----------
    threads : int
        Number of CPU threads that torch uses now.
    clocks : mapping of str to callable, optional
        ``"wall"`` and ``"processor"``, as in :func:`race`.

    Returns
    -------
    share : float
        Processor time of a product of matrices, which keeps all threads busy, over its wall time and the
        number of threads.
    """
    matrix = torch.rand(1024, 1024)

    def product() -> Passes:
        matrix @ matrix
        return {}

    times = race({"product": product}, seconds=0.2, clocks=clocks).sum()
    return float(times["processor", "product"] / times["wall", "product"]) / threads


def measure(
    network: str,
    tasks: int,
    batch: int,
    method: str,
    *,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 2,
    seconds: float = 2.0,
    turns: int = TURNS,
    step_seconds: float = 30.0,
    memory_gb: float = 8.0,
) -> dict[str, Any]:
    """Measure time and memory of a step relative to equal weighting, in a new process.

    Nothing else should run on the machine at the same time.

    Parameters
    ----------
    network : str
        As in :func:`mtlcore.bench.problem`, like ``tasks``, ``batch`` and ``seed``.
    tasks : int
        Number of tasks.
    batch : int
        Number of samples of a mini-batch.
    method : str
        A name that :func:`mtlcore.bench.make_step` accepts.
    seed : int, default 0
        Seed of the problem and of the method.
    device : str, default "cpu"
        Device of the problem.
    threads : int, default 2
        Number of CPU threads.
    seconds : float, default 2.0
        The two steps take turns for this time,
    turns : int, default 5
        but at least this number of times.
    step_seconds : float, default 30.0
        Time limit of one step.
    memory_gb : float, default 8.0
        Memory limit of the step, in 10^9 bytes; of a GPU, or on Linux.

    Returns
    -------
    row : dict
        ``ms`` and ``static_ms``, medians over the turns, in milliseconds; ``ratio``, the median over the
        turns of the ratio within a turn, with its quartiles ``ratio_low`` and ``ratio_high``; ``turns``;
        ``peak_mb``, the memory of the first step in addition to network and data, in 10^6 bytes (of a GPU,
        or on Linux, where it includes about 20 MB that libraries allocate); the passes that the step
        counted; and ``skipped``, empty or the reason why there are no numbers.

    Raises
    ------
    RuntimeError
        If the step fails and is not another library's.
    """
    context = _fresh_processes(device)
    receiver, sender = context.Pipe(duplex=False)
    case = (network, tasks, batch, method, seed, device)
    process = context.Process(
        target=_send_row, args=(sender, case, threads, seconds, turns, memory_gb), daemon=True
    )
    process.start()
    sender.close()
    row: dict[str, Any] | None = None
    try:
        # Three messages: problem made (None), first step done (None), the row. A row that comes early says
        # why there are no numbers.
        for limit in (START_SECONDS, step_seconds, START_SECONDS + seconds + 4 * turns * step_seconds):
            if not receiver.poll(limit):
                return {"skipped": f"a step takes more than {step_seconds:g} s"}
            row = receiver.recv()
            if row is not None:
                break
    except EOFError:
        return {"skipped": "its process was ended, most often for want of memory"}
    finally:
        process.kill()
        process.join()
    assert row is not None
    if "failed" in row:
        raise RuntimeError(f"{method}, {network}, {tasks} tasks, batch {batch}: {row['failed']}")
    return row


def _fresh_processes(device: str) -> SpawnContext | ForkServerContext:
    """The context of new processes: a fork server that has imported this package, where there are any."""
    if device != "cpu" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _send_row(
    sender: Connection,
    case: tuple[str, int, int, str, int, str],
    threads: int,
    seconds: float,
    turns: int,
    memory_gb: float,
) -> None:
    """Send ``None`` when the problem is made, ``None`` after the first step, and then the row."""
    network, tasks, batch, method, seed, device = case
    torch.set_num_threads(threads)
    try:
        step = make_step(method, problem(network, tasks, batch, seed, device), seed)
        _limit_memory(memory_gb, device)
        sender.send(None)
        peak, passes = _first_step(step, device)
        sender.send(None)
        baseline = make_step(BASELINE, problem(network, tasks, batch, seed, device), seed)
        baseline()
        times = race({BASELINE: baseline, method: step}, seconds, turns, device)["wall"]
        within = ratios(times)[method].quantile([0.25, 0.5, 0.75])
        numbers = dict(zip(("ratio_low", "ratio", "ratio_high"), within.tolist(), strict=True))
        numbers |= {
            "ms": 1e3 * float(times[method].median()),
            "static_ms": 1e3 * float(times[BASELINE].median()),
        }
        row = {"skipped": "", **numbers, "turns": len(times), "peak_mb": peak, **passes}
    except ImportError as error:
        row = {"skipped": str(error)}
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        if isinstance(error, MemoryError) or re.search("out of memory|n't allocate memory", reason):
            row = {"skipped": f"needs more than {memory_gb:g} GB"}
        else:
            row = {"skipped" if method in PEERS else "failed": reason}
    sender.send(row)


def _limit_memory(gigabytes: float, device: str) -> None:
    """Limit the memory that this process may allocate from now on."""
    if device.startswith("cuda"):
        index = torch.device(device).index or 0
        share = gigabytes * 1e9 / torch.cuda.get_device_properties(index).total_memory
        torch.cuda.set_per_process_memory_fraction(min(share, 1.0), index)
    elif sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_memory("VmData") + int(gigabytes * 1e9), most))


def _first_step(step: Step, device: str) -> tuple[float | None, Passes]:
    """The additional memory of the first step in MB, ``None`` if unknown, and the passes that it counts."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        start = torch.cuda.memory_allocated(device)
        passes = step()
        return (torch.cuda.max_memory_allocated(device) - start) / 1e6, passes
    if not RESET_PEAK.exists():
        return None, step()
    RESET_PEAK.write_text("5")
    start = _memory("VmRSS")
    passes = step()
    return (_memory("VmHWM") - start) / 1e6, passes


def _memory(field: str) -> int:
    """Bytes in a field of Linux' process status, such as ``VmRSS``."""
    (kilobytes,) = re.findall(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(kilobytes)
