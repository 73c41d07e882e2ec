"""Time and memory of a training step, as ratios to equal weighting in the same run."""

import multiprocessing
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from mtlcore.batch import Batch
from mtlcore.methods import RGW, RLW, SLAW, Method, Static
from mtlcore.metrics import Task
from mtlcore.models import MultiTaskModel, lenet, mlp
from mtlcore.signals import Signals

Step = Callable[[], object]

MLP = (2048, 2000, 100)
BASELINE, PLAIN = "Static", "plain torch"
LIMITS = {"RLW": 1.05, "SLAW": 1.05, "RGW": 1.05, "feature Gramian": 1.5, "alignment": 1.5}
MEMORY_LIMIT = 2.0


def problem(network: str, batch_size: int) -> tuple[MultiTaskModel, Batch, list[Task]]:
    """A network, one batch of random numbers, and its tasks.

    `network` is "LeNet" (2 tasks) or "MLP" (2048-2000-100 with 128 one-layer heads: SLAW's paper,
    efficiency experiment).
    """
    torch.manual_seed(0)
    if network == "LeNet":
        model, inputs, heads, classes = lenet(), torch.rand(batch_size, 1, 36, 36), 2, 10
    else:
        model, inputs, heads, classes = mlp(MLP, (2,) * 128), torch.rand(batch_size, MLP[0]), 128, 2
    targets = tuple(torch.randint(classes, (batch_size,)) for _ in range(heads))
    return model, Batch(inputs, targets), [Task.classification(f"task {t}") for t in range(heads)]


def steps(model: MultiTaskModel, batch: Batch, tasks: Sequence[Task]) -> dict[str, Step]:
    """The steps that are timed, by name.

    A step sets the gradients and lets SGD use them; "plain torch" is equal weighting without
    mtlcore. "alignment" is the inner product of every sample's gradient with one direction, from
    the forward pass on, without an update.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    direction = torch.randn(sum(p.numel() for p in model.parameters()))
    equal = torch.full((len(tasks),), 1 / len(tasks))

    def plain() -> None:
        optimizer.zero_grad()
        losses = map(F.cross_entropy, model(batch.inputs), batch.targets)
        torch.stack(list(losses)).mean().backward()
        optimizer.step()

    def balanced(method: Method) -> Step:
        def step() -> None:
            optimizer.zero_grad()
            method.backward(Signals(model, batch, tasks))
            optimizer.step()

        return step

    def gramian() -> None:
        optimizer.zero_grad()
        signals = Signals(model, batch, tasks)
        signals.gramian("features")
        signals.backward(equal)
        optimizer.step()

    def alignment() -> None:
        Signals(model, batch, tasks).alignment(direction, of="samples")

    return {
        PLAIN: plain,
        BASELINE: balanced(Static()),
        "RLW": balanced(RLW()),
        "SLAW": balanced(SLAW()),
        "RGW": balanced(RGW()),
        "feature Gramian": gramian,
        "alignment": alignment,
    }


def measure(quick: bool = False, threads: int = 2) -> pd.DataFrame:
    """Time and memory of the steps: ratio to equal weighting, limit and verdict, one row each.

    Equal weighting is `Static`; "to plain" is the ratio to the same step in plain torch. After a
    warm-up the steps take turns, and a ratio is the median over the turns of the ratio within a
    turn, so that a machine that slows down slows both sides. Memory is the peak that a fresh
    process reaches above what network and batch hold, on Linux only. `quick` takes small batches
    and few turns, and gives no verdict: it shows that everything works, not how fast.
    """
    small, large, turns = (16, 32, 2) if quick else (128, 512, 30)
    rows = []
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for network, size in tqdm([("MLP", large), ("LeNet", small), ("LeNet", large)]):
            every = steps(*problem(network, size))
            every.pop("alignment" if network == "MLP" else "feature Gramian")
            times = _take_turns(every, turns)
            medians = 1000 * times.median()
            ratios = times.div(times[BASELINE], axis=0).median()
            to_plain = times.div(times[PLAIN], axis=0).median()
            for name in every:
                row = (network, size, name, "ms", medians[name], ratios[name], to_plain[name])
                rows.append((*row, LIMITS.get(name)))
            if network == "LeNet" and Path("/proc/self/clear_refs").exists():
                ours, usual = (_peak(network, size, name, threads) for name in ("alignment", BASELINE))
                row = (network, size, "alignment", "MB", ours / 1e6, ours / usual, None)
                rows.append((*row, MEMORY_LIMIT))
    finally:
        torch.set_num_threads(before)
    columns = ["network", "batch", "step", "unit", "value", "ratio", "to plain", "limit"]
    table = pd.DataFrame(rows, columns=columns)
    if not quick:
        met = (table["ratio"] <= table["limit"]).map({True: "within", False: "over"})
        table["verdict"] = met.where(table["limit"].notna(), "")
    return table


def _take_turns(every: Mapping[str, Step], turns: int) -> pd.DataFrame:
    """Seconds, one row a turn, one column a step; every turn has an order of its own."""
    for step in every.values():
        step()
    shuffle = random.Random(0)
    rows = []
    for _ in range(turns):
        row = {}
        for name in shuffle.sample(list(every), len(every)):
            start = time.perf_counter()
            every[name]()
            row[name] = time.perf_counter() - start
        rows.append(row)
    return pd.DataFrame(rows)


def _peak(network: str, batch_size: int, name: str, threads: int) -> int:
    """Peak memory of one step in a process of its own, in bytes."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_rise, (network, batch_size, name, threads))


def _rise(network: str, batch_size: int, name: str, threads: int) -> int:
    torch.set_num_threads(threads)
    step = steps(*problem(network, batch_size))[name]
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    start = _memory("VmRSS")
    step()
    return _memory("VmHWM") - start


def _memory(field: str) -> int:
    (kilobytes,) = re.findall(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(kilobytes)
