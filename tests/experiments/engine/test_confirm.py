"""Stored runs are made again, and every number gets its verdict."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from helpers.toy_runs import RUNS, TOY, toy_sweep

from mtlcore.experiments import Result, collate, confirm
from mtlcore.experiments.engine import results as stored
from mtlcore.experiments.engine.confirm import DIFFERENT, IDENTICAL, ROUNDING, counts, verdict
from mtlcore.experiments.engine.provenance import provenance

LAPTOP = len(TOY.configurations("laptop"))


@pytest.fixture
def table(tmp_path, monkeypatch):
    """The stored table of the toy experiment."""
    for preset in ("smoke", "laptop"):
        toy_sweep(tmp_path / "runs", preset)
        collate(TOY, preset, tmp_path / "runs", tmp_path)
    monkeypatch.setattr(stored, "results_folder", lambda: tmp_path)
    return tmp_path / "toy.csv"


def edit(table, **columns) -> None:
    pd.read_csv(table).assign(**columns).to_csv(table, index=False)


def shifted(by: float):
    """The toy experiment as an engine would make it whose numbers differ."""

    def run(config, device):
        row = TOY.run(config, device).row
        return Result(row | {"final_loss": row["final_loss"] * (1 + by)})

    return replace(TOY, run=run)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (1 / 3, IDENTICAL),
        (0.333333, IDENTICAL),
        (1 / 3 + 2e-6, ROUNDING),
        (1 / 3 + 2e-3, DIFFERENT),
        (-1 / 3, DIFFERENT),
        (float("nan"), DIFFERENT),
        (float("inf"), DIFFERENT),
        (None, DIFFERENT),
        ("one third", DIFFERENT),
    ],
)
def test_a_number_is_judged_by_the_digits_that_are_stored(now, found):
    assert verdict(0.333333, now) == found


def test_whole_numbers_and_words_and_nothing_are_judged_too():
    large = 10**9 + 1
    assert verdict(large, large) == verdict("word", "word") == IDENTICAL
    assert verdict(float("nan"), None) == verdict(float("inf"), float("inf")) == IDENTICAL
    assert verdict("word", "words") == verdict(float("nan"), 1.0) == DIFFERENT
    assert verdict(large, large + 1) == verdict(7.75985e-18, -3e-18) == ROUNDING


def test_the_same_engine_confirms_every_row(table):
    confirmed = confirm(TOY, runs=RUNS + LAPTOP)
    assert len({(one.preset, one.run) for one in confirmed}) == RUNS + LAPTOP
    assert counts(confirmed) == {IDENTICAL: 2 * (RUNS + LAPTOP), ROUNDING: 0, DIFFERENT: 0}
    assert "tensor" not in "".join(map(str, confirmed))
    assert {one.preset for one in confirm(TOY, "laptop", runs=99)} == {"laptop"}


@pytest.mark.parametrize(("by", "found"), [(1e-5, ROUNDING), (0.01, DIFFERENT)])
def test_another_engine_is_told_apart_number_by_number(table, by, found):
    for one in confirm(shifted(by)):
        verdicts = dict(zip(one.numbers["number"], one.numbers["verdict"], strict=True))
        assert verdicts == {"final_loss": found, "large": IDENTICAL}


def test_a_number_of_which_only_one_is_there_is_different(table):
    edit(table, gone=1.5)
    fewer = replace(TOY, run=lambda config, device: Result({"large": 10**9 + config["seed"], "new": 1}))
    for one in confirm(fewer):
        verdicts = dict(zip(one.numbers["number"], one.numbers["verdict"], strict=True))
        assert verdicts == dict.fromkeys(["new", "final_loss", "gone"], DIFFERENT) | {"large": IDENTICAL}


def test_versions_and_provenance_of_both_are_there_and_old_rows_may_lack_some(table):
    edit(table, torch="1.0.0")
    old = pd.read_csv(table).drop(columns=["cpu", "blas", "threads"])
    old.to_csv(table, index=False)
    for one in confirm(TOY):
        made = one.made.set_index("made with")
        assert made["now"].to_dict() == provenance("cpu")
        assert made.loc["torch", "stored"] == "1.0.0"
        assert set(made.loc[["cpu", "blas", "threads"], "stored"]) == {"not stored"}
        assert str(one).count("not stored") == 3 and f"seed {one.config['seed']}" in str(one)
        assert set(one.numbers["verdict"]) == {IDENTICAL}


def test_a_run_has_the_threads_of_the_stored_one_and_the_caller_keeps_theirs(table):
    before = torch.get_num_threads()
    edit(table, threads=before + 1)
    noting = replace(TOY, run=lambda config, device: Result({"threads_then": torch.get_num_threads()}))
    for one in confirm(noting):
        assert one.numbers.set_index("number").loc["threads_then", "now"] == before + 1
        assert one.made.set_index("made with").loc["threads", "now"] == before + 1
    assert torch.get_num_threads() == before


def test_quick_runs_are_drawn_by_the_seed(table):
    seconds = pd.Series(range(RUNS + LAPTOP), dtype=float)
    edit(table, seconds=seconds.where(seconds > 0))  # the time of the first is unknown
    timed = pd.read_csv(table).sort_values("seconds")["run"].tolist()
    draws = [[one.run for one in confirm(TOY, runs=2, seed=seed)] for seed in range(20)]
    assert {run for draw in draws for run in draw} == set(timed[: (RUNS + LAPTOP - 1) // 2])
    assert [one.run for one in confirm(TOY, runs=2, seed=3)] == draws[3]
    edit(table, seconds=None)
    draws = [one.run for seed in range(40) for one in confirm(TOY, runs=2, seed=seed)]
    assert set(draws) == set(timed)  # no time is stored: any may be drawn


def test_what_cannot_be_confirmed_is_one_sentence(table):
    with pytest.raises(ValueError, match="at least 1, not 0"):
        confirm(TOY, runs=0)
    with pytest.raises(ValueError, match="it has smoke, laptop"):
        confirm(TOY, "paper")
    edit(table, run="0123456789ab")
    with pytest.raises(ValueError, match="no stored run of toy is one that its grid declares today"):
        confirm(TOY)


def test_an_id_that_looks_like_a_number_is_read_as_it_is(table):
    edit(table, run="012345678901")
    assert set(stored.results("toy")["run"]) == {"012345678901"}
