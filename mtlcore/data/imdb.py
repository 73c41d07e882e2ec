"""IMDB: film reviews, positive or negative, each as the set of its words.

Source: Maas et al. (2011), 25,000 labelled reviews for training and 25,000 for testing, half of them
positive. The Projection paper (Section 4.6) takes 5,000 of the training reviews for validation and tells
a network which of the 10,000 most frequent words a review holds. It reads the reviews as Keras distributes
them, encoded; here they are read from the official texts, so the vocabulary may differ in a few words.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.files import File, unpack
from mtlcore.tasks import MultiTaskData, Split, Task

FOLDERS = ("train/pos", "train/neg", "test/pos", "test/neg")
"""The folders of the archive, in the order in which they are read."""

REVIEWS = 12_500
"""Number of reviews of each folder."""

_WORD = re.compile(r"[a-z0-9']+")


class Archive(File):
    """The archive of the reviews, pinned by its labelled texts, whatever else it holds.

    The hash is that of the texts, in the order of :data:`FOLDERS` and of their numbers, with a zero byte
    between two. So a smaller archive without the unlabelled reviews, ``aclImdb_labelled.tar``, will do as
    well.
    """

    def _places(self) -> list[Path]:
        stems = [self.home / name for name in (self.name, "aclImdb_labelled.tar")]
        paths = [stem.with_name(stem.name + end) for stem in stems for end in ("", ".gz", ".xz")]
        return [path for path in paths if path.is_file()]

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        try:
            texts = b"\0".join(_texts(unpack(path, self.size + 1)))
            found = f"their SHA-256 is {hashlib.sha256(texts).hexdigest()}"
            if found.endswith(self.sha256):
                return texts
        except (OSError, EOFError, KeyError, ValueError, tarfile.TarError) as error:
            found = f"it cannot be read ({' '.join(str(error).split())})"
        raise ValueError(
            f"{what} should hold {REVIEWS:,} reviews in each of {', '.join(FOLDERS)}, with SHA-256 "
            f"{self.sha256}, but {found}; {remedy}, or put a good copy of {self.address} into {self.home}"
        )


def _texts(archive: bytes) -> list[bytes]:
    """The labelled reviews of an archive, in order."""
    found: dict[str, list[tuple[int, bytes]]] = {folder: [] for folder in FOLDERS}
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            folder, _, name = member.name.removeprefix("aclImdb/").rpartition("/")
            if folder in found and member.isfile():
                content = files.extractfile(member)
                assert content is not None
                found[folder].append((int(name.partition("_")[0]), content.read()))
    return [text for folder in FOLDERS for _, text in sorted(found[folder])]


ARCHIVE = Archive(
    "imdb",
    "aclImdb_v1.tar",
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    2**29,
    "db75073f2b11836fcfaba2d97dca239cb396a766e8e0ea809f313d06fc5ab6cc",
)


def make(*, words: int = 10_000, validation: int = 5_000, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"imdb"``.

    Parameters
    ----------
    words : int, default 10_000
        Size of the vocabulary: the words that occur in most training reviews, in lower case.
    validation : int, default 5_000
        Number of training reviews for validation, drawn with the seed.
    seed : int, default 0
        Seed of that choice.

    Returns
    -------
    data : MultiTaskData
        Inputs (N, L), int16: the different words of a review, as numbers from 1 on in order of frequency,
        then 0. L is the largest number of words. One task, ``"positive"``, with labels (N,), 0 or 1, and one
        output, the log-odds.

    Raises
    ------
    ValueError
        If an option is out of range, or the file does not have the pinned content.
    FileNotFoundError
        If the file is not in the cache and cannot be downloaded.

    References
    ----------
    Projection paper, Section 4.6 and Appendix B.5.
    """
    check_options(seed=seed, words=words, validation=validation)
    texts = ARCHIVE.read().split(b"\0")
    half = len(texts) // 2
    if not (validation < half and words < 2**15):
        raise ValueError(f"validation must be below {half:,} and words below {2**15:,}")
    reviews = [_words(text) for text in texts]
    sets = _encode(reviews, _vocabulary(reviews[:half], words))
    quarter = half // 2
    labels = torch.tensor([1, 0, 1, 0]).repeat_interleave(quarter)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(half))

    def split(index: Tensor) -> Split:
        return Split(sets[index], (labels[index],))

    return MultiTaskData(
        "imdb",
        split(order[validation:]),
        split(order[:validation]),
        split(torch.arange(half, len(texts))),
        (Task.logistic("positive"),),
    )


def make_reviews(*, words: int = 40, validation: int = 50, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"synthetic-reviews"``: random sets of words, of which the rarer half are positive.

    A review holds each of the words by chance, three times as often where the word is of its own kind. There
    are 200 training and 200 test reviews beside those for validation.

    Parameters
    ----------
    words : int, default 40
        Size of the vocabulary.
    validation : int, default 50
        Number of reviews for validation.
    seed : int, default 0
        Seed of the reviews.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, words=words, validation=validation)

    def split(stream: int, number: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        labels = rng.integers(0, 2, number)
        own = (np.arange(words) >= words // 2) == labels[:, None]
        held = rng.random((number, words)) < np.where(own, 0.3, 0.1)
        held[:, 0] = True  # no review is empty
        rows = [(row.nonzero()[0] + 1).tolist() for row in held]
        return Split(_rectangle(rows), (torch.from_numpy(labels),))

    return MultiTaskData(
        "synthetic-reviews", split(0, 200), split(1, validation), split(2, 200), (Task.logistic("positive"),)
    )


def _words(text: bytes) -> set[str]:
    """The different words of a review."""
    return set(_WORD.findall(text.decode().lower().replace("<br />", " ")))


def _vocabulary(reviews: list[set[str]], words: int) -> dict[str, int]:
    """Numbers from 1 on of the most frequent words; equally frequent ones in alphabetical order."""
    counts = Counter(chain.from_iterable(reviews))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate(ranked[:words], start=1)}


def _encode(reviews: list[set[str]], vocabulary: dict[str, int]) -> Tensor:
    """Reviews as rows of sorted word numbers, filled up by zeros."""
    rows = [sorted(vocabulary[word] for word in review if word in vocabulary) for review in reviews]
    return _rectangle(rows)


def _rectangle(rows: list[list[int]]) -> Tensor:
    """Rows of different lengths as one tensor, filled up by zeros."""
    filled = np.zeros((len(rows), max(map(len, rows))), np.int16)
    for row, numbers in zip(filled, rows, strict=True):
        row[: len(numbers)] = numbers
    return torch.from_numpy(filled)


DATASETS = (
    Dataset("imdb", "film reviews as sets of words: positive or negative", make, (ARCHIVE,)),
    Dataset("synthetic-reviews", "random sets of words, positive or negative", make_reviews),
)
