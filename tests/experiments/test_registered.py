"""What every registered experiment can do, by being registered."""

from pathlib import Path

import pytest

import mtlcore.experiments
from mtlcore.experiments import EXPERIMENTS, _registered

FOLDER = Path(mtlcore.experiments.__file__).parent


@pytest.mark.filterwarnings("ignore:no forward-mode rule")
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_smoke(smoke, name: str) -> None:
    rows, curves = smoke(name)
    configs = EXPERIMENTS[name].configurations("smoke")
    assert len(rows) == len(configs)
    numbers = set(rows) - {"preset", "run", *configs[0], "mtlcore", "finished", "seconds"}
    assert numbers
    if len(curves):
        assert set(curves["run"]) <= set(rows["run"])
    left_out = sorted({reason for reason in rows.get("skipped", []) if reason})
    if left_out:
        pytest.skip(f"the rest has run; {'; '.join(left_out)}")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_run_is_declared_twice(name: str) -> None:
    for preset in EXPERIMENTS[name].presets:
        declared = [str(sorted(config.items())) for config in EXPERIMENTS[name].configurations(preset)]
        assert len(set(declared)) == len(declared)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_the_three_presets_and_a_seed(name: str) -> None:
    assert list(EXPERIMENTS[name].presets) == ["smoke", "laptop", "paper"]
    for preset in EXPERIMENTS[name].presets:
        assert all("seed" in config for config in EXPERIMENTS[name].configurations(preset))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_setting_is_a_number_here_and_a_word_there(name: str) -> None:
    """In a stored table such a column would be text, and a comparison with a number would find no row."""
    for preset in EXPERIMENTS[name].presets:
        kinds = {
            (axis, isinstance(value, str))
            for config in EXPERIMENTS[name].configurations(preset)
            for axis, value in config.items()
        }
        assert len(kinds) == len({axis for axis, _ in kinds})


def test_a_module_is_registered_by_being_there() -> None:
    modules = [path for path in FOLDER.glob("*/*.py") if path.parent.name != "engine" and path.stem[0] != "_"]
    assert len(EXPERIMENTS) == len(modules)


def test_two_experiments_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [EXPERIMENTS["slaw-table1"], EXPERIMENTS["slaw-table1"]]
    monkeypatch.setattr("mtlcore.experiments._discovered", lambda: iter(twice))
    with pytest.raises(ValueError, match="two experiments are called 'slaw-table1'"):
        _registered()
