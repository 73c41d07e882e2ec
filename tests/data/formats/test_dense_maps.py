"""Arrays of images and labels: wrong ones are refused; synthetic scenes."""

import pickle
from collections.abc import Callable
from functools import partial
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
    "header": (
        "val/image/0.npy",
        array_file(np.zeros((*SMALL_MAPS, 3))).replace(b"'s", b"('", 1),
        "no array of numbers",
    ),
    "a lie": ("val/image/0.npy", lying_header(), "no array of numbers"),
    "shape": (
        "val/depth/1.npy",
        array_file(np.zeros(SMALL_MAPS)),
        r"shape \(24, 32, 1\), but it has the shape",
    ),
    "kind": ("val/label/1.npy", array_file(np.full(SMALL_MAPS, "x")), "type <U1"),
    "nan": ("val/normal/1.npy", array_file(np.full((*SMALL_MAPS, 3), np.nan)), "finite.*some are NaN"),
    "class 13": (
        "val/label/1.npy",
        array_file(np.full(SMALL_MAPS, 13)),
        r"-1 \(no label\) to 12, .*13 to 13",
    ),
    "class 0.5": ("val/label/1.npy", array_file(np.full(SMALL_MAPS, 0.5)), r"classes from -1 .*0\.5 to 0\.5"),
}

# What other versions of these data sets hold: the file, its change, and what is expected and found.
CONVENTIONS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray], str]] = {
    "bytes as floats": ("image", lambda x: 255 * x, r"pixels from 0 to 1, .* go from 0\.\d+ to 25\d"),
    "bytes": ("image", lambda x: np.rint(255 * x).astype(np.uint8), "pixels from 0 to 1, .* to 255"),
    "centred": ("image", lambda x: 2 * x - 1, "pixels from 0 to 1, .* go from -0.99"),
    "255 is no label": ("label", lambda x: np.where(x < 0, 255, x), "classes from -1 .* to 12, .* to 255"),
    "0 is no label": ("label", lambda x: x + 1, "classes from -1 .* to 12, .* go from 0 to 13"),
    "-1 is no depth": (
        "depth",
        lambda x: np.where(x == 0, -1, x),
        r"depths from 0 \(no label\) to 20, .*-1 to",
    ),
    "millimetres": ("depth", lambda x: 1000 * x, r"depths from 0 .* to 20, .* go from 0 to 8\d\d\d"),
    "images": ("normal", lambda x: (x + 1) / 2, r"normals of length 1 .* go from (0|\d.*e-)"),
    "images of bytes": ("normal", lambda x: 127.5 * (x + 1), "normals of length 1 .* to 25"),
    "one of them endless": (
        "normal",
        lambda x: np.where(np.arange(x.size).reshape(x.shape), x, 1e300),
        r"normals of length 1 .* to 1e\+300",
    ),
    "another length": ("normal", lambda x: x / 2, "normals of length 1 .* -0.4.* to 0.4"),
}


@pytest.mark.parametrize("part", ["train", "val"])
@pytest.mark.parametrize("case", CONVENTIONS)
def test_another_convention_is_refused(rooms: dict, cache: Path, part: str, case: str) -> None:
    kind, change, words = CONVENTIONS[case]
    path = cache / "nyuv2" / part / kind / "1.npy"
    put(path, array_file(change(np.load(path))))
    with pytest.raises(ValueError, match=words) as error:
        load_rooms()
    said = str(error.value)
    assert said.startswith(f"{path} should hold ") and "lorenmt/mtan" in said and "\n" not in said


def test_labels_in_which_no_pixel_is_missing_are_refused(rooms: dict, cache: Path) -> None:
    """0 is "no label", and the classes from 1 to 12 fit."""
    for path in (cache / "nyuv2/val/label").iterdir():
        put(path, array_file(np.maximum(np.load(path), 0)))
    with pytest.raises(ValueError, match=r"val/label should hold the class -1 .* no pixel has it"):
        load_rooms()


def test_what_resizing_does_at_edges_is_allowed(rooms: dict, cache: Path) -> None:
    for kind, change in (
        ("image", lambda x: 1.3 * x - 0.15),
        ("normal", lambda x: np.where(np.arange(x.shape[1])[:, None] < 8, 0.6 * x, x)),
    ):
        path = cache / "nyuv2/val" / kind / "1.npy"
        put(path, array_file(change(np.load(path))))
    assert len(load_rooms().test) == 2


def test_inverse_depths_are_below_one(streets: None, cache: Path) -> None:
    """Disparities, depths in metres."""
    load_streets = partial(load, "cityscapes", height=24, width=32, validation=2)
    load_streets()
    path = cache / "cityscapes/val/depth/1.npy"
    put(path, array_file(100 * np.load(path)))
    with pytest.raises(ValueError, match=r"val/depth/1\.npy should hold depths from 0 \(no label\) to 1, "):
        load_streets()


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
