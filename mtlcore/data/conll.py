"""Text chunking with part-of-speech tagging as auxiliary task: two CoNLL tasks.

Source: Projection paper, Section 4.5 and Appendix B.4: the words of CoNLL-2003 as one stream, cut into
windows of ten, and for each word its chunk tag (main task) and its part-of-speech tag. That text is under
licence, so ``conll2003`` reads files that the user has. ``conll2000`` is the earlier task on chunking, whose
data are open: other articles, the same kinds of tags, and no validation part, so the last training sentences
serve as one.

Deviations: the public code makes its vocabulary of all words of the three parts and drops the words after
the last whole window of a batch. Here the vocabulary is that of the training part, and each word is in one
window.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mtlcore.data._options import check_options, subset
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.files import File
from mtlcore.data.formats.chunks import Tagged, read_chunks
from mtlcore.data.formats.lines import decode
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import UNLABELLED, MultiTaskData, Split, Task

ARCHIVE = File(
    "conll2000",
    "conll2000.zip",
    "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/conll2000.zip",
    756_607,
    "01e65164f268366e7caa0db92332a1955d081908c87016e2c7640c3c5279b7cd",
)

ADDRESS = "https://www.clips.uantwerpen.be/conll2003/ner/"


class Part(NamedTuple):
    """A file of CoNLL-2003, and the number of its words."""

    file: ManualFolder
    words: int


PARTS = (
    Part(ManualFolder("conll2003", "eng.train", ADDRESS, alias="train.txt", largest=2**23), 203_621),
    Part(ManualFolder("conll2003", "eng.testa", ADDRESS, alias="valid.txt", largest=2**23), 51_362),
    Part(ManualFolder("conll2003", "eng.testb", ADDRESS, alias="test.txt", largest=2**23), 46_435),
)
"""Training, validation and test part. Numbers of words: Tjong Kim Sang and De Meulder (2003), Table 1."""

TASKS = (Task.classification("chunk"), Task.classification("pos"))


def make(
    *,
    windows: int | None = None,
    validation: int = 500,
    words: int = 20_000,
    length: int = 10,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"conll2000"``.

    Parameters
    ----------
    windows : int, optional
        Number of training windows, drawn with the seed; by default all.
    validation : int, default 500
        The last of the 8,936 training sentences are for validation: this number.
    words : int, default 20_000
        Size of the vocabulary: the most frequent words of the training part, as they are written. The default
        is more than there are.
    length : int, default 10
        Number of words of a window.
    seed : int, default 0
        Seed of the choice of windows.

    Returns
    -------
    data : MultiTaskData
        Inputs (N, length), int32: numbers of words, from 1 on in order of frequency, 0 for others and after
        the last word of a part. Labels (N, length) of ``"chunk"`` and ``"pos"``, the tags' places in the
        alphabet, and -100 after the last word.

    Raises
    ------
    ValueError
        If an option is out of range, or the file does not have the pinned content.
    FileNotFoundError
        If the file is not in the cache and cannot be downloaded.

    References
    ----------
    Projection paper, Section 4.5 and Appendix B.4. Tjong Kim Sang and Buchholz (2000).
    """
    check_options(seed=seed, validation=validation, words=words, length=length)
    with zipfile.ZipFile(io.BytesIO(ARCHIVE.read())) as files:
        train, test = (
            read_chunks(decode(files.read(f"conll2000/{part}.txt"), part), 3) for part in ("train", "test")
        )
    if validation >= len(train):
        raise ValueError(f"validation must be below {len(train):,}, the number of training sentences")
    parts = (train[:-validation], train[-validation:], test)
    return _assemble("conll2000", parts, windows, words, length, seed)


def make_2003(
    *, windows: int | None = None, words: int = 30_000, length: int = 10, seed: int = 0
) -> MultiTaskData:
    """Make the data set ``"conll2003"``.

    Parameters
    ----------
    windows : int, optional
        Number of training windows, drawn with the seed; by default all.
    words : int, default 30_000
        Size of the vocabulary, as in :func:`make`.
    length : int, default 10
        Number of words of a window.
    seed : int, default 0
        Seed of the choice of windows.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range, or a file is not as the official one.
    FileNotFoundError
        If a file is not in the cache.

    References
    ----------
    Projection paper, Section 4.5 and Appendix B.4. Tjong Kim Sang and De Meulder (2003).
    """
    check_options(seed=seed, words=words, length=length)
    return _assemble("conll2003", [_read(part) for part in PARTS], windows, words, length, seed)


