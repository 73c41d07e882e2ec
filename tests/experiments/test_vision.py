"""The experiments on images at smoke size, on synthetic data and on small files."""

from pathlib import Path

import numpy as np
import pytest
from helpers.small_data import SMALL_MAPS, write_domains

from mtlcore.analysis.improvement import DIGITS, NUMBERS
from mtlcore.data import office
from mtlcore.experiments import EXPERIMENTS, experiment, vision
from mtlcore.experiments.slaw import table2 as slaw_table2


def row_of(name: str, **settings: object) -> dict[str, float]:
    """The numbers that a smoke run of an experiment makes of the data set in the cache."""
    vision._load.cache_clear()
    experiment = EXPERIMENTS[name]
    config = experiment.configurations("smoke")[0] | {"epochs": 1, **settings}
    row = experiment.run(config, "cpu").row
    assert all(np.isfinite(value) for value in row.values())
    return row


@pytest.mark.parametrize("name", ["slaw-table2", "rlw-nyuv2"])
def test_rooms_become_a_row(rooms: dict[str, dict], name: str) -> None:
    size = {"height": SMALL_MAPS[0], "width": SMALL_MAPS[1], "validation": 4, "batch_size": 4}
    row = row_of(name, data="nyuv2", **size)
    assert any("segmentation" in number for number in row)


def test_streets_become_a_row(streets: None) -> None:
    size = {"height": SMALL_MAPS[0], "width": SMALL_MAPS[1], "validation": 2, "batch_size": 3}
    row = row_of("rlw-cityscapes", data="cityscapes", **size)
    assert 0 <= row["test_miou.segmentation"] <= 1


def test_faces_become_a_row(faces: dict[str, np.ndarray]) -> None:
    row = row_of("rlw-celeba", data="celeba", batch_size=6)
    assert 0 <= row["test_accuracy.mean"] <= 1


def test_objects_become_a_row(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [f"kind {k:02d}" for k in range(31)]
    write_domains(cache, "office-31", office.OFFICE_31, 5, kinds)
    for domain in office.OFFICE_31.values():
        monkeypatch.setattr(domain, "count", 5 * len(kinds))
    row = row_of("rlw-office", data="office-31")
    assert 0 <= row["test_accuracy.mean"] <= 1


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=r"imagenet/a\.pth is not in the cache.*pytorch\.org/models/a\.pth"
    ):
        vision.weights_of({"weights": "a.pth"})
    (tmp_path / "imagenet").mkdir()
    (tmp_path / "imagenet/a.pth").touch()
    assert vision.weights_of({"weights": "a.pth"}) == tmp_path / "imagenet/a.pth"
    assert vision.weights_of({"weights": None}) is None


@pytest.mark.parametrize("name", ["slaw-table2", "rlw-nyuv2", "rlw-cityscapes", "rlw-celeba", "rlw-office"])
def test_one_budget_for_every_method(name: str) -> None:
    for preset in ("smoke", "laptop", "paper"):
        runs = experiment(name).configurations(preset)
        budgets = {
            tuple((k, v) for k, v in run.items() if k not in ("seed", "method", "data", "architecture"))
            for run in runs
        }
        assert len(budgets) == 1


@pytest.mark.parametrize(
    ("name", "runs", "numbers"),
    [
        ("slaw-table2", 12, list(slaw_table2.ACCURACIES)),
        ("rlw-nyuv2", 24, [f"test_{n}" for n in NUMBERS if n.rpartition(".")[2] not in DIGITS]),
        ("rlw-cityscapes", 3, [f"test_{n}" for n in NUMBERS if n.endswith(("segmentation", "depth"))]),
        ("rlw-celeba", 4, ["test_accuracy.attribute 8"]),
        ("rlw-office", 15, ["test_accuracy.red", "test_accuracy.blue"]),
    ],
)
def test_an_experiment_at_smoke_size(smoke, name: str, runs: int, numbers: list[str]) -> None:
    rows, curves = smoke(name)
    assert len(rows) == runs
    assert np.isfinite(rows[numbers]).all(axis=None) and rows["step_seconds"].gt(0).all()
    assert rows["best_epoch"].isin([1, 2]).all() and len(curves) == 2 * runs
    assert np.isfinite(curves[["train_loss", "validation_loss"]]).all(axis=None)
    first = curves[(curves["epoch"] == 1) & (curves["seed"] == 0)]
    assert first["train_loss"].nunique() > 1, "the methods differ"


def test_the_test_is_read_at_the_best_validation_epoch() -> None:
    """The first epoch is the better one, so a second one changes nothing."""
    (config, *_) = experiment("rlw-celeba").configurations("smoke")
    config |= {"lr": 0.1}
    two, one = (experiment("rlw-celeba").run(config | {"epochs": n}, "cpu") for n in (2, 1))
    assert two.curve[1]["validation_loss"] > 2 * two.curve[0]["validation_loss"]
    assert two.row["best_epoch"] == 1
    assert two.row | {"step_seconds": 0} == one.row | {"step_seconds": 0}


def test_a_run_depends_on_its_configuration_alone() -> None:
    configs = experiment("rlw-office").configurations("smoke")
    first = experiment("rlw-office").run(configs[0], "cpu").row
    experiment("rlw-office").run(configs[5], "cpu")
    again = experiment("rlw-office").run(configs[0], "cpu").row
    assert {k: v for k, v in first.items() if k != "step_seconds"} == {
        k: v for k, v in again.items() if k != "step_seconds"
    }
