"""Batches of CIFAR-10: what a pickle may ask for, and what is no batch."""

import os

import numpy as np
import pytest
from helpers.files import python2_pickle

from mtlcore.data.formats.image_batch import read_batch

PIXELS = np.arange(2 * 3072, dtype=np.uint32).reshape(2, 3072).astype(np.uint8)


def batch(**changed: object) -> bytes:
    return python2_pickle(
        {b"data": PIXELS, b"labels": [9, 0], b"filenames": [b"a.png", b"b.png"]}
        | {key.encode(): value for key, value in changed.items()}
    )


def test_images_and_classes() -> None:
    images, classes = read_batch(batch())
    assert images.shape == (2, 3, 32, 32) and images.dtype == np.uint8
    assert images[1, 2, 0, 1] == PIXELS[1, 2 * 1024 + 1]
    assert classes.tolist() == [9, 0] and classes.dtype == np.int64


class Command:
    def __reduce__(self) -> tuple:
        return os.mkdir, ("made-by-a-pickle",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (python2_pickle(Command()), r"it asks for posix\.mkdir"),
        (python2_pickle({b"data": PIXELS, b"labels": Command()}), r"it asks for posix\.mkdir"),
        (batch()[:-200], "no batch of CIFAR-10"),
        (b"", "no batch of CIFAR-10"),
        (b"\x80\x02}q\x01.", "no batch of CIFAR-10: b'data'"),
        (batch(labels=[9]), r"data uint8 \(2, 3072\) and 1 labels"),
        (batch(labels=[9, 10]), "labels from 0 to 9"),
        (batch(data=PIXELS[:, :-1]), r"data uint8 \(2, 3071\)"),
        (batch(data=PIXELS.astype(np.int16)), "data int16"),
    ],
)
def test_anything_else_is_refused(content: bytes, words: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words):
        read_batch(content)
    assert not list(tmp_path.iterdir())
