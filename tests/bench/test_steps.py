"""The bench does the work that it says, and judges as it says; how fast depends on the machine."""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from mtlcore import bench
from mtlcore.__main__ import main
from mtlcore.analysis.summary import exponent
from mtlcore.bench import budget_check as guard
from mtlcore.bench import targets
from mtlcore.experiments import EXPERIMENTS, sweep, tables

COSTS = [EXPERIMENTS["step-cost"], EXPERIMENTS["step-scaling"]]


def shared_gradient(name: str, network: str = "LeNet", tasks: int = 2, batch: int = 8) -> torch.Tensor:
    on = bench.problem(network, tasks, batch)
    bench.make_step(name, on)()
    return torch.cat([p.grad.flatten() for p in on.model.shared_parameters()])


# The steps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", bench.NETWORKS)
@pytest.mark.parametrize("name", [bench.BASELINE, bench.LOOP])
def test_equal_weights_do_the_work_of_plain_torch(network, name):
    ends = []
    for step in (bench.PLAIN, name):
        on = bench.problem(network, 3, 8)
        start = torch.nn.utils.parameters_to_vector(on.model.trunk.parameters()).detach().clone()
        bench.make_step(step, on)()
        gradients = [p.grad.flatten() for p in on.model.parameters()]
        moved = torch.nn.utils.parameters_to_vector(on.model.trunk.parameters()).detach() - start
        assert moved.norm() > 0
        ends.append(torch.cat(gradients[: -2 * 3]))
        assert all(gradient.norm() > 0 for gradient in gradients[-2 * 3 :])
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", bench.OURS)
def test_every_method_has_a_step_that_can_be_repeated(name):
    on = bench.problem("LeNet", 3, 8)
    step = bench.make_step(name, on)
    assert step()["forward"] >= 1
    step()
    assert all(torch.isfinite(p.grad).all() for p in on.model.shared_parameters())


def test_a_method_is_there_at_every_level_that_it_has():
    assert {"PCGrad", "PCGrad at features", "SLAW"} <= set(bench.OURS)
    assert "SLAW at features" not in bench.OURS
    with pytest.raises(ValueError, match="no step called 'SLAW at features'"):
        bench.make_step("SLAW at features", bench.problem("LeNet", 2, 4))


def test_the_same_seed_makes_the_same_problem_and_another_one_another():
    one, same, other = (bench.problem("LeNet", 2, 4, seed) for seed in (0, 0, 1))
    assert torch.equal(one.batch.inputs, same.batch.inputs)
    assert not torch.equal(one.batch.inputs, other.batch.inputs)
    assert not torch.equal(one.batch.inputs, one.validation.inputs)


# The peers ---------------------------------------------------------------------------------------


def needs(name: str) -> None:
    if not bench.peers.installed(name):
        pytest.skip(f"compares with {name.partition(' by ')[2]}, which is not installed")


@pytest.mark.parametrize("name", [n for n in bench.PEERS if n.split()[0] in ("PCGrad", "IMTLG", "MGDA")])
def test_a_peer_does_the_same_work(name):
    """Of two tasks PCGrad, like IMTL-G and MGDA, leaves nothing to chance."""
    needs(name)
    ours, theirs = shared_gradient(name.split()[0]), shared_gradient(name)
    torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("whose", ["torchjd autojac", "torchjd autogram"])
def test_a_peers_cagrad_points_the_same_way(whose):
    needs(f"CAGrad by {whose}")
    ours, theirs = shared_gradient("CAGrad"), shared_gradient(f"CAGrad by {whose}")
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.9999


@pytest.mark.parametrize("name", [n for n in bench.PEERS if n != "CAGrad by LibMTL"])
def test_a_peers_step_can_be_repeated_and_moves_the_heads_too(name):
    needs(name)
    on = bench.problem("LeNet", 3, 8)
    step = bench.make_step(name, on)
    step()
    step()
    gradients = [p.grad for p in on.model.parameters()]
    assert all(torch.isfinite(g).all() for g in gradients) and sum(g.norm() for g in gradients) > 0


def test_a_peer_that_is_not_here_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(bench.peers, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="torchjd is not installed"):
        bench.make_step("PCGrad by torchjd autojac", bench.problem("LeNet", 2, 4))


# One row -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def row():
    return bench.measure("LeNet", 2, 16, "SLAW", threads=1, seconds=0)


