"""SLAW's Table 1 with a learning rate tuned for each method."""

from __future__ import annotations

import pandas as pd
import pytest

import mtlcore as mtl
from mtlcore.experiments.slaw import _regression, rates


def test_a_run_is_tested_where_its_validation_loss_is_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test loss, which is lowest elsewhere, has no say."""
    tests = [
        {"update": 1, "train_nl": 9.0, "validation_nl": 3.0, "test_nl": 1.0},
        {"update": 2, "train_nl": 8.0, "validation_nl": 2.0, "test_nl": 5.0},
        {"update": 3, "train_nl": 7.0, "validation_nl": 4.0, "test_nl": 6.0},
    ]
    monkeypatch.setattr(rates, "train", lambda config, device, splits: (tests, []))
    row = rates.run({}, "cpu").row
    assert (row["best_update"], row["test_nl.chosen"], row["test_nl.final"]) == (2, 5.0, 6.0)


def test_validation_and_test_are_different_samples() -> None:
    config = rates.SMOKE | {"seed": 0}
    _, data = _regression.start(config, "cpu")
    assert len(data.validation) == len(data.test) == 50
    assert not data.validation.inputs.equal(data.test.inputs)


def test_only_the_first_seed_chooses() -> None:
    rows = pd.DataFrame(
        {
            "seed": [0, 0, 1, 1],
            "method": "SLAW",
            "lr": [1.0, 2.0, 1.0, 2.0],
            "validation_nl.chosen": [6.0, 5.0, 1.0, 4.0],
            "test_nl.chosen": [1.0, 7.0, 1.0, 7.0],
        }
    )
    assert rates.choose(rows).to_dict() == {"SLAW": 2.0}


def test_the_stored_tests_are_at_the_chosen_rates() -> None:
    rows = mtl.results("slaw-rates", preset="laptop")
    assert rates.choose(rows).to_dict() == rates.CHOSEN
    fresh = rows[rows["seed"] > 0]
    assert (fresh["lr"] == fresh["method"].map(rates.CHOSEN)).all()
    assert (fresh.groupby("method")["seed"].nunique() == 3).all()


def test_at_one_rate_it_is_table_1(smoke) -> None:
    """At the paper's rate, the last test of a run is that of Table 1."""
    rows, _ = smoke("slaw-rates")
    table1, _ = smoke("slaw-table1")
    same = rows[rows["lr"] == _regression.SETTINGS["lr"]]
    both = same.merge(table1, on=["seed", "method"])
    assert len(both) == 2 * len(rates.METHODS)
    assert (both["test_nl.final_x"] == both["test_nl.final_y"]).all()
