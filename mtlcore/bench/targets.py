"""Performance budgets per method."""

from dataclasses import dataclass
from typing import Literal

from mtlcore.bench.steps import BASELINE, OURS, PLAIN

UPGRAD = "UPGrad(level='features')"
AT_FEATURES = tuple(name for name in OURS if "level='features'" in name and name != UPGRAD)
EXACT = ("PCGrad", "CAGrad", "MGDA", "IMTLG")


@dataclass(frozen=True)
class Target:
    """A limit on the time or memory of a step, for some methods and one problem.

    Parameters
    ----------
    what : str
        A label for the table.
    network : str
        A key of :data:`mtlcore.bench.NETWORKS`.
    tasks : int
        Number of tasks.
    batch : int
        Number of samples of a mini-batch.
    methods : tuple of str
        Names of steps.
    limit : float or None
        Largest value, in ``unit``. ``None`` for the time of the fastest library with the same method, in the
        same run.
    unit : {"x", "GB"}, default "x"
        Time relative to the baseline, or peak memory.
    quick : tuple of str, optional
        The methods that the quick check measures; by default all.
    baseline : str, default "Static"
        The step that times are relative to: equal weighting, or the same in plain PyTorch.
    """

    what: str
    network: str
    tasks: int
    batch: int
    methods: tuple[str, ...]
    limit: float | None
    unit: Literal["x", "GB"] = "x"
    quick: tuple[str, ...] | None = None
    baseline: str = BASELINE


TARGETS = (
    Target("against plain torch", "LeNet", 2, 128, (BASELINE,), 1.05, baseline=PLAIN),
    Target("weights from losses", "MLP", 128, 512, ("SLAW", "RLW", "UW", "DWA", "IMTLL", "STCH"), 1.05),
    Target("one forward pass more", "MLP", 128, 512, ("FAMO",), 2),
    Target("at feature level", "MLP", 128, 512, AT_FEATURES, 2),
    Target("at feature level, with a program for each task", "MLP", 128, 512, (UPGRAD,), 4),
    Target("at feature level", "MLP", 512, 512, ("MGDA(level='features')",), 4),
    Target("rotations", "MLP", 10, 512, ("RotoGrad",), 3),
    Target("norms on the last shared layer", "MLP", 128, 512, ("GradNorm",), 3),
    Target("exact, all shared parameters", "MLP", 10, 512, EXACT, 4),
    Target("exact, all shared parameters", "MLP", 40, 512, EXACT, 10, quick=EXACT[:1]),
    Target("exact, all shared parameters", "MLP", 128, 512, EXACT, 25, quick=EXACT[:1]),
    *(Target("exact, against peers", "LeNet", tasks, 128, EXACT, None) for tasks in (10, 40)),
    *(
        Target("sample weights", "LeNet", tasks, batch, ("SLGrad",), 4.5)
        for tasks in (2, 10)
        for batch in (32, 128, 512)
    ),
    *(Target("one direction", "MLP", tasks, 512, ("CosSim", "OLAux"), 3.5) for tasks in (10, 128)),
    Target("exact Gramian", "MLP", 128, 512, ("PCGrad",), 1.5, unit="GB"),
)

RULE_CASE, RULE_SHARE = ("MLP", 128, 512), 0.2
"""Network, tasks and batch, and the longest time of a rule alone, relative to a step of equal weights."""

RULE_SHARES = {"UPGrad": 4.0}
"""The same for rules that need more: UPGrad solves a quadratic program for each task."""
