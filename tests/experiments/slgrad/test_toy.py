"""SLGrad's toy: what is tested is what seed 0 chooses; the constants beside every row."""

import pytest

import mtlcore as mtl
from mtlcore.experiments.slgrad import toy


def test_the_tested_rates_are_those_that_the_choosing_seed_chooses() -> None:
    assert toy.choose(mtl.results("slgrad-toy", "laptop")) == toy.CHOSEN


def test_the_choosing_seed_tests_nothing() -> None:
    assert all(toy.CHOOSING not in seeds for _, _, seeds, _ in toy.TESTED)


@pytest.mark.parametrize("reading", ["text", "code"])
def test_the_constants_are_errors_on_the_test_split(reading: str) -> None:
    config = toy.SMOKE | {"seed": 0, "reading": reading, "method": "Static", "epochs": 1}
    row = toy.run(config, "cpu").row
    data, _, noisy = toy.start(config)
    assert noisy.shape == (2, 64)
    held, test = data.validation.targets[0], data.test.targets[0]
    assert row["test_mse.zero"] == pytest.approx(test.square().mean().item())
    mean = held.mean()
    assert row["test_mse.mean"] == pytest.approx((test.var(correction=0) + (test.mean() - mean) ** 2).item())
