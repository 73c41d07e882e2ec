"""The verdicts on the performance budgets, with a clock that the test sets."""

import time
from dataclasses import replace

import pandas as pd
import pytest
import torch

from mtlcore import bench
from mtlcore.__main__ import main
from mtlcore.bench import budget_check, targets


@pytest.mark.parametrize(
    ("measured", "limit", "expected"),
    [(2, 2, "within"), (3.8, 2, "over"), (4.2, 2, "far over"), (float("nan"), 2, ""), (3, float("nan"), "")],
)
def test_the_verdict(measured, limit, expected):
    assert budget_check.verdict(measured, limit) == expected


@pytest.fixture
def small(monkeypatch):
    """Three targets of LeNet, and a clock that is ours: times by step."""
    exact = targets.Target("exact", "LeNet", 2, 4, ("PCGrad", "MGDA"), 4, quick=("PCGrad",))
    against = replace(exact, what="peers", limit=None)
    memory = replace(exact, what="memory", limit=1.5, unit="GB", quick=None)
    monkeypatch.setattr(budget_check, "TARGETS", (exact, against, memory))
    monkeypatch.setattr(budget_check, "PEERS", ())
    monkeypatch.setattr(budget_check, "measure", lambda *place, **options: {"skipped": "", "peak_mb": 1200.0})
    monkeypatch.setattr(budget_check, "rule_times", lambda: {"MGDA": 25.0})
    times = {"Static": 1.0, "PCGrad": 7.6, "MGDA": 3.0}

    def race(steps, **options):
        mine = times.get("processor", times) if options.get("clock") is time.process_time else times
        return pd.DataFrame([{name: mine[name] for name in steps}] * 3)

    monkeypatch.setattr(budget_check, "race", race)
    return times


def test_the_quick_check_passes_below_twice_the_limit_and_fails_above(small, capsys, tmp_path):
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


def test_what_other_processes_take_is_no_failure(small, capsys, tmp_path):
    """Wall time far over the limit fails only where processor time is far over it, too."""
    small |= {"PCGrad": 40.0, "processor": {"Static": 1.0, "PCGrad": 7.9}}
    assert main(["bench", "--quick", "--out", str(tmp_path / "bench.csv")]) == 0
    rows = pd.read_csv(tmp_path / "bench.csv").set_index(["what", "method"])
    assert rows.loc[("exact", "PCGrad"), "verdict"] == budget_check.NOISY
    assert "again" not in rows
    small["processor"]["PCGrad"] = 8.1
    assert main(["bench", "--quick"]) == 1


def test_a_step_that_was_skipped_for_want_of_memory_is_far_over(small, monkeypatch):
    monkeypatch.setattr(
        budget_check, "measure", lambda *place, **options: {"skipped": "needs more than 8 GB"}
    )
    rows = budget_check.check(quick=True).set_index("what").loc["memory"]
    assert set(rows["verdict"]) == {"far over"} and set(rows["note"]) == {"needs more than 8 GB"}


def test_the_best_peer_of_the_same_rule_is_the_limit(small, monkeypatch):
    small |= {"PCGrad by A": 9.0, "PCGrad by B": 8.0}
    monkeypatch.setattr(budget_check, "PEERS", ("PCGrad by A", "PCGrad by B", "PCGrad by C"))
    monkeypatch.setattr(budget_check, "installed", lambda name: True)
    make = budget_check.make_step

    def made(name, on):
        return make(name, on) if " by " not in name else {"C": lambda: 1 / 0}.get(name[-1], lambda: {})

    monkeypatch.setattr(budget_check, "make_step", made)
    table = budget_check.check()
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
    assert not {"SLAW", "GradDrop", "MGDA(level='features')"} & times.keys()
    assert all(milliseconds > 0 for milliseconds in times.values())
