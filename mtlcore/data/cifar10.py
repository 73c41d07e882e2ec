"""CIFAR-10 as ten yes-or-no tasks: which of ten things is on a photograph of 32 x 32 pixels?

Source: SLGrad paper, Sections 5.1 and B2.1. Each of the ten classes is a task, airplane the main one: a
sample has the label 1 in the task of its class and 0 in the nine others. Where the text is silent, this
follows the public code:

* Training images are the first ones of the official order, validation images the next.
* A uniform flip makes 0 to 1 and 1 to 0, each label with the same probability. A background flip makes 0 to 1
  and leaves 1 as it is; the paper flips 20%.
* Only labels of the main task are flipped, and only in the training split. The option ``validation_noise``
  is ours.

No random number but those of the flips is drawn.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.files import File
from mtlcore.data.formats.image_batch import read_batch
from mtlcore.tasks import MultiTaskData, Split, Task

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""In the order of their numbers. The first is the main task."""

TASKS = tuple(Task.logistic(name) for name in CLASSES)

SIZE = 32
"""Height and width of an image, in pixels."""

IMAGES = 10_000
"""Number of images of a batch."""

BACKGROUND = 0.2
"""Share of the labels that ``"background"`` flips."""

ARCHIVE = "cifar-10-python.tar.gz"
ADDRESS = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"

Noise = float | Literal["background"]
"""The share of uniform flips, or ``"background"``."""


@dataclass(eq=False)
class Member(File):
    """A member of the official archive. In the cache there may be the member, or the archive as it is.

    Parameters
    ----------
    folder, name, address, size, sha256
        As in :class:`mtlcore.data.files.File`; the address is that of the archive.
    """

    def _places(self) -> list[Path]:
        archive = self.home / ARCHIVE
        return super()._places() + [archive] * archive.is_file()

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        if path.name != ARCHIVE:
            return super()._check(path, what, remedy)
        try:
            with tarfile.open(path) as archive:
                file = archive.extractfile(f"cifar-10-batches-py/{self.name}")
                content = file.read(self.size + 1) if file else b""
            if hashlib.sha256(content).hexdigest() == self.sha256:
                return content
            found = "it has other bytes"
        except (tarfile.TarError, KeyError, EOFError, OSError, zlib.error) as error:
            found = f"it cannot be unpacked ({error})"
        raise ValueError(f"{self.name} in {what} is corrupted or truncated: {found}; {remedy}")

    def _download(self) -> bytes:
        import pooch

        path = pooch.retrieve(self.address, f"sha256:{SHA256}", ARCHIVE, self.home, progressbar=True)
        return self._check(Path(path), path, "delete it to download it again")


BATCHES = tuple(
    Member("cifar10", name, ADDRESS, size, sha256)
    for name, size, sha256 in (
        ("data_batch_1", 31_035_704, "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd"),
        ("data_batch_2", 31_035_320, "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8"),
        ("data_batch_3", 31_035_999, "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9"),
        ("data_batch_4", 31_035_696, "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b"),
        ("data_batch_5", 31_035_623, "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154"),
        ("test_batch", 31_035_526, "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831"),
    )
)
"""Five of training images and one of test images."""


