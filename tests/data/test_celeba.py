"""CelebA: small files of the official form, right and wrong ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.files import photograph, replace_in, zip_up
from helpers.small_data import ATTRIBUTES, FACE_FILES
from PIL import Image

from mtlcore.data import load


@pytest.mark.parametrize("zipped", [False, True])
def test_faces_are_what_the_files_say(faces: dict[str, np.ndarray], cache: Path, zipped: bool) -> None:
    home = cache / "celeba"
    if zipped:
        zip_up(home / "img_align_celeba", "img_align_celeba/._000001.jpg", "__MACOSX/000099.jpg")
    before = sorted(home.rglob("*"))
    data = load("celeba", size=8)
    assert sorted(home.rglob("*")) == before, "a zip is read in place"
    assert [t.name for t in data.tasks] == ATTRIBUTES
    start = 0
    for split, number in ((data.train, 6), (data.validation, 3), (data.test, 3)):
        piece = slice(start, start + number)
        labels = torch.stack(split.targets, 1)
        assert torch.equal(labels, torch.from_numpy((faces["signs"][piece] == 1).astype(np.int64)))
        for got, image in zip(split.inputs, faces["pixels"][piece], strict=True):
            resized = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR))
            assert np.array_equal(got.numpy(), resized.transpose(2, 0, 1))
        start += number


def test_landmarks_are_shares_of_the_image(faces: dict[str, np.ndarray]) -> None:
    data = load("celeba-landmarks", images=3)
    assert [t.main for t in data.tasks] == ["auc", "mse"]
    assert data.train.inputs.shape == (3, 1, 40, 40) and data.train.inputs.dtype == torch.uint8
    attractive, places = data.test.targets
    assert attractive.tolist() == (faces["signs"][9:, 0] == 1).astype(int).tolist()
    torch.testing.assert_close(places[:, 0], torch.from_numpy(faces["places"][9:, 0] / 178).float())
    torch.testing.assert_close(places[:, 1], torch.from_numpy(faces["places"][9:, 1] / 218).float())
    grey = Image.fromarray(faces["pixels"][9]).convert("L").resize((40, 40), Image.Resampling.BILINEAR)
    assert np.array_equal(data.test.inputs[0, 0].numpy(), np.asarray(grey))


def test_landmarks_images_are_drawn_by_the_seed(faces: dict[str, np.ndarray]) -> None:
    first, same, other = (load("celeba-landmarks", images=2, size=4, seed=s).train for s in (0, 0, 3))
    assert torch.equal(first.inputs, same.inputs) and not torch.equal(first.inputs, other.inputs)
    with pytest.raises(ValueError, match="a part of CelebA has 3 images, not 4"):
        load("celeba-landmarks", images=4)
    with pytest.raises(ValueError, match="no attribute 'Clever'; it has Attractive"):
        load("celeba-landmarks", images=1, main="Clever")


WRONG_FACES: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "no images": (
        lambda home: (home / "img_align_celeba").rename(home / "faces"),
        FileNotFoundError,
        r"put img_align_celeba \(or img_align_celeba.zip\) into the folder",
    ),
    "no attributes": (
        lambda home: (home / "list_attr_celeba.txt").unlink(),
        FileNotFoundError,
        r"celeba/list_attr_celeba.txt is not in the cache and has to be downloaded by hand: get it from https://mmlab",
    ),
    "an image less": (
        lambda home: (home / "img_align_celeba" / FACE_FILES[3]).unlink(),
        ValueError,
        "holds 11 .jpg files, but the official one has 12",
    ),
    "no image": (
        lambda home: (home / "img_align_celeba" / FACE_FILES[3]).write_bytes(b"\xff\xd8\xff nothing"),
        ValueError,
        "000004.jpg is no JPEG or PNG image",
    ),
    "another format": (
        lambda home: (home / "img_align_celeba" / FACE_FILES[3]).write_bytes(
            photograph(np.zeros((9, 9), np.uint8), "GIF")
        ),
        ValueError,
        "000004.jpg is no JPEG or PNG image",
    ),
    "a sign of 0": (
        lambda home: (home / "list_attr_celeba.txt").write_text(
            f"1\n{' '.join(ATTRIBUTES)}\n{FACE_FILES[0]} {'0 ' * 40}\n"
        ),
        ValueError,
        "should hold -1 and 1 only",
    ),
    "words": (
        lambda home: (home / "list_attr_celeba.txt").write_text("2\na b\nx.jpg one two\n"),
        ValueError,
        "is not the official table",
    ),
    "no lines": (
        lambda home: (home / "list_attr_celeba.txt").write_text(""),
        ValueError,
        "is not the official table",
    ),
    "a fourth part": (
        replace_in("list_eval_partition.txt", "000005.jpg 0", "000005.jpg 3"),
        ValueError,
        "give every image a part, 0, 1 or 2",
    ),
    "an unknown image": (
        replace_in("list_eval_partition.txt", "000005.jpg", "000055.jpg"),
        ValueError,
        "do not name the same images",
    ),
}


@pytest.mark.parametrize("case", WRONG_FACES)
def test_wrong_faces_are_refused(faces: dict, cache: Path, case: str) -> None:
    spoil, kind, words = WRONG_FACES[case]
    spoil(cache / "celeba")
    with pytest.raises(kind, match=words):
        load("celeba", size=4)
