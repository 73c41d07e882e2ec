"""Checks of options, and the choice of a subset."""

import pytest

from mtlcore.data._options import check_text_options, subset


def test_a_subset_keeps_its_order() -> None:
    drawn = subset(range(100), 30, seed=3)
    assert len(set(drawn)) == 30 and drawn == sorted(drawn)
    assert subset(range(5), None, seed=0) == list(range(5))


@pytest.mark.parametrize(
    "bad", [{"sentences": 0}, {"validation": 1.5}, {"length": None}, {"seed": -1}], ids=str
)
def test_bad_text_options_are_refused(bad: dict) -> None:
    good = {"sentences": None, "validation": None, "length": 5, "seed": 0}
    check_text_options(**good)
    with pytest.raises(ValueError, match=f"^{next(iter(bad))} must be a whole number"):
        check_text_options(**good | bad)
