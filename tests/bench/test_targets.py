"""The performance budgets."""

from mtlcore import bench
from mtlcore.bench import targets
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


def test_the_targets_are_those_that_were_promised():
    limits = {(t.network, t.tasks, name, t.unit): t.limit for t in bench.TARGETS for name in t.methods}
    assert {limits["MLP", 128, name, "x"] for name in ("SLAW", "RLW", "UW", "DWA", "IMTLL")} == {1.05}
    assert limits["MLP", 128, "PCGrad(level='features')", "x"] == 2
    assert limits["MLP", 512, "MGDA(level='features')", "x"] == 4
    assert limits["MLP", 10, "RotoGrad", "x"] == limits["MLP", 128, "GradNorm", "x"] == 3
    exact = ("PCGrad", "CAGrad", "MGDA", "IMTLG")
    for tasks, limit in ((10, 4), (40, 10), (128, 25)):
        assert {limits["MLP", tasks, name, "x"] for name in exact} == {limit}
    assert {limits["LeNet", tasks, name, "x"] for name in exact for tasks in (10, 40)} == {None}
    assert limits["LeNet", 2, "SLGrad", "x"] == limits["LeNet", 10, "SLGrad", "x"] == 4.5
    assert limits["MLP", 10, "CosSim", "x"] == limits["MLP", 128, "OLAux", "x"] == 3.5
    assert limits["MLP", 128, "PCGrad", "GB"] == 1.5
    assert (targets.RULE_TASKS, targets.RULE_MS) == (128, 20)
