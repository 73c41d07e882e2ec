"""Time and memory of a training step, as ratios to equal weighting in the same run."""

import multiprocessing
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from mtlcore.batch import Batch
from mtlcore.methods import RGW, RLW, SLAW, Method, Static
from mtlcore.metrics import Task
from mtlcore.models import lenet, mlp
from mtlcore.signals import Signals

Step = Callable[[], object]

BASELINE = "equal weighting in plain torch"
LIMITS = {"RLW": 1.05, "SLAW": 1.05, "RGW": 1.05, "feature Gramian": 1.5, "alignment": 1.5}
MEMORY_LIMIT = 2.0


def steps(network: str, batch_size: int) -> dict[str, Step]:
    """The steps that are timed on one network and one batch of random numbers, by name.

    `network` is "LeNet" (2 tasks) or "MLP" (2048-2000-100, 128 one-layer heads; SLAW's paper,
    efficiency experiment). A step sets the gradients and lets SGD use them; "alignment" is the inner
    product of every sample's gradient with one direction, and nothing else.
    """
    torch.manual_seed(0)
    if network == "LeNet":
        model, shape, heads, classes = lenet(), (1, 36, 36), 2, 10
    else:
        model, shape, heads, classes = mlp((2048, 2000, 100), (2,) * 128), (2048,), 128, 2
    tasks = [Task.classification(f"task {t}") for t in range(heads)]
    targets = tuple(torch.randint(classes, (batch_size,)) for _ in tasks)
    batch = Batch(torch.rand(batch_size, *shape), targets)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    direction = torch.randn(sum(p.numel() for p in model.parameters()))

    def plain() -> None:
        optimizer.zero_grad()
        losses = map(F.cross_entropy, model(batch.inputs), targets)
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
        signals.backward(torch.full((heads,), 1 / heads))
        optimizer.step()

    def alignment() -> None:
        Signals(model, batch, tasks).alignment(direction, of="samples")

    return {
        BASELINE: plain,
        "Static": balanced(Static()),
        "RLW": balanced(RLW()),
        "SLAW": balanced(SLAW()),
        "RGW": balanced(RGW()),
        "feature Gramian": gramian,
        "alignment": alignment,
    }


def measure(quick: bool = False, threads: int = 2) -> pd.DataFrame:
    """Time and memory of the steps, one row each: ratio to equal weighting, limit and verdict.

    The steps of a problem take turns after a warm-up; the ratio is the median over the turns of the
    ratio within a turn, so that a machine that slows down half-way slows both sides. The peak
    memory, above what network and batch hold, is that of a fresh process, and measured on Linux
    only. `quick` takes small batches and few turns: it shows that everything works, and no speed.
    """
    methods = ["Static", "RLW", "SLAW", "RGW"]
    turns, sizes = (3, (16, 16)) if quick else (40, (128, 512))
    plan = [
        ("MLP", sizes[1], [*methods, "feature Gramian"]),
        ("LeNet", sizes[0], [*methods, "alignment"]),
        ("LeNet", sizes[1], [*methods, "alignment"]),
    ]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        rows = []
        for network, batch_size, names in tqdm(plan, desc="bench"):
            times = _take_turns(network, batch_size, [BASELINE, *names], turns)
            for name in names:
                ratio = float((times[name] / times[BASELINE]).median())
                milliseconds = 1000 * float(times[name].median())
                limit = LIMITS.get(name)
                rows.append((network, batch_size, name, "time", milliseconds, "ms", ratio, limit))
            if "alignment" in names:
                peak, usual = (_peak(network, batch_size, n, threads) for n in ("alignment", BASELINE))
                rows.append((network, batch_size, "alignment", "memory", peak, "MB", peak / usual, 2))
    finally:
        torch.set_num_threads(before)
    columns = ["network", "batch", "step", "what", "value", "unit", "ratio", "limit"]
    frame = pd.DataFrame(rows, columns=columns)
    ...
    return frame
