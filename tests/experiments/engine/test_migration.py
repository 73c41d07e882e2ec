"""Rows and run files of mtlcore 0.3, a sample of which is kept here, come out with the same numbers."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from mtlcore.__main__ import main
from mtlcore.experiments import EXPERIMENTS, collate, state
from mtlcore.experiments.engine.files import run_id, runs_folder
from mtlcore.experiments.engine.migration import (
    ALIASES,
    migrate_runs,
    migrate_table,
    old_run_ids,
    renamed,
)
from mtlcore.experiments.engine.results import results_folder
from mtlcore.methods import canonical

OLD = Path(__file__).parent / "v03"
FILES = sorted(path.name for path in OLD.glob("*.csv"))


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of the old tables."""
    shutil.copytree(OLD, tmp_path / "tables")
    return tmp_path / "tables"


def declared(name: str, preset: str) -> dict[str, dict]:
    """The configurations of a preset by run id."""
    return {run_id(config): config for config in EXPERIMENTS[name].configurations(preset)}


@pytest.mark.parametrize("file", FILES)
def test_a_stored_row_keeps_its_numbers_and_is_declared(tables: Path, file: str) -> None:
    name = file.split(".")[0]
    old = read(tables / file)
    changed = migrate_table(EXPERIMENTS[name], tables / file)
    new = read(tables / file)
    assert changed == sum(a != b for a, b in zip(old, new, strict=True)) > 0
    moved = {"run", *EXPERIMENTS[name].methods}
    for before, after in zip(old, new, strict=True):
        assert before.keys() == after.keys()
        assert {k: v for k, v in before.items() if k not in moved} == {
            k: v for k, v in after.items() if k not in moved
        }
        config = declared(name, after["preset"])[after["run"]]
        assert {key: after[key] for key in moved & config.keys()} == {
            key: config[key] for key in moved & config.keys()
        }


@pytest.mark.parametrize("file", FILES)
def test_the_books_tables_hold_the_same_rows(tables: Path, file: str) -> None:
    migrate_table(EXPERIMENTS[file.split(".")[0]], tables / file)
    migrated, book = read(tables / file), read(results_folder() / file)
    columns = list(migrated[0])  # rows that came later may have brought more
    book_rows = {tuple(row[column] for column in columns) for row in book}
    assert {tuple(row.values()) for row in migrated} <= book_rows


@pytest.mark.parametrize("path", sorted(results_folder().glob("*.csv")), ids=lambda path: path.name)
def test_every_row_of_the_book_is_declared(path: Path) -> None:
    name = path.name.split(".")[0]
    for row in read(path):
        config = declared_once(name, row["preset"])[row["run"]]
        there = [key for key in EXPERIMENTS[name].methods if key in config and key in row]
        assert all(row[key] == config[key] for key in there)


def declared_once(name: str, preset: str, _known: dict = {}) -> dict[str, dict]:  # noqa: B006
    """As ``declared``, remembered between the rows of a file."""
    if (name, preset) not in _known:
        _known[name, preset] = declared(name, preset)
    return _known[name, preset]


def test_every_alias_is_a_canonical_text_and_has_one_name() -> None:
    for name, settings in ALIASES.items():
        for key, aliases in settings.items():
            assert len(set(aliases.values())) == len(aliases)
            if key != "data":
                others = EXPERIMENTS[name].not_methods
                assert all(text in others or text == canonical(text) for text in aliases.values())


def test_a_second_migration_changes_nothing(tables: Path) -> None:
    experiment = EXPERIMENTS["slaw-table1"]
    migrate_table(experiment, tables / "slaw-table1.csv")
    once = (tables / "slaw-table1.csv").read_bytes()
    assert migrate_table(experiment, tables / "slaw-table1.csv") == 0
    assert (tables / "slaw-table1.csv").read_bytes() == once


def old_runs(folder: Path, name: str, preset: str) -> int:
    """Write run files as mtlcore 0.3 did, for every run of a preset; how many they are."""
    back = {new: old for old, new in old_run_ids(EXPERIMENTS[name]).items()}
    names = {key: {new: old for old, new in a.items()} for key, a in ALIASES[name].items()}
    configs = EXPERIMENTS[name].configurations(preset)
    for number, config in enumerate(configs):
        old = {key: names.get(key, {}).get(value, value) for key, value in config.items()}
        assert run_id(old) == back[run_id(config)] and renamed(name, old) == config
        record = {"config": old, "row": {"number": number}, "curve": [], "provenance": {"seconds": 1.5}}
        path = folder / name / preset / f"seed-{config['seed']}-{run_id(old)}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record))
    return len(configs)


def test_run_files_are_found_again(tmp_path: Path) -> None:
    experiment = EXPERIMENTS["slaw-table1"]
    count = old_runs(tmp_path, "slaw-table1", "laptop")
    broken = tmp_path / "slaw-table1" / "laptop" / "seed-9-0123456789ab.json"
    broken.write_text("{")
    assert len(state(experiment, "laptop", tmp_path).missing) == count
    assert migrate_runs(experiment, tmp_path) == count
    done = state(experiment, "laptop", tmp_path).done
    assert [record["row"]["number"] for record in done] == list(range(count))
    assert len(list(runs_folder(tmp_path).rglob("*.json"))) == count + 1 and broken.exists()
    assert migrate_runs(experiment, tmp_path) == 0


def test_the_command_converts_runs_and_tables(tmp_path: Path, tables: Path, capsys) -> None:
    count = old_runs(tmp_path / "runs", "slaw-settings", "smoke")
    arguments = ["migrate", "--runs", str(tmp_path / "runs"), "--results", str(tables)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert f"slaw-settings: {count} run files renamed" in printed
    assert all(file in printed for file in FILES)
    assert main(arguments) == 0
    assert capsys.readouterr().out == "no run file and no table of mtlcore 0.3\n"


def test_collate_does_not_drop_rows_of_0_3(tmp_path: Path, tables: Path) -> None:
    experiment = EXPERIMENTS["slaw-settings"]
    old_runs(tmp_path / "runs", "slaw-settings", "smoke")
    migrate_runs(experiment, tmp_path / "runs")
    with pytest.raises(ValueError, match=r"is of mtlcore 0\.3: python -m mtlcore migrate --results"):
        collate(experiment, "smoke", tmp_path / "runs", tables)
    migrate_table(experiment, tables / "slaw-settings.csv")
    stored = len(read(tables / "slaw-settings.csv"))
    collate(experiment, "smoke", tmp_path / "runs", tables)
    assert len(read(tables / "slaw-settings.csv")) == stored + len(experiment.configurations("smoke"))
