"""Film reviews, as sets of words."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
import torch

from mtlcore.data import imdb, load

TEXTS = {
    "train/pos": ["Good, good film<br />", "a good one"],
    "train/neg": ["Bad film", "it's a bad one"],
    "test/pos": ["good\x85", "New words"],
    "test/neg": ["bad", "a bad film"],
}


def archive(texts: dict[str, list[str]]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as files:
        for folder, reviews in [*texts.items(), ("train/unsup", ["nothing"])]:
            for number in reversed(range(len(reviews))):
                content = reviews[number].encode()
                info = tarfile.TarInfo(f"aclImdb/{folder}/{number}_7.txt")
                info.size = len(content)
                files.addfile(info, io.BytesIO(content))
    return data.getvalue()


@pytest.fixture
def reviews(cache: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Path:
    content = b"\0".join(text.encode() for folder in TEXTS.values() for text in folder)
    monkeypatch.setattr(imdb.ARCHIVE, "sha256", hashlib.sha256(content).hexdigest())
    path = cache / "imdb/aclImdb_v1.tar.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(archive(TEXTS)))
    return path


def test_reviews_are_sets_of_words(reviews: Path) -> None:
    """In order of frequency, then of the alphabet: a, bad, film, good, one, it's."""
    data = load("imdb", words=6, validation=1, seed=0)
    assert [len(data.train), len(data.validation), len(data.test)] == [3, 1, 4]
    both = torch.cat([data.train.inputs, data.validation.inputs])
    labels = torch.cat([data.train.targets[0], data.validation.targets[0]])
    found = {(tuple(row[row > 0].tolist()), label.item()) for row, label in zip(both, labels, strict=True)}
    assert found == {((3, 4), 1), ((1, 4, 5), 1), ((2, 3), 0), ((1, 2, 5, 6), 0)}
    assert data.test.inputs.tolist() == [[4, 0, 0, 0], [0] * 4, [2, 0, 0, 0], [1, 2, 3, 0]]
    assert data.test.targets[0].tolist() == [1, 1, 0, 0]


def test_the_smaller_archive_will_do(reviews: Path) -> None:
    whole = load("imdb", words=6, validation=1).test.inputs
    reviews.rename(reviews.with_name("aclImdb_labelled.tar.gz"))
    assert torch.equal(load("imdb", words=6, validation=1).test.inputs, whole)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(TEXTS | {"test/neg": ["bad", "a good film"]}), "but their SHA-256 is"),
        (archive(TEXTS)[:700], "but it cannot be read"),
        (b"no archive", "but it cannot be read"),
    ],
)
def test_another_archive_is_refused(reviews: Path, content: bytes, words: str) -> None:
    reviews.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=words):
        load("imdb")


def test_more_for_validation_than_there_is(reviews: Path) -> None:
    with pytest.raises(ValueError, match="validation must be below 4"):
        load("imdb", words=6, validation=4)


def test_synthetic_reviews_tell_their_label() -> None:
    data = load("synthetic-reviews", words=20)
    rare = (data.test.inputs > 10).sum(1) - ((data.test.inputs > 0) & (data.test.inputs <= 10)).sum(1)
    assert ((rare > 0) == data.test.targets[0]).float().mean() > 0.7
