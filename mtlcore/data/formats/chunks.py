"""The column format of the CoNLL tasks on chunking: words, part-of-speech tags and chunk tags."""

from __future__ import annotations

import re

from mtlcore.data.formats.lines import shortened, split_lines

Tagged = tuple[str, str, str]
"""A word, its part-of-speech tag and its chunk tag."""

_CHUNK = re.compile(r"O|[BI]-[A-Z]+")


def read_chunks(text: str, columns: int, name: str = "a CoNLL text") -> list[list[Tagged]]:
    """Read words and their tags.

    Lines that begin with ``-DOCSTART-`` are skipped: they stand between two documents and hold no word.

    Parameters
    ----------
    text : str
        A word a line, in columns set apart by one space: the word, its part-of-speech tag, its chunk tag,
        and others, which are not read. An empty line ends a sentence.
    columns : int
        Number of columns.
    name : str, default "a CoNLL text"
        What an error calls it.

    Returns
    -------
    sentences : list of list of Tagged
        Words, part-of-speech tags and chunk tags.

    Raises
    ------
    ValueError
        If a line has more or fewer columns or an empty one, or a chunk tag is not ``O``, ``B-`` or ``I-`` and
        capital letters.

    Examples
    --------
    >>> from mtlcore.data.formats.chunks import read_chunks
    >>> read_chunks("Time NN B-NP\\nflies VBZ B-VP\\n\\nFruit NN B-NP\\n", columns=3)
    [[('Time', 'NN', 'B-NP'), ('flies', 'VBZ', 'B-VP')], [('Fruit', 'NN', 'B-NP')]]
    """
    sentences: list[list[Tagged]] = [[]]
    for number, line in enumerate(split_lines(text), start=1):
        if not line:
            sentences.append([])
        elif not line.startswith("-DOCSTART-"):
            fields = line.split(" ")
            if len(fields) != columns or not all(fields) or not _CHUNK.fullmatch(fields[2]):
                raise ValueError(
                    f"line {number} of {name} needs {columns} columns, set apart by one space, the third a "
                    f"chunk tag, O, B-... or I-...: {shortened(line)}"
                )
            sentences[-1].append((fields[0], fields[1], fields[2]))
    return [sentence for sentence in sentences if sentence]
