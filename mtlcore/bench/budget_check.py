"""The targets, measured now: how every one of them stands, and whether any is missed by far."""

import math
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import pandas as pd
import torch
from tqdm.auto import tqdm

from mtlcore.bench.measure import TURNS, measure, race, ratios
from mtlcore.bench.peers import PEERS, installed
from mtlcore.bench.steps import BASELINE, Step, make_step, problem
from mtlcore.bench.targets import RULE_MS, RULE_TASKS, TARGETS, Target
from mtlcore.methods import METHODS, GradientBalancing
from mtlcore.methods._stand_in import make

FAR_OVER = "far over"


def check(quick: bool = False, device: str = "cpu", threads: int = 2) -> pd.DataFrame:
    """Measure every target: one row a method, with the limit and a verdict.

    The verdict is "within", "over", or "far over" for more than twice the limit. All steps of a target take
    turns with equal weighting. ``quick`` takes fewer turns, fewer of the slow methods and no peers.
    """
    targets = [target for target in TARGETS if not quick or target.limit is not None]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        rows = [row for target in tqdm(targets) for row in _rows(target, quick, device, threads)]
    finally:
        torch.set_num_threads(before)
    for name, milliseconds in rule_times().items():
        row = {"what": "the rule alone", "network": "", "tasks": RULE_TASKS, "batch": "", "method": name}
        rows.append(row | {"measured": milliseconds, "unit": "ms", "limit": RULE_MS})
    table = pd.DataFrame(rows)
    table["verdict"] = [verdict(*pair) for pair in zip(table["measured"], table["limit"], strict=True)]
    return table


def verdict(measured: float, limit: float) -> str:
    """How a number stands to its limit; nothing where one of them is missing."""
    if pd.isna(measured) or pd.isna(limit):
        return ""
    return "within" if measured <= limit else "over" if measured <= 2 * limit else FAR_OVER


def rule_times(tasks: int = RULE_TASKS, repeats: int = 5) -> dict[str, float]:
    """Milliseconds, on one thread, that each rule takes for its weights from a Gramian.

    The gradients are random, and their lengths lie between 0.1 and 10.
    """
    gradients = torch.randn(tasks, 2 * tasks, generator=torch.Generator().manual_seed(0))
    gradients = gradients * torch.logspace(-1, 1, tasks)[:, None] / gradients.norm(dim=1, keepdim=True)
    gramian = gradients @ gradients.T
    balancing = [name for name in METHODS if issubclass(METHODS[name], GradientBalancing)]
    rules = [name for name in balancing if make(name).sees == "gramian"]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {name: median(_seconds(name, gramian) for _ in range(repeats)) * 1e3 for name in rules}
    finally:
        torch.set_num_threads(before)


def _seconds(name: str, gramian: torch.Tensor) -> float:
    method = make(name)
    start = time.perf_counter()
    method.weights(gramian)
    return time.perf_counter() - start


def _rows(target: Target, quick: bool, device: str, threads: int) -> Iterator[dict[str, Any]]:
    methods = target.quick if quick and target.quick else target.methods
    place = (target.network, target.tasks, target.batch)
    if target.unit == "GB":
        found = _memory(place, methods, device, threads)
    else:
        peers = _peers(methods) if target.limit is None else []
        found = _times(place, methods, peers, quick, device)
    names = ("what", "network", "tasks", "batch", "unit", "limit")
    return ({name: getattr(target, name) for name in names} | row for row in found)


def _peers(methods: Sequence[str]) -> list[str]:
    return [name for name in PEERS if name.partition(" by ")[0] in methods and installed(name)]


def _memory(
    place: tuple[str, int, int], methods: Sequence[str], device: str, threads: int
) -> Iterator[dict[str, Any]]:
    for name in methods:
        row = measure(*place, name, device=device, threads=threads, seconds=0, turns=1)
        gigabytes = math.inf if row["skipped"] else row["peak_mb"] and row["peak_mb"] / 1000
        yield {"method": name, "measured": gigabytes, "note": row["skipped"]}


def _times(
    place: tuple[str, int, int], methods: Sequence[str], peers: Sequence[str], quick: bool, device: str
) -> Iterator[dict[str, Any]]:
    steps: dict[str, Step] = {}
    for name in (BASELINE, *methods, *peers):
        try:
            step = make_step(name, problem(*place, device=device))
            step()
            steps[name] = step
        except Exception as error:
            if name not in peers:
                raise
            yield {"method": name, "note": f"{type(error).__name__}: {error}".splitlines()[0]}
    times = race(steps, seconds=1 if quick else 8, turns=3 if quick else TURNS, device=device)
    measured = ratios(times).median()
    for name in methods:
        theirs = [measured[peer] for peer in steps if peer.startswith(f"{name} by ")]
        yield {"method": name, "measured": measured[name]} | ({"limit": min(theirs)} if theirs else {})
    for name in peers:
        if name in steps:
            yield {"method": name, "measured": measured[name]}
