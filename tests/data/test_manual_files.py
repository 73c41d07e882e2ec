"""Manual downloads: tables, zips and images that are refused."""

from pathlib import Path

import numpy as np
import pytest
from helpers.files import check_spoilt, photograph, put, replace_in, zip_up

from mtlcore.data import load, manual_files, pawsx
from mtlcore.data.manual_files import ManualFolder


def test_a_table_cannot_lead_out_of_the_folder(faces: dict, cache: Path) -> None:
    put(cache / "celeba/secret.jpg", photograph(np.zeros((4, 4, 3), np.uint8)))
    for file in ("list_eval_partition.txt", "list_attr_celeba.txt"):
        replace_in(file, "000005.jpg", "../secret.jpg")(cache / "celeba")
    with pytest.raises(ValueError, match="names images that img_align_celeba does not hold"):
        load("celeba", size=4)


def test_broken_zips_and_large_files(faces: dict, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual_files, "LARGEST", 50_000)
    with pytest.raises(ValueError, match=r"000001.jpg has more than 50,000 bytes"):
        load("celeba", size=4)
    monkeypatch.setattr(manual_files, "LARGEST", 178 * 218 * 3 + 2000)
    zip_up(cache / "celeba/img_align_celeba")
    archive = cache / "celeba/img_align_celeba.zip"
    whole = archive.read_bytes()
    for position in (0, 400, 2000):
        spoilt = bytearray(whole)
        spoilt[position : position + 8] = b"\0" * 8
        archive.write_bytes(spoilt)
        with pytest.raises(ValueError, match=r"cannot be unpacked|no JPEG"):
            load("celeba", size=4)
    archive.write_bytes(whole[:-30])
    with pytest.raises(ValueError, match="is no zip"):
        load("celeba", size=4)


def test_an_image_with_too_many_pixels_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache / "x/images/large.png", photograph(np.zeros((300, 300), np.uint8)))
    monkeypatch.setattr(manual_files, "LARGEST", 80_000)
    with pytest.raises(ValueError, match="300 x 300 pixels"):
        ManualFolder("x", "images", "nowhere", ".png").image("large.png", (4, 4))


def test_spoilt_tables_of_faces(faces: dict, cache: Path) -> None:
    files = sorted((cache / "celeba").glob("*.txt"))
    check_spoilt(files, lambda: load("celeba-landmarks", images=2, size=4))


def test_spoilt_arrays(rooms: dict, cache: Path) -> None:
    files = sorted((cache / "nyuv2").rglob("1.npy"))
    check_spoilt(files, lambda: load("nyuv2", height=24, width=32, validation=3))


def test_spoilt_pairs(paws: Path) -> None:
    def read() -> None:
        for files in pawsx.FILES.values():
            for file, rows in zip(files, pawsx.ROWS.values(), strict=True):
                pawsx.read_pairs(file, rows)

    check_spoilt(sorted(paws.rglob("*.tsv")), read)
