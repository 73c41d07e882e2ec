"""Manual downloads: tables, zips and images that are refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.asserts import peak_below
from helpers.files import lying_header, photograph, put, replace_in, zip_up

from mtlcore.data import celeba, load
from mtlcore.data.manual_files import ManualFolder


def test_a_table_cannot_lead_out_of_the_folder(faces: dict, cache: Path) -> None:
    put(cache / "celeba/secret.jpg", photograph(np.zeros((4, 4, 3), np.uint8)))
    for file in ("list_eval_partition.txt", "list_attr_celeba.txt"):
        replace_in(file, "000005.jpg", "../secret.jpg")(cache / "celeba")
    with pytest.raises(ValueError, match="names images that img_align_celeba does not hold"):
        load("celeba", size=4)


def test_broken_zips_and_large_files(faces: dict, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celeba.IMAGES, "largest", 50_000)
    with pytest.raises(ValueError, match=r"000001.jpg has more than 50,000 bytes"):
        load("celeba", size=4)
    monkeypatch.setattr(celeba.IMAGES, "largest", 178 * 218 * 3 + 2000)
    zip_up(cache / "celeba/img_align_celeba")
    archive = cache / "celeba/img_align_celeba.zip"
    whole = archive.read_bytes()
    for position in (0, 400, 2000):
        spoilt = bytearray(whole)
        spoilt[position : position + 8] = b"\0" * 8
        archive.write_bytes(spoilt)
        with pytest.raises(ValueError, match=r"cannot be read|no JPEG"):
            load("celeba", size=4)
    archive.write_bytes(whole[:-30])
    with pytest.raises(ValueError, match="is no zip"):
        load("celeba", size=4)


def test_an_image_with_too_many_pixels_is_refused(cache: Path) -> None:
    put(cache / "x/images/large.png", photograph(np.zeros((300, 300), np.uint8)))
    with pytest.raises(ValueError, match="300 x 300 pixels"):
        ManualFolder("x", "images", "nowhere", ".png", pixels=80_000).image("large.png", (4, 4))


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_in_a_zip_is_unpacked_to_the_largest_size_at_most(cache: Path, kind: int) -> None:
    folder = ManualFolder("x", "arrays", "nowhere", ".npy", largest=10_000)
    put(cache / "x/arrays/0.npy", bytes(2**24))
    zip_up(cache / "x/arrays", kind=kind)
    assert (cache / "x/arrays.zip").stat().st_size < 70_000
    with peak_below(2**21), pytest.raises(ValueError, match=r"more than 10,000 bytes|stored nor deflated"):
        folder.array("0.npy")


def test_a_header_makes_no_room_for_numbers_that_are_not_there(cache: Path) -> None:
    put(cache / "x/arrays/0.npy", lying_header(10**8))
    with peak_below(2**26), pytest.raises(ValueError, match="no array of numbers"):
        ManualFolder("x", "arrays", "nowhere", ".npy").array("0.npy")


def test_an_image_of_far_more_pixels_than_bytes_is_not_unpacked(cache: Path) -> None:
    put(cache / "x/images/bomb.png", photograph(np.zeros((5000, 5000), np.uint8)))
    folder = ManualFolder("x", "images", "nowhere", ".png", pixels=2**25)
    with pytest.raises(ValueError, match="it has 5000 x 5000 pixels"):
        folder.image("bomb.png", (4, 4))
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1200), np.uint8)
    put(cache / "x/images/large.png", photograph(noise))
    assert folder.image("large.png", (4, 4)).shape == (3, 4, 4)


def test_a_folder_in_place_of_a_file_is_refused(faces: dict, cache: Path) -> None:
    (cache / "celeba/list_eval_partition.txt").unlink()
    (cache / "celeba/list_eval_partition.txt").mkdir()
    with pytest.raises(ValueError, match=r"list_eval_partition\.txt cannot be read: .*directory"):
        load("celeba", size=4)
