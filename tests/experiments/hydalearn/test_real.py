"""What is tested is what the stored rows of the choosing seed choose."""

import pytest

import mtlcore as mtl
from mtlcore.experiments.hydalearn import ablations, default, mortality, toy
from mtlcore.experiments.hydalearn._real import OFFERED, choose


@pytest.mark.parametrize("module", [default, mortality])
def test_settings_on_real_data(module) -> None:
    chosen = choose(mtl.results(module.experiment.name, "laptop"))
    assert chosen == module.CHOSEN
    assert [set(methods) & set(chosen) != set() for methods in OFFERED.values()] == [True] * len(OFFERED)


def test_rates_of_the_toy() -> None:
    assert toy.choose(mtl.results("hydalearn-toy", "laptop")) == toy.CHOSEN


@pytest.mark.parametrize("module", [default, mortality])
def test_the_ablations_have_the_best_rate_of_the_full_algorithm(module) -> None:
    rows = mtl.results(module.experiment.name, "laptop").query("seed == 0")
    full = rows[rows["method"] == ablations.FULL].sort_values("validation.best", ascending=False)
    assert ablations.RATES[module.COMMON["data"]] == full["lr"].iloc[0]
