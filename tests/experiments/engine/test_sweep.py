"""A run is a file: whole or not there, never made twice, kept when the process is killed."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from helpers import toy_experiment
from helpers.toy_runs import RUNS, TOY, toy_sweep

import mtlcore
from mtlcore.experiments import Result, collate, state, sweep, tables
from mtlcore.experiments.engine.files import run_id, run_path


def command(folder: Path, *, jobs: int = 2, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [
            *(sys.executable, toy_experiment.__file__, "run", "toy", "--preset", "smoke"),
            *("--jobs", str(jobs), "--runs", str(folder)),
        ],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def test_a_run_is_named_by_its_configuration_and_not_by_the_order_of_its_keys():
    config = TOY.configurations("smoke")[1]
    assert run_id(config) == run_id(dict(reversed(config.items())))
    assert run_id(config) != run_id(config | {"scale": 1 / 3 + 1e-16})
    path = run_path(TOY, "smoke", config, "here")
    assert str(path) == f"here/toy/smoke/seed-0-method-b-b-{run_id(config)}.json"


def test_a_run_file_says_how_it_was_made(tmp_path):
    toy_sweep(tmp_path)
    record = json.loads(files(tmp_path)[0].read_text())
    assert record["config"] in TOY.configurations("smoke")
    assert [point["epoch"] for point in record["curve"]] == [1, 2, 3]
    assert record["row"]["final_loss"] == record["curve"][-1]["loss"]
    made = record["provenance"]
    assert made["torch"] == torch.__version__ and made["mtlcore"] == mtlcore.__version__
    assert made["device"].startswith("cpu") and made["threads"] >= 1 and made["seconds"] >= 0
    assert pd.Timestamp(made["finished"]).tzinfo is not None


def test_a_second_sweep_makes_nothing(tmp_path):
    first = toy_sweep(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in files(tmp_path)}
    second = toy_sweep(tmp_path)
    assert (first.found, first.made) == (0, RUNS)
    assert (second.found, second.made) == (RUNS, 0)
    assert {path: path.stat().st_mtime_ns for path in files(tmp_path)} == times


def test_a_changed_configuration_is_a_new_run(tmp_path):
    toy_sweep(tmp_path)
    grid = {"smoke": dict(TOY.presets["smoke"], epochs=4)}
    longer = replace(TOY, presets=grid)
    assert sweep(longer, "smoke", progress=False, folder=tmp_path).made == RUNS


def test_the_folder_is_the_argument_or_the_environment_or_dot_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTLCORE_RUNS", str(tmp_path / "named"))
    toy_sweep(None)
    assert len(files(tmp_path / "named")) == RUNS
    monkeypatch.delenv("MTLCORE_RUNS")
    toy_sweep(None)
    assert len(files(tmp_path / ".runs")) == RUNS


def test_a_sweep_leaves_the_threads_of_the_caller_alone(tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        toy_sweep(tmp_path)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_kill_9_loses_only_what_was_in_flight(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert command(whole, TOY_SECONDS="0").wait(120) == 0

    sweep_process = command(killed, TOY_SECONDS="0.4")
    deadline = time.monotonic() + 120
    while not files(killed):
        assert sweep_process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(sweep_process.pid, signal.SIGKILL)
    sweep_process.wait(30)
    finished = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files(killed)}
    assert 0 < len(finished) < RUNS
    assert len(state(TOY, "smoke", killed).done) == len(finished)  # each of them is whole

    temporary = killed / "toy" / "smoke" / ".half.json.1.tmp"
    temporary.write_text('{"config":')
    os.utime(temporary, (0, 0))  # of another machine: its age decides

    resumed = command(killed, TOY_SECONDS="0")
    assert f"{len(finished)} runs found, {RUNS - len(finished)} made" in resumed.communicate()[0]
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in finished} == finished
    assert not list(killed.rglob("*.tmp"))
    assert [p.name for p in files(killed)] == [p.name for p in files(whole)]
    for one, other in zip(files(killed), files(whole), strict=True):
        one, other = json.loads(one.read_text()), json.loads(other.read_text())
        assert all(one[part] == other[part] for part in ("config", "row", "curve"))


# A sweep whose first write takes long.
WRITING = """
import os, sys, time
from pathlib import Path
from helpers.toy_runs import toy_sweep
from mtlcore.experiments.engine import sweep

write = sweep.write_atomically

def slowly(path, text):
    os.fsync = lambda descriptor: time.sleep(60)
    write(path, text)

