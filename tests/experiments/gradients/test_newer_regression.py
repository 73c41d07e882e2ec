"""Later methods on MTRegression: validation chooses the rates."""

import pandas as pd
import pytest
import torch
from helpers.asserts import assert_mean_of_equal_gradients

import mtlcore as mtl
from mtlcore.experiments.gradients import newer_regression
from mtlcore.methods import make

IDEAL = {newer_regression.IDEAL_CONSTANT, newer_regression.IDEAL_PREFERENCE}


UNEQUAL = {*newer_regression.POWERS.values(), newer_regression.IDEAL_PREFERENCE} - {"Static"}


@pytest.mark.parametrize("name", [name for name in newer_regression.METHODS if name not in UNEQUAL])
def test_equal_gradients_give_their_mean(name: str) -> None:
    assert_mean_of_equal_gradients(make(name), tasks=10)


def test_fixed_weights_fall_with_a_power_of_the_scale() -> None:
    scale = torch.arange(1.0, 11, dtype=torch.float64)
    for power, name in newer_regression.POWERS.items():
        weights = make(name).weights(torch.ones(10, dtype=torch.float64))
        torch.testing.assert_close(weights / weights[0], scale**-power)


def test_in_one_unit_losses_that_are_alike_have_the_ideal_constants() -> None:
    one, other = (make(name).weights(torch.arange(1.0, 11) ** 2) for name in IDEAL)
    torch.testing.assert_close(one, other)


def test_the_mean_validation_loss_on_the_choosing_seeds_chooses() -> None:
    rows = pd.DataFrame(
        [
            (0, "SLAW", 1.0, 5.0, 1.0),
            (1, "SLAW", 1.0, 9.0, 1.0),
            (0, "SLAW", 2.0, 6.0, 9.0),
            (1, "SLAW", 2.0, 6.0, 9.0),
            (2, "SLAW", 1.0, 1.0, 1.0),
        ],
        columns=["seed", "method", "lr", "validation_nl.chosen", "test_nl.chosen"],
    )
    assert newer_regression.choose(rows) == {"SLAW": 2.0}


def test_the_tested_rates_are_those_that_the_stored_rows_choose() -> None:
    rows = mtl.results("newer-regression", "laptop")
    assert newer_regression.choose(rows) == newer_regression.CHOSEN
    assert not {*newer_regression.CHOOSING} & {*newer_regression.TESTED}
    tested = rows[rows["seed"].isin(newer_regression.TESTED)]
    assert (tested["lr"] == tested["method"].map(newer_regression.CHOSEN)).all()
    assert (tested.groupby("method")["seed"].nunique() == len(newer_regression.TESTED)).all()
    assert {*tested["method"]} == {*newer_regression.METHODS}