def test_a_row_has_everything(row):
    assert row["skipped"] == ""
    assert row["turns"] == 5
    assert 0 < row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
    assert row["ms"] > 0 and row["static_ms"] > 0
    assert (row["forward"], row["backward"], row["forward_mode"]) == (1, 1, 0)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads the peak memory from /proc")
def test_the_peak_memory_holds_the_gradients(row):
    parameters = bench.problem("LeNet", 2, 16).model.parameters()
    assert row["peak_mb"] > sum(p.numel() for p in parameters) * 4 / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_step_that_needs_too_much_memory_is_skipped_and_says_so():
    row = bench.measure("MLP", 20, 8, "GradDrop", threads=1, seconds=0, memory_gb=0.25)
    assert row == {"skipped": "needs more than 0.25 GB"}


def test_a_step_that_takes_too_long_is_skipped_and_says_so():
    row = bench.measure("LeNet", 40, 512, bench.LOOP, threads=1, step_seconds=0.01)
    assert row == {"skipped": "a step takes more than 0.01 s"}


def test_a_step_of_ours_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match="Nothing, LeNet, 2 tasks, batch 4: ValueError: there is no step"):
        bench.measure("LeNet", 2, 4, "Nothing")


def test_steps_take_turns_in_changing_order():
    taken = []
    steps = {name: lambda name=name: taken.append(name) for name in "abc"}
    times = bench.race(steps, seconds=0, turns=4)
    assert set(times.columns) == set("abc") and len(times) == 4
    turns = [tuple(taken[i : i + 3]) for i in range(0, 12, 3)]
    assert all(sorted(turn) == list("abc") for turn in turns) and len(set(turns)) > 1


# The experiments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("experiment", COSTS, ids=lambda e: e.name)
def test_no_row_is_declared_twice(experiment):
    for preset in experiment.presets:
        declared = [tuple(config.items()) for config in experiment.configurations(preset)]
        assert len(set(declared)) == len(declared)


def test_one_run_is_one_row_and_a_missing_peer_says_why(tmp_path):
    experiment = COSTS[0]
    report = sweep(experiment, "smoke", progress=False, folder=tmp_path)
    assert (report.made, report.failed) == (2, [])
    rows, _ = tables(experiment, "smoke", tmp_path)
    assert list(rows["method"]) == ["SLAW", "PCGrad by torchjd autojac"]
    assert {"seed", "seconds", "network", "tasks", "batch", "ratio", "skipped"} <= set(rows)
    ours, peer = rows.to_dict("records")
    assert ours["skipped"] == "" and ours["ratio"] > 0
    here = bench.peers.installed("PCGrad by torchjd autojac")
    assert peer["skipped"] == ("" if here else "torchjd is not installed")
    assert (peer["ratio"] > 0) == here


def test_steps_that_share_the_machine_are_refused(tmp_path):
    report = sweep(COSTS[0], "smoke", jobs=2, progress=False, folder=tmp_path)
    assert [error for _, error in report.failed if "--jobs 1" in error] == [e for _, e in report.failed]
    assert report.made == 0


@pytest.mark.parametrize("power", [0, 1, 1.5])
def test_the_exponent_of_a_power_law_is_exact(power):
    sizes = [2**k for k in range(1, 9)]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_the_exponent_is_that_of_the_upper_half_of_what_is_known():
    sizes, nothing = [1, 2, 4, 8, 16, 32], float("nan")
    assert exponent(sizes, [7, 7, 1, 2, nothing, nothing]) == pytest.approx(1)
    assert exponent(sizes[::-1], [nothing, nothing, 2, 1, 7, 7]) == pytest.approx(1)
    assert exponent([2, 4], [1, nothing]) != exponent([2, 4], [1, nothing])  # NaN


# The targets -------------------------------------------------------------------------------------


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
    assert limits["MLP", 128, "PCGrad at features", "x"] == 2
    assert limits["MLP", 512, "MGDA at features", "x"] == 4
    assert limits["MLP", 10, "RotoGrad", "x"] == limits["MLP", 128, "GradNorm", "x"] == 3
    exact = ("PCGrad", "CAGrad", "MGDA", "IMTLG")
    for tasks, limit in ((10, 4), (40, 10), (128, 25)):
        assert {limits["MLP", tasks, name, "x"] for name in exact} == {limit}
    assert {limits["LeNet", tasks, name, "x"] for name in exact for tasks in (10, 40)} == {None}
    assert limits["LeNet", 2, "SLGrad", "x"] == limits["LeNet", 10, "SLGrad", "x"] == 4.5
    assert limits["MLP", 10, "CosSim", "x"] == limits["MLP", 128, "OLAux", "x"] == 3.5
    assert limits["MLP", 128, "PCGrad", "GB"] == 1.5
    assert (targets.RULE_TASKS, targets.RULE_MS) == (128, 20)


