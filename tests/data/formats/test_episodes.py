"""Tables of the MIMIC-III benchmark: words, windows of each variable's own time, statistics by hand."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_data import episode
from scipy.stats import skew

from mtlcore.data._stays import WINDOWS
from mtlcore.data.formats.episodes import VARIABLES, measurements, statistics


def features(*stays: list[dict]) -> np.ndarray:
    found = measurements([(f"stay-{k}.csv", episode(*rows)) for k, rows in enumerate(stays)])
    return statistics(found, len(stays)).reshape(len(stays), len(WINDOWS), len(VARIABLES), 6)


def pulse(hours: list[float], values: list[float]) -> list[dict]:
    return [{"Hours": h, "Heart Rate": v} for h, v in zip(hours, values, strict=True)]


HEART = list(VARIABLES).index("Heart Rate")


def test_windows_are_parts_of_a_variables_own_time() -> None:
    hours, values = [10, 11, 12, 15, 19, 20], [60, 90, 70, 100, 80, 85]
    table = features(pulse(hours, values))
    assert table.shape == (1, 7, 17, 6) and table[0].size == 714
    for (begin, end), found in zip(WINDOWS, table[0, :, HEART], strict=True):
        inside = [v for h, v in zip(hours, values, strict=True) if 10 + 10 * begin <= h <= 10 + 10 * end]
        expected = [np.mean(inside), np.std(inside), min(inside), max(inside), skew(inside), len(inside)]
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=str((begin, end)))


def test_a_window_without_a_measurement_has_no_statistics() -> None:
    table = features(pulse([0, 20], [60, 70]), [{"Hours": 3.0, "pH": 7.4}])
    assert np.isnan(table[1, :, HEART]).all() and not np.isnan(table[0, :, HEART]).any()


def test_equal_values_and_a_single_one_have_no_spread_and_no_skewness() -> None:
    table = features(pulse([5], [61.3]), pulse([1, 2, 40], [98.6, 98.6, 98.6]))
    assert table[0, 0, HEART].tolist() == [61.3, 0, 61.3, 61.3, 0, 1]
    np.testing.assert_allclose(table[1, 0, HEART], [98.6, 0, 98.6, 98.6, 0, 3], atol=1e-9)


@pytest.mark.parametrize(
    ("variable", "word", "number"),
    [
        ("Glascow coma scale eye opening", "None", 0),
        ("Glascow coma scale eye opening", "To Pain", 2),
        ("Glascow coma scale motor response", "6 Obeys Commands", 6),
        ("Glascow coma scale verbal response", "1.0 ET/Trach", 1),
        ("Glascow coma scale total", "15", 15),
        ("Capillary refill rate", "0.0", 0),
    ],
)
def test_words_of_the_coma_scale(variable: str, word: str, number: int) -> None:
    found = measurements([("a.csv", episode({"Hours": 1.0, variable: word}))])
    assert found["value"].tolist() == [number]
    assert [list(VARIABLES)[k] for k in found["variable"]] == [variable]


def test_an_error_names_file_and_line_of_the_second_stay() -> None:
    with pytest.raises(ValueError, match=r"^line 3 of b\.csv: pH should be a number, not 'acid'$"):
        measurements(
            [
                ("a.csv", episode({"Hours": 1.0, "pH": 7.4}, {"Hours": 2.0})),
                ("b.csv", episode({"Hours": 0.5}, {"Hours": 1.0, "pH": "acid"})),
            ]
        )


def test_each_stay_starts_its_hours_anew() -> None:
    found = measurements([(name, episode({"Hours": 9.0 - k, "pH": 7})) for k, name in enumerate("abc")])
    assert found["hour"].tolist() == [9, 8, 7]
