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
        "line 3 of .* should hold -1 and 1 only, but it holds 0$",
    ),
    "zeros for -1": (
        lambda home: (home / "list_attr_celeba.txt").write_text(
            (home / "list_attr_celeba.txt").read_text().replace("-1", " 0")
        ),
        ValueError,
        "line 3 of .* should hold -1 and 1 only, but it holds 0$",
    ),
    "39 attributes": (
        replace_in("list_attr_celeba.txt", "Attractive ", ""),
        ValueError,
        "list_attr_celeba.txt is not the official table: it has 39 columns, not 40; get it again from https",
    ),
    "a row less": (
        lambda home: (home / "list_attr_celeba.txt").write_text(
            (home / "list_attr_celeba.txt").read_text().rpartition("000012.jpg")[0]
        ),
        ValueError,
        "is not the official table: its first line should be its number of rows, 11, not '12'",
    ),
    "a short row": (
        lambda home: (home / "list_attr_celeba.txt").write_text(
            (home / "list_attr_celeba.txt").read_text().rstrip()[:-8]
        ),
        ValueError,
        "is not the official table: line 14 has 38 fields, not 41",
    ),
    "an image twice": (
        replace_in("list_attr_celeba.txt", "000005.jpg", "000004.jpg"),
        ValueError,
        "is not the official table: line 7 names an image for the second time",
    ),
    "an image in two parts": (
        replace_in("list_eval_partition.txt", "000005.jpg", "000004.jpg"),
        ValueError,
        "list_eval_partition.txt is not the official table: line 5 names an image for the second time",
    ),
    "another encoding": (
        lambda home: (home / "list_attr_celeba.txt").write_bytes(
            (home / "list_attr_celeba.txt").read_bytes().replace(b"Attractive", b"\xe9")
        ),
        ValueError,
        "line 2 of .*list_attr_celeba.txt is no UTF-8 text",
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
        "line 5 of .*list_eval_partition.txt should give an image a part, 0, 1 or 2, not 3$",
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


def test_a_mark_and_other_line_ends_change_nothing(faces: dict, cache: Path) -> None:
    expected = load("celeba", size=4)
    for path in (cache / "celeba").glob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    found = load("celeba", size=4)
    assert torch.equal(found.train.inputs, expected.train.inputs)
    assert all(map(torch.equal, found.train.targets, expected.train.targets))


@pytest.mark.parametrize("factor", [1 / 218, 10])
def test_landmarks_in_another_unit_are_refused(faces: dict, cache: Path, factor: float) -> None:
    path = cache / "celeba" / "list_landmarks_align_celeba.txt"
    count, head, *rows = path.read_text().splitlines()
    rows = [" ".join([r.split()[0], *(str(factor * int(x)) for x in r.split()[1:])]) for r in rows]
    path.write_text("\n".join([count, head, *rows, ""]))
    with pytest.raises(
        ValueError,
        match=r"list_landmarks_align_celeba.txt should hold pixels of aligned images, 178 x 218, but",
    ):
        load("celeba-landmarks", images=3)


@pytest.mark.parametrize("bad", ["nan", "inf", "x", "NA"])
def test_a_landmark_is_a_finite_number(faces: dict, cache: Path, bad: str) -> None:
    path = cache / "celeba" / "list_landmarks_align_celeba.txt"
    count, head, *rows = path.read_text().splitlines()
    rows[4] = " ".join([*rows[4].split()[:-1], bad])
    path.write_text("\n".join([count, head, *rows, ""]))
    with pytest.raises(
        ValueError, match=r"list_landmarks_align_celeba\.txt .* line 7 has a field that is no finite"
    ):
        load("celeba-landmarks", images=3)
