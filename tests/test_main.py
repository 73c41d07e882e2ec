"""The command line: what it prints, its exit codes, and one line for whatever goes wrong."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from helpers import toy_experiment

from mtlcore.__main__ import main
from mtlcore.experiments import EXPERIMENTS, results
from mtlcore.experiments.engine import results as stored


@pytest.fixture(autouse=True)
def toy(tmp_path, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "toy", toy_experiment.experiment)
    monkeypatch.setenv("MTLCORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)


def refused(capsys, *arguments: str) -> str:
    """The one line that the command line answers with when it cannot do what was asked for."""
    try:
        status = main(arguments)
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert status == 2
    assert not printed.out
    assert printed.err.startswith("mtlcore") and printed.err.count("\n") == 1
    return printed.err


def test_help_names_every_command():
    command = [sys.executable, "-m", "mtlcore", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    commands = ("list", "run", "collate", "confirm", "migrate", "data", "bench", "colour")
    assert all(f"\n    {name} " in text for name in commands)


def test_run_list_collate(capsys, tmp_path, monkeypatch):
    assert main(["list"]) == 0
    assert "toy: Random numbers (nobody)\n  smoke       8 runs, 0 done\n" in capsys.readouterr().out
    assert main(["run", "toy", "--preset", "smoke"]) == 0
    assert capsys.readouterr().out == "0 runs found, 8 made, 0 failed\n"
    assert main(["run", "toy", "--preset", "smoke"]) == 0
    assert capsys.readouterr().out == "8 runs found, 0 made, 0 failed\n"
    assert main(["list"]) == 0
    assert "  smoke       8 runs, 8 done\n  laptop      2 runs, 0 done\n" in capsys.readouterr().out
    assert main(["collate", "--all", "--preset", "smoke", "--results", str(tmp_path)]) == 0
    assert "toy.curves.csv: 24 rows; 8 of 8 runs" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["toy.csv", "toy.curves.csv"]
    monkeypatch.setattr(stored, "results_folder", lambda: tmp_path)
    assert len(results("toy", "smoke")) == 8


def test_confirm_says_what_is_different_by_its_status(capsys, tmp_path, monkeypatch):
    for command in ("run", "collate"):
        options = ["--results", str(tmp_path)] if command == "collate" else []
        assert main([command, "toy", "--preset", "smoke", *options]) == 0
    monkeypatch.setattr(stored, "results_folder", lambda: tmp_path)
    capsys.readouterr()
    assert main(["confirm", "toy", "--runs", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("\n2 runs: 4 identical, 0 within rounding, 0 different\n")
    assert "smoke " in printed and "blas" in printed
    table = tmp_path / "toy.csv"
    table.write_text(table.read_text().replace(",10000000", ",20000000"))
    assert main(["confirm", "toy", "--runs", "8"]) == 1
    assert capsys.readouterr().out.endswith("\n8 runs: 8 identical, 0 within rounding, 8 different\n")


def test_the_runs_folder_can_be_named(tmp_path):
    assert main(["run", "toy", "--preset", "laptop", "--runs", "elsewhere"]) == 0
    assert len(list((tmp_path / "elsewhere" / "toy" / "laptop").glob("*.json"))) == 2
    assert not (tmp_path / "runs").exists()


def test_a_failed_run_gives_status_one_and_says_which_and_why(capsys, monkeypatch):
    monkeypatch.setenv("TOY_FAIL", "1")
    assert main(["run", "toy", "--preset", "laptop"]) == 1
    printed = capsys.readouterr().out
    assert "failed: seed-1-method-a-" in printed and "was told to fail" in printed
    assert printed.endswith("0 runs found, 1 made, 1 failed\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "rlw-figur1"), "no experiment called 'rlw-figur1'; nearest: rlw-figure1"),
        (("collate", "rlw-figur1"), "nearest: rlw-figure1"),
        (("run", "toy", "--preset", "labtop"), "no preset of toy called 'labtop'; nearest: laptop"),
        (("run", "toy", "--device", "gpu"), "the device 'gpu' cannot be used"),
        (("run", "toy", "--jobs", "0"), "jobs must be at least 1"),
        (("run", "toy", "--jobs", "two"), "invalid int value: 'two'"),
        (("confirm", "toi"), "no experiment called 'toi'; nearest: toy"),
        (("confirm", "toy"), "no table of results called 'toy'"),
        (("confirm", "toy", "--runs", "0"), "the number of runs must be at least 1, not 0"),
        (("collate",), "the name of an experiment, or --all"),
        (("collate", "toy", "--all"), "the name of an experiment, or --all"),
        (("collate", "toy", "--results", "nowhere"), "there is no folder nowhere"),
        (("collate", "toy", "--results", "."), "no finished run at preset laptop"),
        (("collate", "--all", "--results", "."), "no experiment has a finished run"),
        (("rnu", "toy"), "invalid choice: 'rnu'"),
        ((), "required: command"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_two(capsys, arguments, words):
    assert words in refused(capsys, *arguments)


def test_a_folder_that_cannot_be_written_is_one_line(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert "file" in refused(capsys, "run", "toy", "--runs", "file/below")


def test_an_interrupted_sweep_says_so(capsys, monkeypatch):
    def interrupt(config: dict, device: str):
        raise KeyboardInterrupt

    stopped = replace(toy_experiment.experiment, run=interrupt)
    monkeypatch.setitem(EXPERIMENTS, "toy", stopped)
    assert main(["run", "toy"]) == 130
    assert capsys.readouterr().err.endswith("mtlcore: stopped; finished runs are kept\n")


def test_data_shows_every_data_set(capsys):
    assert main(["data"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("digits", "multi-mnist", "multi-fashion-mnist"))


def test_colours_are_proposed_for_a_family(capsys: pytest.CaptureFixture) -> None:
    assert main(["colour", "gradients"]) == 0
    head, *pairs = capsys.readouterr().out.splitlines()
    assert head.split() == ["light", "dark"] and pairs
    assert all(re.fullmatch(r"#[0-9a-f]{6}  #[0-9a-f]{6}", pair) for pair in pairs)
    assert main(["colour", "gradient"]) == 2
    assert "no family called 'gradient'" in capsys.readouterr().err