sweep.write_atomically = slowly
toy_sweep(Path(sys.argv[1]))
"""


def test_what_a_killed_sweep_left_is_deleted_at_once_and_what_a_living_one_writes_is_not(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob(".seed-0-*.tmp")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    (temporary,) = tmp_path.rglob(".seed-0-*.tmp")
    os.utime(temporary, (0, 0))  # however long the write takes
    assert toy_sweep(tmp_path).made == RUNS
    assert temporary.exists()
    process.kill()
    process.wait(30)
    os.utime(temporary)
    assert toy_sweep(tmp_path).found == RUNS
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_temporary_file_that_is_gone_before_it_is_looked_at_is_no_error(tmp_path, monkeypatch):
    folder = tmp_path / "toy" / "smoke"
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [folder / ".finished.json.1.tmp"])
    assert toy_sweep(tmp_path).made == RUNS


def test_a_young_temporary_file_may_belong_to_another_sweep(tmp_path):
    temporary = tmp_path / "toy" / "smoke" / ".half.json.1.tmp"
    temporary.parent.mkdir(parents=True)
    temporary.write_text("{")
    toy_sweep(tmp_path)
    assert temporary.exists()


def test_a_failed_run_is_reported_leaves_no_file_and_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FAIL", "1")
    report = toy_sweep(tmp_path)
    assert (report.made, len(report.failed)) == (RUNS - 2, 2)
    assert len(list(tmp_path.rglob("*.*"))) == RUNS - 2
    assert "failed: seed-1-method-a-" in str(report)
    assert "RuntimeError: seed 1 was told to fail (toy_experiment.py:" in str(report)
    monkeypatch.delenv("TOY_FAIL")
    assert toy_sweep(tmp_path).made == 2


def test_a_job_that_dies_is_one_sentence_and_the_rest_is_kept(tmp_path):
    def die(config: dict, device: str) -> Result:
        os._exit(1)

    deadly = replace(TOY, run=die)
    with pytest.raises(ChildProcessError, match="finished runs are kept"):
        sweep(deadly, "smoke", jobs=2, progress=False, folder=tmp_path)
    assert not files(tmp_path)


def test_a_row_that_repeats_a_column_fails(tmp_path):
    clash = replace(TOY, run=lambda config, device: Result({"seed": 1}))
    report = sweep(clash, "laptop", progress=False, folder=tmp_path)
    assert "repeats the columns ['seed']" in report.failed[0][1]


@pytest.mark.parametrize("damage", ["truncated", "empty", "another configuration", "no row"])
def test_an_unreadable_run_file_is_reported_and_made_again(tmp_path, damage):
    toy_sweep(tmp_path)
    path = files(tmp_path)[3]
    good = json.loads(path.read_text())
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no row":
        path.write_text(json.dumps({key: good[key] for key in good if key != "row"}))
    else:
        path.write_text(json.dumps(good | {"config": good["config"] | {"epochs": 4}}))
    report = toy_sweep(tmp_path)
    assert (report.found, report.made, report.unreadable) == (RUNS - 1, 1, [path])
    assert f"unreadable, so run again: {path}" in str(report)
    assert json.loads(path.read_text())["row"] == good["row"]


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_said_before_anything_runs(tmp_path, device):
    with pytest.raises(ValueError, match=f"the device '{device}' cannot be used"):
        toy_sweep(tmp_path, device=device)
    assert not files(tmp_path)


def told_to_compute(config: dict, device: str) -> Result:
    raise AssertionError("a configuration was computed")


COMPUTING = replace(TOY, run=told_to_compute)


def test_a_run_folder_in_a_missing_folder_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"cannot make the run folder .*runs: there is no folder .*no$"
    ):
        sweep(COMPUTING, "smoke", progress=False, folder=tmp_path / "no" / "runs")
    assert not list(tmp_path.iterdir())


def test_a_run_folder_that_is_a_file_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(OSError, match=r"cannot write run files into .*runs/toy/smoke"):
        sweep(COMPUTING, "smoke", progress=False, folder=tmp_path / "runs")


def raising(reason):
    def refuse(*_, **__):
        raise OSError(reason, os.strerror(reason))

    return refuse


@pytest.mark.parametrize("reason", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_run_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, monkeypatch, reason):
    monkeypatch.setattr(tempfile, "TemporaryFile", raising(reason))
    with pytest.raises(OSError, match=rf"into .*smoke \({os.strerror(reason)}\): make room") as caught:
        sweep(COMPUTING, "smoke", progress=False, folder=tmp_path)
    assert type(caught.value) is type(OSError(reason, ""))


def test_finished_runs_are_read_where_nothing_can_be_written(tmp_path, monkeypatch):
    toy_sweep(tmp_path)
    monkeypatch.setattr(tempfile, "TemporaryFile", raising(errno.EROFS))
    assert toy_sweep(tmp_path).found == RUNS


def test_a_disk_that_is_full_stops_runs_before_they_compute(tmp_path, monkeypatch):
    """The first run fills the disk."""
    began = []

    def fill(config, device):
        began.append(config)
        monkeypatch.setattr(os, "fsync", raising(errno.ENOSPC))
        return Result({"loss": 1.0})

    report = sweep(replace(TOY, run=fill), "smoke", progress=False, folder=tmp_path)
    assert len(began) == 1 and len(report.failed) == RUNS and not files(tmp_path)
    first, second = (reason for _, reason in report.failed[:2])
    assert re.search(
        r"cannot write .*/seed-0-method-a-.*\.json \(No space left on device\): make room", first
    )
    assert re.search(r"cannot write run files into .*smoke \(No space left on device\)", second)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot write run files into"):
        sweep(COMPUTING, "smoke", progress=False, folder=tmp_path)


def test_jobs_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="jobs must be at least 1"):
        toy_sweep(tmp_path, jobs=0)


def test_collate_writes_what_the_runs_hold_in_the_order_of_the_grid(tmp_path):
    toy_sweep(tmp_path)
    said = collate(TOY, "smoke", tmp_path, tmp_path)
    assert said[0].endswith("toy.csv: 8 rows; 8 of 8 runs of preset smoke")
    rows, curves = tables(TOY, "smoke", tmp_path)
    stored_rows = pd.read_csv(tmp_path / "toy.csv")
    assert list(stored_rows.columns) == list(rows.columns)
    assert list(stored_rows["seed"]) == [0, 0, 1, 1, 2, 2, 10, 10]
    assert stored_rows["final_loss"].tolist() == pytest.approx(rows["final_loss"].tolist(), rel=1e-5)
    assert list(stored_rows["large"]) == list(rows["large"])  # whole numbers keep every digit
    stored_curves = pd.read_csv(tmp_path / "toy.curves.csv")
    assert list(stored_curves.columns) == ["preset", "run", "seed", "method", "epoch", "loss"]
    assert len(stored_curves) == len(curves) == 3 * RUNS
    assert list(stored_curves["epoch"][:4]) == [1, 2, 3, 1]


def test_collate_again_changes_no_byte(tmp_path):
    toy_sweep(tmp_path)
    collate(TOY, "smoke", tmp_path, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.csv")}
    collate(TOY, "smoke", tmp_path, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.glob("*.csv")} == before


def test_collate_keeps_other_presets_and_runs_that_are_elsewhere(tmp_path):
    toy_sweep(tmp_path / "one")
    toy_sweep(tmp_path / "one", "laptop")
    collate(TOY, "laptop", tmp_path / "one", tmp_path)
    collate(TOY, "smoke", tmp_path / "one", tmp_path)
    everything = pd.read_csv(tmp_path / "toy.csv", dtype=str)
    assert list(everything["preset"]) == ["smoke"] * RUNS + ["laptop"] * 2

    toy_sweep(tmp_path / "two")
    lost = files(tmp_path / "two")[0]
    lost.unlink()
    collate(TOY, "smoke", tmp_path / "two", tmp_path)
    again = pd.read_csv(tmp_path / "toy.csv", dtype=str)
    assert list(again["run"]) == list(everything["run"])
    kept = again["run"] == lost.stem[-12:]
    pd.testing.assert_frame_equal(again[kept], everything[kept])


def test_collate_drops_what_is_no_longer_declared_and_says_so(tmp_path):
    toy_sweep(tmp_path)
    toy_sweep(tmp_path, "laptop")
    collate(TOY, "smoke", tmp_path, tmp_path)
    collate(TOY, "laptop", tmp_path, tmp_path)
    grid = dict(TOY.presets, smoke=dict(TOY.presets["smoke"], seed=[0]))
    fewer = replace(TOY, presets=grid)
    said = collate(fewer, "smoke", tmp_path, tmp_path)
    assert "2 of 2 runs of preset smoke; dropped 6 rows that it no longer declares" in said[0]
    assert list(pd.read_csv(tmp_path / "toy.csv")["preset"]) == ["smoke"] * 2 + ["laptop"] * 2


def test_collate_needs_runs_and_a_folder(tmp_path):
    with pytest.raises(ValueError, match="no finished run at preset smoke: python -m mtlcore run"):
        collate(TOY, "smoke", tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="there is no folder"):
        collate(TOY, "smoke", tmp_path, tmp_path / "nowhere")
