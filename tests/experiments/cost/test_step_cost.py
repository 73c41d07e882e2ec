"""The experiments on the cost of a step."""

from mtlcore import bench
from mtlcore.experiments import EXPERIMENTS, sweep


def test_one_run_is_one_row_and_a_missing_peer_says_why(smoke):
    rows, _ = smoke("step-cost")
    assert list(rows["method"]) == ["SLAW", "PCGrad by torchjd autojac"]
    assert {"seed", "seconds", "network", "tasks", "batch", "ratio", "skipped"} <= set(rows)
    ours, peer = rows.to_dict("records")
    assert ours["skipped"] == "" and ours["ratio"] > 0
    here = bench.libraries.installed("PCGrad by torchjd autojac")
    assert peer["skipped"] == ("" if here else "torchjd is not installed")
    assert (peer["ratio"] > 0) == here


def test_steps_that_share_the_machine_are_refused(tmp_path):
    report = sweep(EXPERIMENTS["step-cost"], "smoke", jobs=2, progress=False, folder=tmp_path)
    assert [error for _, error in report.failed if "--jobs 1" in error] == [e for _, e in report.failed]
    assert report.made == 0
