"""The CoNLL-U format of Universal Dependencies, and the labels of its part-of-speech tags."""

from __future__ import annotations

import re

from mtlcore.data.formats.lines import shortened, split_lines
from mtlcore.tasks import UNLABELLED

Sentence = list[tuple[str, int]]
"""Words of a sentence, each with its label."""

TAGS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
"""The universal tags; a tag's position is its label."""

_LABELS = {tag: label for label, tag in enumerate(TAGS)} | {"CONJ": TAGS.index("CCONJ"), "_": UNLABELLED}

_NO_WORD = re.compile(r"[0-9]+[-.][0-9]+")


def read_conllu(text: str, name: str = "a CoNLL-U text") -> list[Sentence]:
    """Read words and universal part-of-speech tags from a CoNLL-U text.

    Ranges (``1-2``, one written word that stands for several syntactic words) and empty nodes (``1.1``) are
    skipped. ``CONJ``, a tag of the scheme's first version, is read as its present name ``CCONJ``.

    Parameters
    ----------
    text : str
        Lines of ten tab-separated columns, with an empty line after each sentence.
    name : str, default "a CoNLL-U text"
        What an error calls it.

    Returns
    -------
    sentences : list of Sentence
        Each a list of pairs (word, label); labels are positions in :data:`TAGS`, and -100 (unlabelled)
        for the tag ``_``.

    Raises
    ------
    ValueError
        If a line does not have ten columns, a word is empty, the words of a sentence are not numbered from 1
        on, or a tag is unknown.
    """
    sentences: list[Sentence] = [[]]
    for number, line in enumerate(split_lines(text), start=1):
        if not line:
            sentences.append([])
        elif not line.startswith("#"):
            columns = line.split("\t")
            word = len(sentences[-1]) + 1
            is_word = columns[0] == str(word)
            if (
                len(columns) != 10
                or not (is_word or _NO_WORD.fullmatch(columns[0]))
                or not columns[1]
                or columns[3] not in _LABELS
            ):
                raise ValueError(
                    f"line {number} of {name} needs ten columns, the first the number of the word "
                    f"({word} comes next), the second the word, the fourth a universal tag: {shortened(line)}"
                )
            if is_word:
                sentences[-1].append((columns[1], _LABELS[columns[3]]))
    return [sentence for sentence in sentences if sentence]
