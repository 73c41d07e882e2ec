"""What is tested is what the stored rows of the choosing seed choose."""

import pytest

import mtlcore as mtl
from mtlcore.experiments.engine.reported import printed
from mtlcore.experiments.hydalearn import _real, ablations, default, mortality, toy
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


@pytest.mark.parametrize(
    ("module", "fixture", "sizes"),
    [
        (default, "loans", {"loans": 40, "validation": 9, "test": 9}),
        (mortality, "episodes", {"validation": 3}),
    ],
)
def test_the_preset_paper_runs_on_the_papers_own_data(
    module, fixture: str, sizes: dict, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    request.getfixturevalue(fixture)
    monkeypatch.setattr(_real, "load", lambda name, seed: mtl.load(name, seed=seed, **sizes))
    config = module.experiment.configurations("paper")[-1] | {"seed": 0, "epochs": 1}
    assert config["method"].startswith("HydaLearn")
    assert module.experiment.run(config, "cpu").row["epochs_done"] == 1


def test_the_ablations_have_the_rates_of_table_6_on_the_papers_own_data() -> None:
    table = printed("hydalearn-table-6").query("method == 'HydaLearn' and metric == 'learning rate'")
    rates = table.set_index("dataset")["value"].astype(float)
    assert ablations.RATES["fannie-mae"] == rates["Fannie Mae"]
    assert ablations.RATES["mimic3-mortality"] == rates["MIMIC-III"]
    assert {config["data"] for config in ablations.experiment.configurations("paper")} == {
        "fannie-mae",
        "mimic3-mortality",
    }
