"""Confidence intervals over seeds, paired differences, and the exponent of a power law."""

from __future__ import annotations

import pandas as pd
import pytest

from mtlcore.analysis import summary
from mtlcore.analysis.summary import differences, exponent, interval, summarise


@pytest.mark.parametrize("power", [0, 1, 1.5])
def test_the_exponent_of_a_power_law_is_exact(power):
    sizes = [2**k for k in range(1, 9)]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_the_exponent_is_that_of_the_upper_half_of_what_is_known():
    sizes, nothing = [1, 2, 4, 8, 16, 32], float("nan")
    assert exponent(sizes, [7, 7, 1, 2, nothing, nothing]) == pytest.approx(1)
    assert exponent(sizes[::-1], [nothing, nothing, 2, 1, 7, 7]) == pytest.approx(1)
    assert exponent([2, 4], [1, nothing]) != exponent([2, 4], [1, nothing])  # NaN


def test_interval_is_students() -> None:
    values = pd.Series([1.0, 2, 3, 4])
    assert interval(values) == pytest.approx(3.182446305 * values.std() / 2)  # t table, 3 degrees
    assert pd.isna(interval(values[:1]))


def test_summaries_and_paired_differences() -> None:
    rows = pd.DataFrame(
        {
            "method": ["a", "a", "a", "b", "b", "b"],
            "seed": [0, 1, 2, 0, 1, 2],
            "data": "d",
            "value": [1.0, 2, 3, 2, 3.1, 4.2],
        }
    )
    table = summarise(rows, ["method"], "value")
    assert table.loc["a", "mean"] == 2
    assert table.loc["b", "seeds"] == 3
    paired = differences(rows, ["data"], "value", "b", "a")
    assert paired.loc["d", "mean"] == pytest.approx(1.1)
    assert paired.loc["d", "interval"] == pytest.approx(4.302652730 * 0.1 / 3**0.5)
    assert paired.loc["d", "p"] < 0.01
    alone = differences(rows[rows["seed"] == 1], ["data"], "value", "b", "a")
    assert alone.loc["d", "mean"] == pytest.approx(1.1)
    assert alone.loc["d", ["interval", "p"]].isna().all()


def test_seeds_that_chose_are_left_out() -> None:
    rows = pd.DataFrame(
        {"method": ["a"] * 4 + ["b"], "seed": [0, 1, 2, 3, 0], "auc": [9.0, 8.0, 1.0, 3.0, 5.0]}
    )
    found = summary.tested(rows, ["method"], "auc", choosing=(0, 1))
    assert found[["mean", "seeds"]].to_dict("index") == {"a": {"mean": 2.0, "seeds": 2}}
    assert summary.tested(rows, ["method"], "auc", choosing=())["seeds"].tolist() == [4, 1]
