"""The CoNLL-U format of Universal Dependencies, and the labels of its part-of-speech tags."""

from __future__ import annotations

from mtlcore.tasks import UNLABELLED

Sentence = list[tuple[str, int]]
"""Words of a sentence, each with its label."""

TAGS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
"""The universal tags; a tag's position is its label."""

_LABELS = {tag: label for label, tag in enumerate(TAGS)} | {"CONJ": TAGS.index("CCONJ"), "_": UNLABELLED}


def read_conllu(text: str) -> list[Sentence]:
    """Read words and universal part-of-speech tags from a CoNLL-U text.

    Ranges (``1-2``, one written word that stands for several syntactic words) and empty nodes (``1.1``) are
    skipped. ``CONJ``, a tag of the scheme's first version, is read as its present name ``CCONJ``.

    Parameters
    ----------
    text : str
        Lines of ten tab-separated columns, with an empty line after each sentence.

    Returns
    -------
    sentences : list of Sentence
        Each a list of pairs (word, label); labels are positions in :data:`TAGS`, and -100 (unlabelled)
        for the tag ``_``.

    Raises
    ------
    ValueError
        If a line does not have ten columns, or a tag is unknown.
    """
    sentences: list[Sentence] = [[]]
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            sentences.append([])
        elif not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != 10 or columns[3] not in _LABELS:
                raise ValueError(
                    f"line {number} of a CoNLL-U text needs ten columns, the fourth a universal tag: {line!r}"
                )
            if columns[0].isdigit():
                sentences[-1].append((columns[1], _LABELS[columns[3]]))
    return [sentence for sentence in sentences if sentence]
