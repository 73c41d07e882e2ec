"""PAWS-X: do two sentences say the same? In English, Chinese, German and Spanish, one input a language.

Source: random-weighting paper, Section 5.3 and Table 2: 49,401 training pairs a language, machine-translated
but for English, and 2,000 pairs each for validation and testing, translated by people. Labels are 1 for
a paraphrase, 0 otherwise.

The files are those of the official archive, x-final.tar.gz, unpacked in the folder ``pawsx`` of the cache.
No hash of them is known to us, so what is checked is their form: four columns, and labels 0 or 1.
"""

from __future__ import annotations

import csv

import torch

from mtlcore.data.dataset import Dataset
from mtlcore.data.formats import wordpieces as pieces
from mtlcore.data.formats import words
from mtlcore.data.manual_files import Brought
from mtlcore.data.overlay import check_options
from mtlcore.tasks.batch import MultiTaskData, Split
from mtlcore.tasks.task import Task

LANGUAGES = ("en", "zh", "de", "es")
"""In the order of the paper's Table 3."""

COLUMNS = ["id", "sentence1", "sentence2", "label"]

Pair = tuple[str, str, int]
"""Two sentences, and whether they say the same."""


def _file(language: str, part: str) -> Brought:
    name = {"train": "train" if language == "en" else "translated_train"}.get(part, f"{part}_2k")
    address = "https://storage.googleapis.com/paws/pawsx/x-final.tar.gz (unpack it)"
    return Brought("pawsx", f"x-final/{language}/{name}.tsv", address)


FILES = {
    language: tuple(_file(language, part) for part in ("train", "dev", "test")) for language in LANGUAGES
}


def read_pairs(file: Brought) -> list[Pair]:
    """The pairs of a table; ValueError for other columns, or a label that is neither 0 nor 1."""
    rows = csv.reader(file.read().decode().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    if next(rows, None) != COLUMNS:
        raise ValueError(f"{file.find()} is no table of PAWS-X: its columns should be {', '.join(COLUMNS)}")
    found = []
    for number, row in enumerate(rows, start=2):
        if len(row) != 4 or row[3] not in ("0", "1"):
            raise ValueError(f"line {number} of {file.find()} needs four columns, the last 0 or 1: {row}")
        found.append((row[1], row[2], int(row[3])))
    return found


def make(
    *,
    tokenizer: str,
    sentences: int | None = None,
    validation: int | None = None,
    length: int = 128,
    seed: int = 0,
) -> MultiTaskData:
    """Word pieces (N, 2, L), ids and segments of both sentences of a pair, and labels (N,), a language.

    Parameters
    ----------
    tokenizer : name or folder of a pre-trained tokeniser. Needs the optional package ``transformers``.
    sentences, validation : at most so many training and validation pairs a language, drawn with the seed, the
        same in every language; default all. All test pairs are there.
    length : pairs are cut to so many word pieces, default 128 as in the public code.
    """
    sizes = {"sentences": sentences, "validation": validation}
    check_options(seed=seed, length=length, **{key: n for key, n in sizes.items() if n is not None})
    texts = [[read_pairs(file) for file in FILES[language]] for language in LANGUAGES]
    tokens = pieces.tokenizer(tokenizer)

    def split(part: int, size: int | None) -> Split:
        drawn = [words.some(language[part], size, seed) for language in texts]
        inputs = tuple(
            pieces.pairs([a for a, _, _ in pairs], [b for _, b, _ in pairs], length, tokens)
            for pairs in drawn
        )
        return Split(inputs, tuple(torch.tensor([same for _, _, same in pairs]) for pairs in drawn))

    return MultiTaskData(
        "pawsx",
        split(0, sentences),
        split(1, validation),
        split(2, None),
        tuple(Task.classification(language) for language in LANGUAGES),
    )


DATASETS = (
    Dataset(
        "pawsx",
        "pairs of sentences in English, Chinese, German and Spanish",
        make,
        tuple(file for language in LANGUAGES for file in FILES[language]),
    ),
)
