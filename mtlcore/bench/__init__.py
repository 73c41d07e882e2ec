"""Time and memory of a training step, as ratios to equal weighting in the same run."""

from mtlcore.bench.budget_check import FAR_OVER, check, rule_times, verdict
from mtlcore.bench.measure import measure, race
from mtlcore.bench.peers import PEERS
from mtlcore.bench.steps import (
    BASELINE,
    LOOP,
    NETWORKS,
    OURS,
    PLAIN,
    Problem,
    fill_shared,
    make_step,
    one_by_one,
    problem,
)
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
    "Problem",
    "Target",
    "check",
    "fill_shared",
    "make_step",
    "measure",
    "one_by_one",
    "problem",
    "race",
    "rule_times",
    "verdict",
]