@lru_cache(maxsize=len(BATCHES))
def images_of(batch: Member, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Read one batch. The results are cached, so do not modify the arrays.

    Parameters
    ----------
    batch : Member
        One of :data:`BATCHES`.
    size : int
        Height and width, a divisor of 32: a pixel is the mean of a block of the original ones.

    Returns
    -------
    images : ndarray, shape (N, 3, size, size), uint8
        Red, green and blue.
    classes : ndarray, shape (N,), int64
        Positions in :data:`CLASSES`.
    """
    images, classes = read_batch(batch.read())
    block = SIZE // size
    blocks = images.reshape(-1, 3, size, block, size, block)
    return np.rint(blocks.mean((3, 5))).astype(np.uint8), classes


def flip(labels: Tensor, noise: Noise, rng: np.random.Generator) -> Tensor:
    """Flip some labels.

    Parameters
    ----------
    labels : Tensor of int64, shape (N,)
        0 or 1.
    noise : float or "background"
        The share of uniform flips, or background flips of :data:`BACKGROUND`.
    rng : numpy.random.Generator
        Decides about each label.

    Returns
    -------
    labels : Tensor of int64, shape (N,)
        A new tensor.

    Examples
    --------
    >>> from mtlcore.data.cifar10 import flip
    >>> flip(torch.tensor([0, 1, 0]), 1.0, np.random.default_rng(0))
    tensor([1, 0, 1])
    """
    share = BACKGROUND if isinstance(noise, str) else noise
    drawn = torch.from_numpy(rng.random(len(labels)) < share)
    return torch.where(drawn, 1 if isinstance(noise, str) else 1 - labels, labels)


def flipped(split: Split) -> Tensor:
    """Find the samples whose main label is wrong.

    Exactly one clean label of a sample is 1, so the nine others tell what the main one was.

    Parameters
    ----------
    split : Split
        A split of ``"cifar10-binary"``.

    Returns
    -------
    mask : Tensor of bool, shape (N,)
    """
    return split.targets[0] != 1 - torch.stack(split.targets[1:]).sum(0)


def make(
    *,
    train: int = 16_000,
    validation: int = 4_000,
    test: int = 10_000,
    size: int = SIZE,
    noise: Noise = 0.0,
    validation_noise: Noise = 0.0,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"cifar10-binary"``.

    Parameters
    ----------
    train : int, default 16_000
        Number of training images.
    validation : int, default 4_000
        Number of validation images; they and the training images are 50,000 at most.
    test : int, default 10_000
        Number of test images, 10,000 at most.
    size : int, default 32
        Height and width of the images, a divisor of 32. Smaller ones are means of blocks.
    noise : float or "background", default 0.0
        The share of main training labels that are flipped at random, or ``"background"``.
    validation_noise : float or "background", default 0.0
        The same for the validation split.
    seed : int, default 0
        Seed of the flips.

    Returns
    -------
    data : MultiTaskData
        Images (N, 3, size, size), uint8, and labels (N,), 0 or 1, of the ten tasks.

    Raises
    ------
    ValueError
        If an option is out of range, or a file does not have the pinned content.
    FileNotFoundError
        If a file is not in the cache and cannot be downloaded.

    References
    ----------
    SLGrad paper, Sections 5.1 and B2.1; Krizhevsky 2009.
    """
    check_options(seed=seed, train=train, validation=validation, test=test, size=size)
    _check_noise(noise=noise, validation_noise=validation_noise)
    if SIZE % size:
        raise ValueError(f"size must divide {SIZE}, not be {size}")

    def split(batches: tuple[Member, ...], part: slice, noise: Noise, stream: int) -> Split:
        read = [images_of(batch, size) for batch in batches]
        images, classes = (np.concatenate(arrays)[part] for arrays in zip(*read, strict=True))
        if len(images) < part.stop - part.start:
            raise ValueError(
                f"{part.stop:,} images are asked of {', '.join(batch.name for batch in batches)}, but "
                f"there are {part.start + len(images):,}"
            )
        return _split(images, classes, noise, np.random.default_rng([seed, stream]))

    *training, testing = BATCHES
    whole = train + validation
    needed = tuple(training[: -(-whole // IMAGES)])
    return MultiTaskData(
        "cifar10-binary",
        split(needed, slice(0, train), noise, 0),
        split(needed, slice(train, whole), validation_noise, 1),
        split((testing,), slice(0, test), 0.0, 2),
        TASKS,
    )


def make_photographs(
    *,
    train: int = 400,
    validation: int = 200,
    test: int = 200,
    size: int = 8,
    noise: Noise = 0.0,
    validation_noise: Noise = 0.0,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"synthetic-photographs"``: ten patterns, each with much noise on its pixels.

    Parameters
    ----------
    train : int, default 400
        Number of training images.
    validation : int, default 200
        Number of validation images.
    test : int, default 200
        Number of test images.
    size : int, default 8
        Height and width of the images.
    noise : float or "background", default 0.0
        As in :func:`make`.
    validation_noise : float or "background", default 0.0
        As in :func:`make`.
    seed : int, default 0
        Seed of patterns, images and flips.

    Returns
    -------
    data : MultiTaskData
        As :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, train=train, validation=validation, test=test, size=size)
    _check_noise(noise=noise, validation_noise=validation_noise)
    patterns = np.random.default_rng([seed, 3]).normal(128, 30, (len(CLASSES), 3, size, size))

    def split(images: int, noise: Noise, stream: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        classes = rng.integers(len(CLASSES), size=images)
        pixels = rng.normal(patterns[classes], 60).clip(0, 255).astype(np.uint8)
        return _split(pixels, classes, noise, rng)

    return MultiTaskData(
        "synthetic-photographs",
        split(train, noise, 0),
        split(validation, validation_noise, 1),
        split(test, 0.0, 2),
        TASKS,
    )


def _split(images: np.ndarray, classes: np.ndarray, noise: Noise, rng: np.random.Generator) -> Split:
    """One label a class, those of the main task with flips."""
    main, *others = (torch.from_numpy((classes == c).astype(np.int64)) for c in range(len(CLASSES)))
    return Split(torch.from_numpy(images), (flip(main, noise, rng), *others))


def _check_noise(**given: Noise) -> None:
    for option, value in given.items():
        if value != "background" and not (isinstance(value, int | float) and 0 <= value <= 1):
            raise ValueError(f"{option} is 'background' or a share from 0 to 1, not {value!r}")


DATASETS = (
    Dataset("cifar10-binary", "photographs of ten classes, each class a yes-or-no task", make, files=BATCHES),
    Dataset("synthetic-photographs", "noisy patterns of the form of cifar10-binary", make_photographs),
)
