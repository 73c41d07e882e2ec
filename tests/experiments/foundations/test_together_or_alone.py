"""Alone or together: the chosen rates are those of the stored rows, and the sum is a longer step."""

import mtlcore as mtl
from mtlcore.experiments.foundations.together_or_alone import (
    ALONE,
    CHOSEN,
    SMOKE,
    choose,
    experiment,
)

CONFIG = SMOKE | {"seed": 0}


def test_the_tested_rates_are_those_that_the_stored_rows_choose() -> None:
    rates = choose(mtl.results("together-or-alone", "laptop"))
    assert {method: rates[method] for method in CHOSEN} == CHOSEN
    assert rates["Static(scale='sum')"] == CHOSEN["Static"] / 2


def test_the_sum_is_the_mean_at_twice_the_rate() -> None:
    config = CONFIG | {"epochs": 8}
    mean = experiment.run(config | {"method": "Static", "lr": 0.8}, "cpu").row
    total = experiment.run(config | {"method": "Static(scale='sum')", "lr": 0.4}, "cpu").row
    assert mean == total
    assert mean != experiment.run(config | {"method": "Static", "lr": 0.4}, "cpu").row


def test_a_task_that_is_not_trained_has_no_accuracy() -> None:
    row = experiment.run(CONFIG | {"method": ALONE[1], "lr": 0.1}, "cpu").row
    assert row["test_accuracy.top-left"] is None
    assert 0 <= row["test_accuracy.bottom-right"] <= 1
