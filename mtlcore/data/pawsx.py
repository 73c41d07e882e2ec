"""PAWS-X: paraphrase detection in English, Chinese, German and Spanish, one input per language.

Source: random-weighting paper, Section 5.3 and Table 2: 49,401 training pairs of sentences per language,
machine-translated from English, and 2,000 pairs each for validation and testing, translated by people. The
label is 1 for a paraphrase, 0 otherwise.

The files are those of the official archive, ``x-final.tar.gz``, unpacked in the folder ``pawsx`` of the
cache. We do not know their hashes, so their form is checked: four columns, the number of rows, no row twice,
labels 0 and 1, few empty sentences, no endless ones, and the language. The official files have some empty
ones, where a translation failed, and for validation and testing "NS" in their place; they are read as they
are, and such a pair with another label has no label.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from mtlcore.data._options import check_text_options, subset
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.formats import wordpieces
from mtlcore.data.formats.languages import LEAST, check_language
from mtlcore.data.formats.lines import decode, shortened, split_lines
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import UNLABELLED, MultiTaskData, Split, Task

LANGUAGES = ("en", "zh", "de", "es")
"""Languages, in the order of the paper's Table 3."""

COLUMNS = ["id", "sentence1", "sentence2", "label"]

ROWS: Mapping[str, int] = {"train": 49_401, "dev": 2_000, "test": 2_000}
"""Pairs of each part, the same number in every language."""

MOST_EMPTY = 0.05
"""Largest share of pairs without one of their sentences; of the German validation pairs 3.4% lack one."""

LONGEST = 5_000
"""Largest number of characters of a sentence; those of Wikipedia in PAWS have some hundred at most."""

Pair = tuple[str, str, int]
"""Two sentences, and 1 if they are paraphrases of each other, else 0; -100 without a label."""


def _file(language: str, part: str) -> ManualFolder:
    name = {"train": "train" if language == "en" else "translated_train"}.get(part, f"{part}_2k")
    address = "https://storage.googleapis.com/paws/pawsx/x-final.tar.gz (unpack it)"
    largest = 2**25 if part == "train" else 2**22
    return ManualFolder("pawsx", f"x-final/{language}/{name}.tsv", address, largest=largest)


FILES = {language: tuple(_file(language, part) for part in ROWS) for language in LANGUAGES}


def read_pairs(file: ManualFolder, rows: int, language: str) -> list[Pair]:
    """Read a table of PAWS-X.

    Parameters
    ----------
    file : ManualFolder
        A file of tab-separated values.
    rows : int
        Number of pairs of the official one.
    language : str
        One of :data:`LANGUAGES`.

    Returns
    -------
    pairs : list of Pair
        Two sentences and the label of every row.

    Raises
    ------
    ValueError
        If it has other columns than the official one, more or fewer rows, a row twice, another label than 0
        and 1, only one of the two, many empty sentences or an endless one, or another language.
    FileNotFoundError
        If it is not in the cache.
    """
    place = str(file.find())
    head, *lines = split_lines(decode(file.read(), place)) or [""]
    if head.split("\t") != COLUMNS:
        raise ValueError(f"{place} is no table of PAWS-X: its columns should be {', '.join(COLUMNS)}")
    found = []
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(lines, start=2):
        row = line.split("\t")
        if len(row) != 4 or not (row[3] in ("0", "1") or "NS" in row[1:3]):
            raise ValueError(
                f"line {number} of {place} needs four columns, the last 0 or 1: {shortened(line)}"
            )
        if max(map(len, row)) > LONGEST:
            raise ValueError(f"line {number} of {place} has a sentence of more than {LONGEST:,} characters")
        if (first := seen.setdefault(tuple(row[:3]), number)) != number:
            raise ValueError(f"line {number} of {place} has the same pair as line {first}")
        found.append((row[1], row[2], int(row[3]) if row[3] in ("0", "1") else UNLABELLED))
    empty = sum(not {first.strip(), second.strip()}.isdisjoint({"", "NS"}) for first, second, _ in found)
    faults = {
        f"it has {len(found):,} pairs, but the official one {rows:,}": len(found) != rows,
        f"{empty:,} of its {len(found):,} pairs lack a sentence": empty > MOST_EMPTY * len(found),
        "it does not have both labels, 0 and 1": not {0, 1} <= {label for *_, label in found},
    }
    for fault, there in faults.items():
        if there:
            raise ValueError(f"{place} is not the official table: {fault}; get it again from {file.address}")
    check_language(" ".join(f"{first} {second}" for first, second, _ in found), language, place)
    return found


