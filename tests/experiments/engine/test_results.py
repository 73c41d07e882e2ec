"""Stored results: found, read, and named when they are missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.toy_runs import RUNS, TOY, toy_sweep

import mtlcore
from mtlcore.experiments import collate, results
from mtlcore.experiments.engine import results as stored


@pytest.fixture
def stored_toy(tmp_path, monkeypatch):
    toy_sweep(tmp_path)
    toy_sweep(tmp_path, "laptop")
    collate(TOY, "smoke", tmp_path, tmp_path)
    collate(TOY, "laptop", tmp_path, tmp_path)
    monkeypatch.setattr(stored, "results_folder", lambda: tmp_path)


def test_results_reads_a_table_and_one_preset_of_it(stored_toy):
    assert len(results("toy")) == RUNS + 2
    assert set(results("toy", "laptop")["preset"]) == {"laptop"}
    assert len(results("toy.curves", preset="smoke")) == 3 * RUNS


def test_results_that_are_not_there_say_the_nearest_names_and_the_commands(stored_toy):
    with pytest.raises(ValueError, match=r"called 'tou'; nearest: toy.*python -m mtlcore run"):
        results("tou")
    with pytest.raises(ValueError, match=r"it has smoke, laptop.*run toy --preset paper"):
        results("toy.curves", preset="paper")


@pytest.mark.parametrize("place", ["mtlcore/results", "book/results"])
def test_results_are_found_in_a_wheel_and_in_a_checkout(tmp_path, place):
    package = Path(mtlcore.__file__).parent
    shutil.copytree(package, tmp_path / "mtlcore", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "one.csv").write_text("preset,accuracy\nlaptop,0.5\n")
    code = "import mtlcore; print(mtlcore.results('one', preset='laptop')['accuracy'].item())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0.5\n"
