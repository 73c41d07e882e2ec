"""Later methods and fixed weights on two digits: one scale, and settings that validation chooses."""

import pandas as pd
import pytest
import torch
from helpers.asserts import assert_mean_of_equal_gradients

import mtlcore as mtl
from mtlcore.experiments import two_digits
from mtlcore.experiments.gradients import newer_digits
from mtlcore.methods import make


@pytest.mark.parametrize("name", newer_digits.CONTESTANTS)
def test_equal_gradients_give_their_mean(name: str) -> None:
    assert_mean_of_equal_gradients(make(name), tasks=2)


def test_the_fixed_weights_are_nine_and_one_of_them_is_equal_weighting() -> None:
    weights = [make(name).weights(torch.ones(2)) for name in newer_digits.FIXED]
    torch.testing.assert_close(torch.stack(weights)[:, 0], torch.arange(1, 10) / 10)
    three = [make(name).weights(torch.ones(2))[0] for name in newer_digits.FAMILIES["three fixed weights"]]
    torch.testing.assert_close(torch.stack(three), torch.tensor([0.3, 0.5, 0.7]))


def test_every_family_is_tested() -> None:
    members = {name for family in newer_digits.FAMILIES.values() for name in family}
    assert members <= {*newer_digits.CONTESTANTS}


def test_validation_on_the_choosing_seeds_chooses_of_a_family() -> None:
    """Not a better contestant of another family, and neither the tested seeds nor the test images."""
    rows = pd.DataFrame(
        [
            (0, "UPGrad", 0.01, 0.9, 0.9),
            (0, "FairGrad", 0.01, 0.6, 0.9),
            (0, "FairGrad", 0.02, 0.5, 0.9),
            (0, "FairGrad(alpha=5.0)", 0.01, 0.1, 0.1),
            (0, "FairGrad(alpha=5.0)", 0.02, 0.7, 0.1),
            (2, "FairGrad", 0.01, 0.9, 0.9),
        ],
        columns=["seed", "method", "lr", "validation_accuracy.mean", "test_accuracy.mean"],
    )
    assert newer_digits.best(rows, newer_digits.FAMILIES["FairGrad"]) == "FairGrad(alpha=5.0)"


def test_the_tested_rates_are_those_that_the_stored_rows_choose() -> None:
    rows = mtl.results("newer-digits", "laptop")
    assert two_digits.choose(rows, ["method"]) == newer_digits.CHOSEN
    assert newer_digits.CHOSEN.keys() == {*newer_digits.CONTESTANTS}
    assert not {*two_digits.CHOOSING} & {*newer_digits.TESTED}
    tested = rows[rows["seed"].isin(newer_digits.TESTED)]
    assert (tested["lr"] == tested["method"].map(newer_digits.CHOSEN)).all()
    assert (tested.groupby("method")["seed"].nunique() == len(newer_digits.TESTED)).all()