def make(
    *,
    tokenizer: str,
    sentences: int | None = None,
    validation: int | None = None,
    length: int = 128,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"pawsx"``.

    Parameters
    ----------
    tokenizer : str
        Name or folder of a pre-trained tokeniser of ``transformers``.
    sentences : int, optional
        Number of training pairs per language, drawn with the seed, the same rows in every language; by
        default all.
    validation : int, optional
        Number of validation pairs per language; by default all. The test split always has all.
    length : int, default 128
        Cut pairs to this number of word pieces; the default is that of the public code.
    seed : int, default 0
        Seed of the choice of pairs.

    Returns
    -------
    data : MultiTaskData
        One input per task (language): word pieces (N, 2, L), int64, ids and segment ids of both sentences.
        Labels (N,), 0 or 1, -100 without a label.

    Raises
    ------
    ValueError
        If an option is out of range, or a file is not of the expected form.
    FileNotFoundError
        If a file is not in the cache.
    ImportError
        If ``transformers`` is not installed.

    References
    ----------
    Random-weighting paper, Section 5.3.
    """
    check_text_options(sentences=sentences, validation=validation, length=length, seed=seed)
    texts = [
        [read_pairs(file, rows, language) for file, rows in zip(FILES[language], ROWS.values(), strict=True)]
        for language in LANGUAGES
    ]
    tokens = wordpieces.tokenizer(tokenizer)

    def split(part: int, size: int | None) -> Split:
        drawn = [subset(language[part], size, seed) for language in texts]
        inputs = tuple(
            wordpieces.pairs([a for a, _, _ in pairs], [b for _, b, _ in pairs], length, tokens)
            for pairs in drawn
        )
        return Split(inputs, tuple(torch.tensor([label for _, _, label in pairs]) for pairs in drawn))

    return MultiTaskData(
        "pawsx",
        split(0, sentences),
        split(1, validation),
        split(2, None),
        tuple(Task.classification(language) for language in LANGUAGES),
    )


CHECKS = {
    "Size": "a training file has at most 32 MiB, another at most 4 MiB",
    "Encoding": "UTF-8, with or without a byte-order mark",
    "Columns": f"{', '.join(COLUMNS)}; four fields in every row",
    "Rows": ", ".join(f"{number:,} ({part})" for part, number in ROWS.items()),
    "Labels": "0 or 1, and both occur; a pair with NS for a sentence may lack one, as in the official files",
    "Empty sentences": f"at most {MOST_EMPTY:.0%} of the pairs lack a sentence; they are read as they are",
    "Long sentences": f"no sentence has more than {LONGEST:,} characters",
    "Duplicates": "no pair with the same number and sentences twice",
    "Language": f"at least {LEAST:.0%} of the words are among the most frequent of the language (in Chinese: "
    "of the characters are Chinese), and no other language of PAWS-X has a larger share",
    NOT_CHECKED: "words that were changed; labels, or validation and test files, that were exchanged",
}

DATASETS = (
    Dataset(
        "pawsx",
        "pairs of sentences in English, Chinese, German and Spanish",
        make,
        tuple(file for language in LANGUAGES for file in FILES[language]),
        CHECKS,
    ),
)
