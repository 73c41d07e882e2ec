"""MIMIC-III on small made files: the division, the labels and the lengths of the stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.files import zip_up

import mtlcore as mtl
from mtlcore.data import mimic3


def test_load(episodes: Path) -> None:
    data = mtl.load("mimic3-mortality", validation=3)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [6, 2, 6]
    for split in (data.train, data.validation, data.test):
        assert split.inputs.shape[1] == 714 and split.inputs.isfinite().all()
    died, stay = data.test.targets
    assert died.tolist() == [0, 0, 1, 0, 0, 1]
    assert stay.shape == (6, 1) and (stay.diff(dim=0) > 0).all()
    lengths = data.train.targets[1]
    assert lengths.mean().abs() < 1e-5 and (lengths.std(correction=0) - 1).abs() < 1e-5


def test_lengths_are_hours_so_far_and_hours_that_remain(episodes: Path) -> None:
    _, (_, _, days) = mimic3.stays_of("test")
    assert (24 * days).tolist() == pytest.approx([60.25 + 12 * k for k in range(6)])


def test_no_patient_is_in_two_splits(episodes: Path) -> None:
    patients, _ = mimic3.stays_of("train")
    assert patients.tolist() == ["1", "1", "2", "2", "3", "3", "4", "4"]
    held_out = set()
    for seed in range(8):
        data = mtl.load("mimic3-mortality", validation=2, seed=seed)
        longer = data.validation.targets[1].flatten()
        every = torch.cat([data.train.targets[1], data.validation.targets[1]]).flatten().sort().values
        places = torch.searchsorted(every, longer).tolist()
        assert places in ([0, 1], [2, 3], [4, 5], [6, 7])  # the two stays of one patient
        held_out.add(places[0])
    assert len(held_out) > 1


@pytest.mark.parametrize("validation", [1, 8])
def test_a_division_without_stays_on_one_side(episodes: Path, validation: int) -> None:
    with pytest.raises(ValueError, match=f"some of the 8 stays on both sides, not {validation}"):
        mtl.load("mimic3-mortality", validation=validation)


def test_folders_may_be_zips(episodes: Path) -> None:
    before = mtl.load("mimic3-mortality", validation=2)
    zip_up(episodes / "in-hospital-mortality/test")
    mimic3.stays_of.cache_clear()
    after = mtl.load("mimic3-mortality", validation=2)
    assert torch.equal(before.test.inputs, after.test.inputs)


def test_without_files_the_answer_says_where_they_come_from(cache: Path) -> None:
    mimic3.stays_of.cache_clear()
    with pytest.raises(FileNotFoundError, match=r"in-hospital-mortality/train .*mimic3-benchmarks"):
        mtl.load("mimic3-mortality")
