"""The performance budgets."""

from mtlcore import bench
from mtlcore.experiments import EXPERIMENTS

COSTS = [EXPERIMENTS["step-cost"], EXPERIMENTS["step-scaling"]]


def test_every_target_is_a_row_of_an_experiment():
    rows = {
        (c["network"], c["tasks"], c["batch"], c["method"])
        for experiment in COSTS
        for c in experiment.configurations("laptop")
    }
    aimed = {(t.network, t.tasks, t.batch, name) for t in bench.TARGETS for name in t.methods}
    assert aimed and aimed <= rows
    assert all(set(t.quick or ()) <= set(t.methods) for t in bench.TARGETS)
