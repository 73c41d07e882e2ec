"""Time and memory of a training step, relative to equal weighting in the same run.

A *step* is one training step on a network with random data; its name is that of a method, such as
``"PCGrad(level='features')"``, of another library's method (a *peer*), such as ``"PCGrad by LibMTL"``, or of
a step in plain PyTorch.
"""

from mtlcore.bench.budget_check import FAR_OVER, check, rule_shares, verdict
from mtlcore.bench.libraries import PEERS
from mtlcore.bench.measure import measure, race
from mtlcore.bench.problem import NETWORKS, Network, Problem, problem
from mtlcore.bench.steps import BASELINE, LOOP, OURS, PLAIN, fill_shared, make_step, one_by_one
from mtlcore.bench.targets import TARGETS, Target

__all__ = [
    "BASELINE",
    "FAR_OVER",
    "LOOP",
    "NETWORKS",
    "OURS",
    "PEERS",
    "PLAIN",
    "TARGETS",
    "Network",
    "Problem",
    "Target",
    "check",
    "fill_shared",
    "make_step",
    "measure",
    "one_by_one",
    "problem",
    "race",
    "rule_shares",
    "verdict",
]