def _read(part: Part) -> list[list[Tagged]]:
    """The sentences of a file of CoNLL-2003."""
    place = str(part.file.find())
    sentences = read_chunks(decode(part.file.read(), place), 4, place)
    if (found := sum(map(len, sentences))) != part.words:
        raise ValueError(
            f"{place} holds {found:,} words, but the official one {part.words:,}; get it again from {ADDRESS}"
        )
    return sentences


def make_chunks(
    *, windows: int | None = None, words: int = 40, length: int = 10, seed: int = 0
) -> MultiTaskData:
    """Make the data set ``"synthetic-chunks"``: random words in chunks of an article, adjectives and a noun.

    The training part has 120 chunks, the others 40 each; the number of a word tells what it is.

    Parameters
    ----------
    windows : int, optional
        Number of training windows, drawn with the seed; by default all.
    words : int, default 40
        Size of the vocabulary.
    length : int, default 10
        Number of words of a window.
    seed : int, default 0
        Seed of the words, and of the choice of windows.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, words=words, length=length)

    def chunks(stream: int, number: int) -> list[list[Tagged]]:
        rng = np.random.default_rng([seed, stream])
        made = []
        for adjectives in rng.integers(0, 4, number):
            kinds = ["DT", *["JJ"] * adjectives, "NN", "."]
            tags = ["B-NP", *["I-NP"] * (adjectives + 1), "O"]
            written = [f"{kind}{rng.integers(20)}" for kind in kinds]
            made.append(list(zip(written, kinds, tags, strict=True)))
        return made

    parts = [chunks(stream, number) for stream, number in enumerate((120, 40, 40))]
    return _assemble("synthetic-chunks", parts, windows, words, length, seed)


def _assemble(
    name: str, parts: Sequence[list[list[Tagged]]], windows: int | None, words: int, length: int, seed: int
) -> MultiTaskData:
    """Number words and tags, and cut each part into windows."""
    if windows is not None:
        check_options(windows=windows)
    streams = [list(chain.from_iterable(part)) for part in parts]
    counts = Counter(word for word, *_ in streams[0])
    numbers = {word: number for number, (word, _) in enumerate(counts.most_common(words), start=1)}
    kinds, chunks = (
        {tag: label for label, tag in enumerate(sorted({row[column] for row in chain(*streams)}))}
        for column in (1, 2)
    )

    def cut(stream: list[Tagged]) -> Tensor:
        rows = [(numbers.get(word, 0), chunks[chunk], kinds[kind]) for word, kind, chunk in stream]
        rows += [(0, UNLABELLED, UNLABELLED)] * (-len(rows) % length)
        return torch.tensor(rows).reshape(-1, length, 3)

    def split(part: Tensor) -> Split:
        return Split(part[..., 0].int(), (part[..., 1].contiguous(), part[..., 2].contiguous()))

    train, validation, test = map(cut, streams)
    drawn = train[subset(range(len(train)), windows, seed)]
    return MultiTaskData(name, split(drawn), split(validation), split(test), TASKS)


CHECKS = {
    "Size": f"a file has at most {PARTS[0].file.largest:,} bytes",
    "Encoding": "UTF-8, with or without a byte-order mark",
    "Columns": "four, set apart by one space",
    "Tags": "the third column holds O, B-... or I-...",
    "Words": ", ".join(f"{part.words:,}" for part in PARTS) + " in training, validation and test part",
    NOT_CHECKED: "tags that were exchanged, and whether B- begins every chunk or only one next to its like",
}
DATASETS = (
    Dataset("conll2000", "text chunking and parts of speech in news", make, (ARCHIVE,)),
    Dataset(
        "conll2003",
        "text chunking and parts of speech in news; manual download",
        make_2003,
        tuple(part.file for part in PARTS),
        CHECKS,
    ),
    Dataset("synthetic-chunks", "random words in chunks", make_chunks),
)
