"""Arrays of images and labels: wrong ones are refused; synthetic scenes."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from helpers.files import Trap, array_file, lying_header, put
from helpers.small_data import SMALL_MAPS, load_rooms

from mtlcore.data import load

WRONG: dict[str, tuple[str, bytes | None, str]] = {
    "one file missing": ("train/depth/3.npy", None, r"holds 11 \.npy files, but the official one has 12"),
    "one file more": ("train/depth/12.npy", b"", r"holds 13 \.npy files"),
    "empty": ("val/image/0.npy", b"", "no array of numbers"),
    "text": ("val/image/0.npy", b"hello", "no array of numbers"),
    "cut": ("val/image/0.npy", array_file(np.zeros((*SMALL_MAPS, 3)))[:-9], "no array of numbers"),
    "objects": ("val/image/0.npy", array_file(np.array([None])), "no array of numbers"),
    "a lie": ("val/image/0.npy", lying_header(), "no array of numbers"),
    "shape": (
        "val/depth/1.npy",
        array_file(np.zeros(SMALL_MAPS)),
        r"shape \(24, 32, 1\), but it has the shape",
    ),
    "kind": ("val/label/1.npy", array_file(np.full(SMALL_MAPS, "x")), "type <U1"),
    "nan": ("val/normal/1.npy", array_file(np.full((*SMALL_MAPS, 3), np.nan)), "should hold finite numbers"),
    "class 13": ("val/label/1.npy", array_file(np.full(SMALL_MAPS, 13)), "classes from -1 to 12"),
    "class 0.5": ("val/label/1.npy", array_file(np.full(SMALL_MAPS, 0.5)), "classes from -1 to 12"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_array_is_refused(rooms: dict, cache: Path, case: str) -> None:
    name, content, words = WRONG[case]
    path = cache / "nyuv2" / name
    put(path, content) if content is not None else path.unlink()
    with pytest.raises(ValueError, match=words):
        load_rooms()


def test_files_with_other_names_are_refused(rooms: dict, cache: Path) -> None:
    (cache / "nyuv2/train/label/7.npy").rename(cache / "nyuv2/train/label/007.npy")
    with pytest.raises(ValueError, match=r"not called 0\.npy to 11\.npy"):
        load_rooms()


def test_a_pickle_is_never_opened(rooms: dict, cache: Path) -> None:
    trap = cache / "sprung"
    for content in (pickle.dumps(Trap(trap)), array_file(np.array([Trap(trap)], object))):
        put(cache / "nyuv2/val/image/0.npy", content)
        with pytest.raises(ValueError, match="no array of numbers"):
            load_rooms()
    assert not trap.exists()


@pytest.mark.parametrize("validation", [0, 12, 2.5])
def test_validation_images_leave_some_for_training(rooms: dict, validation) -> None:
    with pytest.raises(ValueError, match="validation must be"):
        load_rooms(validation)


@pytest.mark.parametrize("name", ["synthetic-rooms", "synthetic-streets"])
def test_made_scenes_lack_a_tenth_of_their_labels(name: str) -> None:
    data = load(name, images=100, validation=20)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [80, 20, 50]
    for task, targets in zip(data.tasks, data.train.targets, strict=True):
        assert 0.88 < task.labelled(targets).double().mean() < 0.92