@pytest.mark.parametrize(
    ("measured", "limit", "expected"),
    [(2, 2, "within"), (3.8, 2, "over"), (4.2, 2, "far over"), (float("nan"), 2, ""), (3, float("nan"), "")],
)
def test_the_verdict(measured, limit, expected):
    assert guard.verdict(measured, limit) == expected


@pytest.fixture
def small(monkeypatch):
    """Three targets of LeNet, and a clock that is ours: times by step."""
    exact = targets.Target("exact", "LeNet", 2, 4, ("PCGrad", "MGDA"), 4, quick=("PCGrad",))
    against = replace(exact, what="peers", limit=None)
    memory = replace(exact, what="memory", limit=1.5, unit="GB", quick=None)
    monkeypatch.setattr(guard, "TARGETS", (exact, against, memory))
    monkeypatch.setattr(guard, "PEERS", ())
    monkeypatch.setattr(guard, "measure", lambda *place, **options: {"skipped": "", "peak_mb": 1200.0})
    monkeypatch.setattr(guard, "rule_times", lambda: {"MGDA": 25.0})
    times = {"Static": 1.0, "PCGrad": 7.6, "MGDA": 3.0}

    def race(steps, **options):
        return pd.DataFrame([{name: times[name] for name in steps}] * 3)

    monkeypatch.setattr(guard, "race", race)
    return times


def test_the_quick_guard_passes_below_twice_the_limit_and_fails_above(small, capsys, tmp_path):
    before = torch.get_num_threads()
    assert main(["bench", "--quick", "--out", str(tmp_path / "bench.csv")]) == 0
    assert torch.get_num_threads() == before
    rows = pd.read_csv(tmp_path / "bench.csv").set_index(["what", "method"])
    assert rows["measured"].to_dict() == {
        ("exact", "PCGrad"): 7.6,
        ("memory", "PCGrad"): 1.2,
        ("memory", "MGDA"): 1.2,
        ("the rule alone", "MGDA"): 25,
    }
    assert list(rows["verdict"]) == ["over", "within", "within", "over"]
    small["PCGrad"] = 8.4
    assert main(["bench", "--quick"]) == 1
    assert "far over" in capsys.readouterr().out
    assert main(["bench"]) == 0


def test_a_step_that_was_skipped_for_want_of_memory_is_far_over(small, monkeypatch):
    monkeypatch.setattr(guard, "measure", lambda *place, **options: {"skipped": "needs more than 8 GB"})
    rows = guard.check(quick=True).set_index("what").loc["memory"]
    assert set(rows["verdict"]) == {"far over"} and set(rows["note"]) == {"needs more than 8 GB"}


def test_the_best_peer_of_the_same_rule_is_the_limit(small, monkeypatch):
    small |= {"PCGrad by A": 9.0, "PCGrad by B": 8.0}
    monkeypatch.setattr(guard, "PEERS", ("PCGrad by A", "PCGrad by B", "PCGrad by C"))
    monkeypatch.setattr(guard, "installed", lambda name: True)
    make = guard.make_step

    def made(name, on):
        return make(name, on) if " by " not in name else {"C": lambda: 1 / 0}.get(name[-1], lambda: {})

    monkeypatch.setattr(guard, "make_step", made)
    table = guard.check()
    rows = table[table["what"] == "peers"].set_index("method")
    assert rows.loc["PCGrad", "limit"] == 8 and rows.loc["PCGrad", "verdict"] == "within"
    assert rows.loc["PCGrad by A", "measured"] == 9 and rows.loc["PCGrad by A", "verdict"] == ""
    assert rows.loc["PCGrad by C", "note"].startswith("ZeroDivisionError")
    assert rows.loc["MGDA", "verdict"] == ""  # no peer has it


def test_every_rule_on_gramians_is_timed_alone():
    before = torch.get_num_threads()
    times = bench.rule_times(tasks=8, repeats=1)
    assert torch.get_num_threads() == before
    assert {"MGDA", "PCGrad", "CAGrad", "IMTLG", "GradVac"} <= times.keys()
    assert not {"SLAW", "GradDrop", "MGDA at features"} & times.keys()
    assert all(milliseconds > 0 for milliseconds in times.values())
