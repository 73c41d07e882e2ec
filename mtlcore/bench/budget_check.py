"""Check the performance budgets: measure every target and compare it with its limit."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import torch
from tqdm.auto import tqdm

from mtlcore.bench.libraries import PEERS, installed
from mtlcore.bench.measure import TURNS, free_share, measure, race, ratios
from mtlcore.bench.problem import problem
from mtlcore.bench.steps import BASELINE, Passes, Step, make_step
from mtlcore.bench.targets import RULE_CASE, RULE_SHARE, RULE_SHARES, TARGETS, Target
from mtlcore.methods import METHODS, GradientBalancing, make

FAR_OVER = "far over"
"""The verdict on more than twice the limit."""

NOISY = "too noisy to judge"
"""The verdict on a time where other processes need the cores and processor time is not far over the limit."""

FREE = 0.8
"""Wall time is judged where this process gets at least this share of the cores."""


def check(quick: bool = False, device: str = "cpu", threads: int = 2) -> pd.DataFrame:
    """Measure every target.

    All steps of a target take turns with their baseline. A time that is far over its limit is measured again,
    as the best of several turns, and only what stays there is ``"far over"``. On a CPU whose cores other
    processes need, wall time says nothing: there the number is the processor time on one thread, and the
    verdict ``"too noisy to judge"``, unless that is far over the limit as well.

    Parameters
    ----------
    quick : bool, default False
        Measure fewer turns, fewer of the slow methods and no other libraries.
    device : str, default "cpu"
        Device of network and data.
    threads : int, default 2
        Number of CPU threads.

    Returns
    -------
    table : DataFrame
        One row per method, with the columns of :class:`mtlcore.bench.Target`, ``method``, ``measured`` and
        ``verdict``, see :func:`verdict`.
    """
    targets = [target for target in TARGETS if not quick or target.limit is not None]
    with _threads(threads):
        rows = [row for target in tqdm(targets) for row in _rows(target, quick, device, threads)]
    network, tasks, batch = RULE_CASE
    for name, share in rule_shares().items():
        row = {"what": "the rule alone", "network": network, "tasks": tasks, "batch": batch, "method": name}
        limit = RULE_SHARES.get(name, RULE_SHARE)
        rows.append(row | {"measured": share, "unit": "x", "limit": limit})
    noisy = [row.pop("noisy", False) for row in rows]
    table = pd.DataFrame(rows)
    verdicts = map(verdict, table["measured"], table["limit"])
    table["verdict"] = [
        NOISY if unsure and found != FAR_OVER else found
        for unsure, found in zip(noisy, verdicts, strict=True)
    ]
    return table


def verdict(measured: float, limit: float) -> str:
    """Compare a measurement with its limit.

    Parameters
    ----------
    measured, limit : float
        NaN where missing.

    Returns
    -------
    verdict : {"within", "over", "far over", ""}
        ``"far over"`` for more than twice the limit; empty if a number is missing.

    Examples
    --------
    >>> mtl.bench.verdict(3.0, limit=2.0)
    'over'
    """
    if pd.isna(measured) or pd.isna(limit):
        return ""
    return "within" if measured <= limit else "over" if measured <= 2 * limit else FAR_OVER


def rule_shares(case: tuple[str, int, int] = RULE_CASE, repeats: int = 5) -> dict[str, float]:
    """Time the rules of gradient balancing that need the Gramian only, on one CPU thread.

    Parameters
    ----------
    case : tuple of str, int and int, default ("MLP", 128, 512)
        Network, number T of tasks and batch size of the step of equal weights that times are relative to. The
        rules get the Gramian of T random gradients, with norms from 0.1 to 10.
    repeats : int, default 5
        Number of measurements.

    Returns
    -------
    shares : dict of str to float
        The least processor time of the repeats, relative to the step's, by name of the method.
    """
    _, tasks, _ = case
    gradients = torch.randn(tasks, 2 * tasks, generator=torch.Generator().manual_seed(0))
    gradients = gradients * torch.logspace(-1, 1, tasks)[:, None] / gradients.norm(dim=1, keepdim=True)
    gramian = gradients @ gradients.T

    def alone(name: str) -> Step:
        def step() -> Passes:
            make(name).weights(gramian)
            return {}

        return step

    balancing = [name for name in METHODS if issubclass(METHODS[name], GradientBalancing)]
    rules = {name: alone(name) for name in balancing if make(name).sees == "gramian"}
    with _threads(1):
        shares = _work({BASELINE: make_step(BASELINE, problem(*case)), **rules}, BASELINE, repeats)
    return {name: float(shares[name]) for name in rules}


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Let torch use this number of CPU threads meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _rows(target: Target, quick: bool, device: str, threads: int) -> Iterator[dict[str, Any]]:
    """The rows of one target."""
    methods = target.quick if quick and target.quick else target.methods
    case = (target.network, target.tasks, target.batch)
    if target.unit == "GB":
        found = _memory(case, methods, device, threads)
    else:
        peers = _peers(methods) if target.limit is None else []
        found = _times(case, methods, peers, target, quick, device, threads)
    names = ("what", "network", "tasks", "batch", "unit", "limit")
    return ({name: getattr(target, name) for name in names} | row for row in found)


def _peers(methods: Sequence[str]) -> list[str]:
    """The steps of installed libraries for the same methods."""
    return [name for name in PEERS if name.partition(" by ")[0] in methods and installed(name)]


def _memory(
    case: tuple[str, int, int], methods: Sequence[str], device: str, threads: int
) -> Iterator[dict[str, Any]]:
    """Peak memory of each method; infinite for a step that was skipped, most often for want of memory."""
    for name in methods:
        row = measure(*case, name, device=device, threads=threads, seconds=0, turns=1, step_seconds=300)
        gigabytes = math.inf if row["skipped"] else row["peak_mb"] and row["peak_mb"] / 1000
        yield {"method": name, "measured": gigabytes, "note": row["skipped"]}


def _times(
    case: tuple[str, int, int],
    methods: Sequence[str],
    peers: Sequence[str],
    target: Target,
    quick: bool,
    device: str,
    threads: int,
) -> Iterator[dict[str, Any]]:
    """Time of each method and peer relative to the baseline; a peer that fails has a note instead."""
    baseline, limit = target.baseline, target.limit
    steps: dict[str, Step] = {}
    for name in (baseline, *methods, *peers):
        try:
            step = make_step(name, problem(*case, device=device))
            step()
            steps[name] = step
        except Exception as error:
            if name not in peers:
                raise
            yield {"method": name, "note": f"{type(error).__name__}: {error}".splitlines()[0]}
    if limit is not None and _busy(device, threads):
        work = _work(steps, baseline)
        yield from ({"method": name, "measured": work[name], "noisy": True} for name in methods)
        return
    times = race(steps, seconds=1 if quick else 8, turns=3 if quick else TURNS, device=device)["wall"]
    measured = ratios(times, baseline).median()
    for name in methods:
        row = {"method": name, "measured": measured[name]}
        if theirs := [measured[peer] for peer in steps if peer.startswith(f"{name} by ")]:
            row["limit"] = min(theirs)
        if limit is not None and verdict(measured[name], limit) == FAR_OVER:
            pair = {step: steps[step] for step in (baseline, name)}
            row |= _again(pair, baseline, limit, device, threads)
        yield row
    for name in peers:
        if name in steps:
            yield {"method": name, "measured": measured[name]}


def _again(
    pair: Mapping[str, Step], baseline: str, limit: float, device: str, threads: int
) -> dict[str, Any]:
    """Measure a step once more that seemed far over its limit, as the best of several turns."""
    (name,) = pair.keys() - {baseline}
    best = race(pair, seconds=0, device=device)["wall"].min()
    ratio = float(best[name] / best[baseline])
    if verdict(ratio, limit) == FAR_OVER and _busy(device, threads):
        return {"measured": _work(pair, baseline)[name], "noisy": True}
    return {"measured": ratio}


def _busy(device: str, threads: int) -> bool:
    """Whether other processes need the cores that the steps run on."""
    return device == "cpu" and free_share(threads) < FREE


def _work(steps: Mapping[str, Step], baseline: str, turns: int = TURNS) -> pd.Series:
    """Processor time of each step relative to the baseline.

    On one thread, since threads that wait for each other on busy cores use up processor time, too.
    """
    with _threads(1):
        best = race(steps, seconds=0, turns=turns)["processor"].min()
    return best / best[baseline]
