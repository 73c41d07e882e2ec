"""CIFAR-10 from small made batches: ten tasks, flips of the main one, the archive or its members."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests
import torch
from helpers.files import python2_pickle
from helpers.small_data import cache  # noqa: F401

import mtlcore as mtl
from mtlcore.data import cifar10
from mtlcore.data.cifar10 import ARCHIVE, BATCHES, flip, flipped, images_of

IMAGES = 1_000


def members() -> dict[str, bytes]:
    """Official in form: 1,000 labels a batch; the pixels of an image are the number of its batch."""
    contents = {}
    for number, batch in enumerate(BATCHES):
        classes = np.random.default_rng(number).permutation(np.arange(IMAGES) % 10)
        data = np.full((IMAGES, 3072), number, np.uint8)
        contents[batch.name] = python2_pickle({b"data": data, b"labels": classes.tolist()})
    return contents


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    return members()


@pytest.fixture
def pinned(contents: dict, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """The data set's folder, empty, with the made contents pinned."""
    monkeypatch.setattr(cifar10, "IMAGES", IMAGES)
    for batch in BATCHES:
        monkeypatch.setattr(batch, "size", len(contents[batch.name]))
        monkeypatch.setattr(batch, "sha256", hashlib.sha256(contents[batch.name]).hexdigest())
    images_of.cache_clear()
    yield cache / "cifar10"
    images_of.cache_clear()


@pytest.fixture
def folder(contents: dict, pinned: Path) -> Path:
    pinned.mkdir()
    for name, content in contents.items():
        (pinned / f"{name}.xz").write_bytes(lzma.compress(content, preset=0))
    return pinned


def archive(contents: dict) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as packed:
        for name, content in contents.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def test_ten_tasks_in_the_official_order(folder: Path) -> None:
    data = mtl.load("cifar10-binary", train=990, validation=20, test=50)
    assert [task.name for task in data.tasks][::9] == ["airplane", "truck"]
    assert data.train.inputs.shape == (990, 3, 32, 32) and data.train.inputs.dtype == torch.uint8
    assert data.validation.inputs[:, 0, 0, 0].tolist() == [0] * 10 + [1] * 10
    assert data.test.inputs.unique().tolist() == [5] and len(data.test) == 50
    assert (torch.stack(data.train.targets).sum(0) == 1).all()
    labels = images_of(BATCHES[0], 32)[1]
    assert torch.equal(data.train.targets[3], torch.from_numpy(labels[:990] == 3).long())


def test_only_main_labels_of_the_training_split_are_flipped(folder: Path) -> None:
    sizes = {"train": 3_000, "validation": 1_000, "test": 100}
    clean, noisy = (mtl.load("cifar10-binary", noise=noise, **sizes) for noise in (0.0, 0.4))
    wrong = noisy.train.targets[0] != clean.train.targets[0]
    assert torch.equal(wrong, flipped(noisy.train)) and not flipped(clean.train).any()
    assert wrong.float().mean() == pytest.approx(0.4, abs=0.03)
    for clean_labels in (0, 1):
        share = wrong[clean.train.targets[0] == clean_labels].float().mean()
        assert share == pytest.approx(0.4, abs=0.08)
    assert all(map(torch.equal, noisy.train.targets[1:], clean.train.targets[1:]))
    for split in ("validation", "test"):
        assert all(map(torch.equal, getattr(noisy, split).targets, getattr(clean, split).targets))
    other = mtl.load("cifar10-binary", noise=0.4, seed=1, **sizes)
    assert not torch.equal(flipped(other.train), wrong)
    spoilt = mtl.load("cifar10-binary", validation_noise=0.4, **sizes)
    assert flipped(spoilt.validation).float().mean() == pytest.approx(0.4, abs=0.06)
    assert not flipped(spoilt.train).any() and not flipped(spoilt.test).any()


