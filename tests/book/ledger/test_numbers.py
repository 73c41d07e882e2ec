"""How printed and stored numbers are written in the ledger."""

import pytest

from mtlcore.book.ledger import Printed, Stored, numbers


def test_one_seed_has_no_interval_and_the_counts_are_said(shelf):
    ours = Stored("toy", "loss")
    assert ours.lines() == {"": [("a", "1.5 ± 6.4"), ("b", "5")]}
    assert ours.source() == "± 95% interval, 1 to 2 seeds, preset laptop"


def test_the_papers_numbers_keep_their_digits_groups_and_signs():
    table = Printed("slgrad-table-2", where={"method": ["PCGrad", "SLGrad"]}, by=["dataset", "method"])
    assert table.lines() == {
        "toy regression, 40% noise": [("PCGrad", "0.90 ± 0.02"), ("SLGrad", "0.03 ± 3E-4")],
        "toy regression, 70% noise": [("PCGrad", "1.37 ± 0.05"), ("SLGrad", "0.04 ± 9E-4")],
    }
    assert table.source() == "± not stated, 3 seeds"
    assert Printed("slaw-table-1", where={"method": "Uncertainty"}, by=["metric"]).lines() == {
        "": [("train normalised loss", "–"), ("test normalised loss", "–")]
    }
    assert Printed("projection-figure-7").lines()[""][0][1] == "< 1e-5"
    angle = Printed("rlw-table-1", where={"method": "EW", "metric": "mean angle"})
    assert angle.lines() == {"": [("EW", "23.5737°")]} and angle.source() == "seeds not stated"
    assert Printed("projection-figure-3", by=["metric"]).source() == ""


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [(0.123456, 0.0123, "0.123 ± 0.012"), (13.6351, 0.0996, "13.64 ± 0.10"), (1234.5, 56.7, "1234 ± 57")],
)
def test_a_mean_is_rounded_to_two_digits_of_its_interval(mean, half, text):
    assert numbers.rounded(mean, half) == text
    assert numbers.rounded(0.123456, float("nan")) == numbers.rounded(0.123456, 0) == "0.1235"
