"""Sweeps by a Dask cluster and by other backends of joblib: nothing is lost, nothing is made twice."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest
import torch

from mtlcore.__main__ import main
from mtlcore.experiments import EXPERIMENTS, Dask, Experiment, Local, Result, state, sweep
from mtlcore.experiments.engine.files import run_path
from mtlcore.experiments.engine.provenance import provenance
from mtlcore.experiments.engine.sweep import make_run

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

RUNS = 8
WORKER_THREADS = 3
"""Of torch, in the first two workers; no other process of the test has so many."""


def marked(folder: Path, seconds: float) -> Experiment:
    """An experiment whose runs leave a marker file when they start and another when they end."""

    def run(config: dict, device: str) -> Result:
        # The tests are not importable on a worker, so this function travels by value.
        import os
        import socket
        import time
        import uuid
        from pathlib import Path

        def mark(what: str) -> None:
            (Path(folder) / f"{what}-{config['seed']}-{os.getpid()}-{uuid.uuid4().hex}").touch()

        mark("start")
        time.sleep(seconds)
        mark("end")
        return Result({"pid": os.getpid(), "host": socket.gethostname()}, [{"epoch": 1}])

    return Experiment("marked", "", "", {"smoke": {"seed": list(range(RUNS))}}, run)


def marks(folder: Path, what: str) -> Counter:
    """How often each seed was started or ended."""
    return Counter(int(path.name.split("-")[1]) for path in folder.glob(f"{what}-*"))


@contextmanager
def two_workers():
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="module")
def cluster():
    with two_workers() as cluster:
        yield cluster


@pytest.fixture
def own_cluster():
    """For a test that kills workers."""
    with two_workers() as cluster:
        yield cluster


def test_dask_loses_nothing_and_makes_nothing_twice_when_a_worker_is_killed(own_cluster, tmp_path):
    markers, runs = tmp_path / "markers", tmp_path / "runs"
    markers.mkdir()
    experiment = marked(markers, seconds=0.5)
    killed: list[int] = []
    with distributed.Client(own_cluster, set_as_default=False) as client:
        client.run(torch.set_num_threads, WORKER_THREADS)
        first = set(client.run(os.getpid).values())

    class Killing(Dask):
        """Kills a worker when the first run is done and the next ones are under way."""

        def outcomes(self, calls):
            for outcome in super().outcomes(calls):
                if not killed:
                    deadline = time.monotonic() + 60
                    while len(marks(markers, "start")) < 3:
                        assert time.monotonic() < deadline
                        time.sleep(0.01)
                    newest = max(markers.glob("start-*"), key=lambda path: path.stat().st_mtime_ns)
                    killed.append(int(newest.name.split("-")[2]))
                    os.kill(killed[0], signal.SIGKILL)
                yield outcome

    report = sweep(
        experiment, "smoke", progress=False, folder=runs, backend=Killing(own_cluster.scheduler_address)
    )
    assert killed and (report.made, report.failed) == (RUNS, [])

    done = state(experiment, "smoke", runs).done
    assert len(done) == RUNS
    assert marks(markers, "end") == dict.fromkeys(range(RUNS), 1)  # each was finished once
    assert marks(markers, "start").total() == RUNS + 1  # one was lost on its way, and started again
    workers = {record["row"]["pid"] for record in done}
    assert killed[0] in first and first - set(killed) < workers
    assert os.getpid() not in workers
    assert {record["row"]["host"] for record in done} == {socket.gethostname()}
    for record in done:  # the worker that came in place of the killed one has its own number of threads
        assert (record["provenance"]["threads"] == WORKER_THREADS) == (record["row"]["pid"] in first)


def test_dask_takes_a_client_and_finds_what_is_there(cluster, tmp_path):
    experiment = marked(tmp_path, seconds=0)
    with distributed.Client(cluster, set_as_default=False) as client:
        assert sweep(experiment, "smoke", progress=False, folder=tmp_path, backend=Dask(client)).made == RUNS
        again = sweep(experiment, "smoke", progress=False, folder=tmp_path, backend=Dask(client))
        assert client.status == "running"
    assert (again.found, again.made) == (RUNS, 0)
    assert marks(tmp_path, "start") == dict.fromkeys(range(RUNS), 1)


def test_dask_reports_failed_runs_and_runs_that_end_their_workers(own_cluster, tmp_path):
    def run(config: dict, device: str) -> Result:
        import os
        import time

        if config["seed"] == 0:
            raise RuntimeError("no\nluck")
        if config["seed"] == 1:
            time.sleep(1)  # until the worker has started for good: Dask replaces no other
            os._exit(1)
        return Result({"value": 1})

    experiment = Experiment("failing", "", "", {"smoke": {"seed": [0, 1, 2]}}, run)
    report = sweep(
        experiment, "smoke", progress=False, folder=tmp_path, backend=Dask(own_cluster.scheduler_address)
    )
    reasons = {path.stem.split("-")[1]: reason for path, reason in report.failed}
    assert reasons["0"].startswith("RuntimeError: no luck")
    assert "several workers ended while they made it" in reasons["1"]
    assert report.made == 1


def test_dask_checks_the_device_on_the_workers(cluster, tmp_path):
    with pytest.raises(ValueError, match="the device 'nonsense' cannot be used"):
        sweep(
            *(marked(tmp_path, 0), "smoke"),
            device="nonsense",
            folder=tmp_path,
            backend=Dask(cluster.scheduler_address),
        )
    assert not list(tmp_path.iterdir())


def test_a_scheduler_that_does_not_answer_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setattr("mtlcore.experiments.engine.backends.CONNECT_SECONDS", 0.5)
    assert main(["run", "rlw-figure1", "--backend", "dask", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == "mtlcore: no Dask scheduler answers at 'tcp://127.0.0.1:1'\n"


def test_dask_on_the_command_line(cluster, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(EXPERIMENTS, "marked", marked(tmp_path, 0))
    arguments = ["run", "marked", "--preset", "smoke", "--runs", str(tmp_path / "runs")]
    assert main([*arguments, "--backend", "dask", "--scheduler", cluster.scheduler_address]) == 0
    assert capsys.readouterr().out == f"0 runs found, {RUNS} made, 0 failed\n"


def test_dask_that_is_not_installed_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["run", "rlw-figure1", "--backend", "dask", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert (
        capsys.readouterr().err
        == "mtlcore: the backend dask needs distributed: pip install 'mtlcore[dask]'\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--backend", "dask"], "needs --scheduler ADDRESS"),
        (["--backend", "dask", "--scheduler", "tcp://x:1", "--jobs", "2"], "has no --jobs"),
        (["--scheduler", "tcp://x:1"], "--scheduler goes with --backend dask"),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(capsys, options, words):
    assert main(["run", "rlw-figure1", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["threading", "multiprocessing", "dask"])
def test_local_uses_the_backend_that_joblib_is_told(cluster, tmp_path, backend):
    experiment = marked(tmp_path, seconds=0.01)
    if backend == "multiprocessing":
        experiment = EXPERIMENTS["slaw-table1"]  # plain pickle: a function of a module
    with distributed.Client(cluster), joblib.parallel_config(backend=backend):
        report = sweep(experiment, "smoke", jobs=2, progress=False, folder=tmp_path)
    assert not report.failed and report.made == len(experiment.configurations("smoke"))
    if backend == "dask":
        assert os.getpid() not in {r["row"]["pid"] for r in state(experiment, "smoke", tmp_path).done}


def test_jobs_and_backend_exclude_each_other(tmp_path):
    with pytest.raises(ValueError, match="give one of the two"):
        sweep(marked(tmp_path, 0), "smoke", jobs=2, backend=Local(2), folder=tmp_path)


def test_a_run_that_is_there_is_not_made_again_by_whoever_comes_next(tmp_path):
    experiment = marked(tmp_path, 0)
    config = experiment.configurations("smoke")[0]
    path = run_path(experiment, "smoke", config, tmp_path)
    assert make_run(experiment.run, config, path, "cpu") is None
    before = path.read_bytes()
    assert make_run(experiment.run, config, path, "cpu") is None
    assert marks(tmp_path, "start") == {0: 1} and path.read_bytes() == before
    path.write_bytes(before[:-9])
    assert make_run(experiment.run, config, path, "cpu") is None
    assert marks(tmp_path, "start") == {0: 2}


def test_a_run_whose_file_does_not_arrive_has_failed(tmp_path):
    class Elsewhere(Local):
        """A worker that writes to a disk of its own."""

        def outcomes(self, calls):
            for outcome in super().outcomes(calls):
                if outcome[0] == 1:
                    next(tmp_path.rglob("seed-1-*.json")).unlink()
                yield outcome

    report = sweep(marked(tmp_path, 0), "smoke", progress=False, folder=tmp_path, backend=Elsewhere())
    assert report.made == RUNS - 1
    assert "the folder of the runs must be shared" in report.failed[0][1]


def test_provenance_is_that_of_the_process_that_makes_the_run():
    threads = torch.get_num_threads() + 1
    script = (
        "import json, torch; from mtlcore.experiments.engine.provenance import provenance; "
        f"torch.set_num_threads({threads}); print(json.dumps(provenance('cpu')))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(other.stdout) == provenance("cpu") | {"threads": threads}