def test_background_flips_only_add_airplanes(folder: Path) -> None:
    data = mtl.load("cifar10-binary", train=3_000, validation=1, test=1, noise="background")
    wrong = flipped(data.train)
    assert (data.train.targets[0][wrong] == 1).all()
    negatives = torch.stack(data.train.targets[1:]).sum(0) == 1
    assert wrong[negatives].float().mean() == pytest.approx(0.2, abs=0.03)
    assert data.train.targets[0].float().mean() == pytest.approx(0.28, abs=0.03)


def test_flips_of_none_and_all() -> None:
    labels = torch.tensor([0, 1, 1])
    for noise, expected in ((0.0, [0, 1, 1]), (1.0, [1, 0, 0])):
        assert flip(labels, noise, np.random.default_rng(0)).tolist() == expected
    assert labels.tolist() == [0, 1, 1]


def test_smaller_images_are_means_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.arange(3072, dtype=np.uint32).astype(np.uint8)[None]
    content = python2_pickle({b"data": pixels, b"labels": [6]})
    monkeypatch.setattr(BATCHES[0], "read", lambda: content)
    images_of.cache_clear()
    small, classes = images_of(BATCHES[0], 8)
    images_of.cache_clear()
    assert small.shape == (1, 3, 8, 8) and classes.tolist() == [6]
    assert small[0, 1, 0, 2] == np.rint(pixels.reshape(3, 32, 32)[1, :4, 8:12].mean())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise": 1.1}, "noise is 'background' or a share from 0 to 1, not 1.1"),
        ({"validation_noise": "uniform"}, "validation_noise is 'background' or a share"),
        ({"train": 5_000, "validation": 1}, "5,001 images are asked of data_batch_1"),
        (
            {"train": 9, "validation": 9, "test": 1_001},
            "1,001 images are asked of test_batch, but there are 1,000",
        ),
        ({"size": 12}, "size must divide 32, not be 12"),
        ({"train": 0}, "train must be a whole number"),
    ],
)
def test_options_out_of_range(options: dict, words: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=words):
        mtl.load("cifar10-binary", **options)


def test_the_archive_serves_as_it_is(contents: dict, pinned: Path) -> None:
    pinned.mkdir()
    (pinned / ARCHIVE).write_bytes(archive(contents))
    assert BATCHES[3].state() == ("ok", str(pinned / ARCHIVE))
    assert BATCHES[3].read() == contents["data_batch_4"]
    (pinned / ARCHIVE).write_bytes(archive(contents)[:5_000])
    with pytest.raises(
        ValueError, match=r"data_batch_4 in .* is corrupted or truncated: it cannot be unpacked"
    ):
        BATCHES[3].read()
    (pinned / ARCHIVE).write_bytes(archive(contents | {"data_batch_4": b"other"}))
    with pytest.raises(ValueError, match="it has other bytes; delete it"):
        BATCHES[3].read()
    (pinned / ARCHIVE).write_bytes(archive({}))
    with pytest.raises(ValueError, match=r"data_batch_4 in .* cannot be unpacked"):
        BATCHES[3].read()


def test_what_the_server_sends(contents: dict, pinned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = archive(contents)

    def answer(self: object, address: str, path: str, pup: object) -> None:
        Path(path).write_bytes(sent)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", answer)
    with pytest.raises(ValueError, match="does not match"):
        BATCHES[0].read()
    assert not list(pinned.iterdir())
    monkeypatch.setattr("mtlcore.data.cifar10.SHA256", hashlib.sha256(sent).hexdigest())
    assert BATCHES[0].read() == contents["data_batch_1"] and (pinned / ARCHIVE).is_file()


def test_no_network(pinned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(self: object, address: str, path: str, pup: object) -> None:
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", answer)
    with pytest.raises(
        FileNotFoundError, match=r"cifar10/test_batch is not in the cache .* put it, as it is"
    ):
        BATCHES[-1].read()
