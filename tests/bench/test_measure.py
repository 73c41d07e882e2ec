"""What is measured of a step: a row with time, memory and passes, or the reason why not."""

import sys
from itertools import count
from pathlib import Path

import pytest

from mtlcore import bench
from mtlcore.bench.measure import free_share


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
    assert set(times["wall"]) == set(times["processor"]) == set("abc") and len(times) == 4
    turns = [tuple(taken[i : i + 3]) for i in range(0, 12, 3)]
    assert all(sorted(turn) == list("abc") for turn in turns) and len(set(turns)) > 1


def test_the_share_of_the_cores_is_processor_time_over_wall_time_and_threads():
    clocks = {"wall": count(step=3).__next__, "processor": count(step=2).__next__}
    assert free_share(1, clocks) == pytest.approx(2 / 3)
    assert free_share(2, clocks) == pytest.approx(1 / 3)
