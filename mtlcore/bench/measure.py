"""How it is timed: steps that take turns, and the memory of a step in a process of its own."""

from __future__ import annotations

import multiprocessing
import random
import re
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mtlcore.bench.peers import PEERS
from mtlcore.bench.steps import BASELINE, Passes, Step, make_step, problem

TURNS = 5
START_SECONDS = 300
FORGET_PEAK = Path("/proc/self/clear_refs")


def race(steps: Mapping[str, Step], seconds: float, turns: int = TURNS, device: str = "cpu") -> pd.DataFrame:
    """Seconds of every step, all of which were taken once before: one row a turn, one column a step.

    The steps take turns, each turn in an order of its own, until the time is up, but at least ``turns``
    times. What runs on a GPU is waited for.
    """
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    shuffle = random.Random(0)
    rows: list[dict[str, float]] = []
    end = time.perf_counter() + seconds
    while len(rows) < turns or time.perf_counter() < end:
        row = {}
        for name in shuffle.sample(list(steps), len(steps)):
            wait()
            start = time.perf_counter()
            steps[name]()
            wait()
            row[name] = time.perf_counter() - start
        rows.append(row)
    return pd.DataFrame(rows)


def ratios(times: pd.DataFrame) -> pd.DataFrame:
    """Every step's ratio to equal weighting within a turn, so that a machine that slows down slows both."""
    return times.div(times[BASELINE], axis=0)


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
    """Time and memory of one step beside equal weighting, in a fresh process that has the machine to itself.

    Parameters
    ----------
    network, tasks, batch, seed : as in :func:`mtlcore.bench.problem`.
    method : a name that :func:`mtlcore.bench.make_step` knows.
    device, threads : where, default "cpu", and how many CPU threads, default 2.
    seconds, turns : the two steps take turns for so long, default 2, but at least so often, default 5.
    step_seconds : a step that takes longer is given up, default 30.
    memory_gb : so is one that needs more memory (of a GPU, or under Linux), default 8.

    Returns
    -------
    ``ms`` and ``static_ms``, medians over the turns; ``ratio``, the median over the turns of the ratio
    within a turn, with its quartiles ``ratio_low`` and ``ratio_high``; ``turns``; ``peak_mb``, what the first
    step takes above network and batches (of a GPU, or under Linux, where it includes what libraries set
    up, some 20 MB); the passes that the step counted; and ``skipped``, which is empty, or says why there
    are no numbers.

    Raises
    ------
    RuntimeError : the step fails, and it is ours.
    """
    context = _fresh_processes(device)
    receiver, sender = context.Pipe(duplex=False)
    case = (network, tasks, batch, method, seed, device)
    process = context.Process(
        target=_answer, args=(sender, case, threads, seconds, turns, memory_gb), daemon=True
    )
    process.start()
    sender.close()
    row: dict[str, Any] | None = None
    try:
        for patience in (START_SECONDS, step_seconds, START_SECONDS + seconds + 4 * turns * step_seconds):
            if not receiver.poll(patience):
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
    """Where there are fork servers, from one that has this package imported and nothing run."""
    if device != "cpu" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _answer(
    sender: Connection,
    case: tuple[str, int, int, str, int, str],
    threads: int,
    seconds: float,
    turns: int,
    memory_gb: float,
) -> None:
    """Send a sign when the problem is there, another after the first step, and then the row."""
    network, tasks, batch, method, seed, device = case
    torch.set_num_threads(threads)
    try:
        step = make_step(method, problem(network, tasks, batch, seed, device), seed)
        _limit_memory(memory_gb, device)
        sender.send(None)
        peak, passes = _first(step, device)
        sender.send(None)
        baseline = make_step(BASELINE, problem(network, tasks, batch, seed, device), seed)
        baseline()
        times = race({BASELINE: baseline, method: step}, seconds, turns, device)
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
    """Let this process have so much more memory, and no more."""
    if device.startswith("cuda"):
        index = torch.device(device).index or 0
        share = gigabytes * 1e9 / torch.cuda.get_device_properties(index).total_memory
        torch.cuda.set_per_process_memory_fraction(min(share, 1.0), index)
    elif sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_memory("VmData") + int(gigabytes * 1e9), most))


def _first(step: Step, device: str) -> tuple[float | None, Passes]:
    """What the first step takes above what is there already, in MB, and the passes that it counts."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        start = torch.cuda.memory_allocated(device)
        passes = step()
        return (torch.cuda.max_memory_allocated(device) - start) / 1e6, passes
    if not FORGET_PEAK.exists():
        return None, step()
    FORGET_PEAK.write_text("5")
    start = _memory("VmRSS")
    passes = step()
    return (_memory("VmHWM") - start) / 1e6, passes


def _memory(field: str) -> int:
    (kilobytes,) = re.findall(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(kilobytes)
