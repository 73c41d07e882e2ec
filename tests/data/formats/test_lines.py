"""Lines end at line feeds only: what is written is read, in every reader of text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.small_data import LABEL, line
from hypothesis import example, given
from hypothesis import strategies as st

from mtlcore.data import pawsx
from mtlcore.data.formats.conllu import Sentence, read_conllu
from mtlcore.data.formats.lines import decode, split_lines
from mtlcore.data.formats.vocabulary import Vocabulary
from mtlcore.data.manual_files import ManualFolder

# Where Python's splitlines and text files split as well, what strip() takes away, and what looks like a mark.
TRAPS = "\v\f\r\x1c\x1d\x1e\x85\u2028\u2029 \u00a0\u3000\u200b\ufeff\"'#\\\0"
LETTERS = st.one_of(st.sampled_from(TRAPS), st.characters(exclude_characters="\t\n", codec="utf-8"))
ENDS = st.sampled_from(["\n", "\r\n"])
MARKS = st.sampled_from(["", "\ufeff"])


@given(st.lists(st.text(LETTERS)), ENDS, st.booleans())
@example(["a\u2028b", "", "c\x85"], "\r\n", True)
def test_lines_are_those_that_were_written(lines: list[str], end: str, mark: bool) -> None:
    lines = [text.rstrip("\r") for text in lines]
    if lines:
        lines[0] = lines[0].lstrip("\ufeff")
    written = ("\ufeff" if mark else "") + "".join(text + end for text in lines)
    assert split_lines(written) == lines
    if lines and lines[-1]:
        assert split_lines(written.removesuffix(end)) == lines
    assert decode(written.encode(), "x") == written


def test_other_encodings_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^line 3 of words\.txt is no UTF-8 text .*b'\\xe9'\); convert the file$"
    ):
        decode("one\ntwo\ncafé\n".encode("latin-1"), "words.txt")


WORDS = st.tuples(st.text(LETTERS, min_size=1), st.sampled_from(sorted(LABEL)))
SENTENCES = st.lists(st.lists(WORDS, min_size=1))


@given(SENTENCES, ENDS, MARKS)
@example([[("10\u2028000", "NUM"), ("\u00a0", "X"), ("\x85", "SYM")], [("#", "SYM")]], "\n", "\ufeff")
def test_words_are_those_that_were_written(
    sentences: list[list[tuple[str, str]]], end: str, mark: str
) -> None:
    text = mark
    for sentence in sentences:
        text += "# text = \u2028 1\u2028\tno word" + end
        text += "".join(line(str(n), *word) + end for n, word in enumerate(sentence, start=1)) + end
    expected = [[(word, LABEL[tag]) for word, tag in sentence] for sentence in sentences]
    assert read_conllu(text) == expected
    assert read_conllu(text.removesuffix(end)) == expected, "no empty line at the end"


@given(SENTENCES.filter(len))
def test_no_word_is_lost_in_the_vocabulary(sentences: list[list[tuple[str, str]]]) -> None:
    labelled: list[Sentence] = [[(word, LABEL[tag]) for word, tag in sentence] for sentence in sentences]
    ids, labels = Vocabulary.learn(labelled).read(labelled, length=100)
    assert [row[row >= 0].tolist() for row in labels] == [
        [tag for _, tag in sentence] for sentence in labelled
    ]
    assert ((ids[:, 0] > 0) == (labels >= 0)).all() and (ids[:, 1][labels >= 0] > 0).all()


@dataclass(eq=False)
class Written(ManualFolder):
    """A file that is not on the disk."""

    content: bytes = b""

    def find(self) -> Path:
        return Path("pairs.tsv")

    def read(self, name: str = "") -> bytes:
        return self.content


PAIRS = st.lists(st.tuples(st.text(LETTERS), st.text(LETTERS), st.integers(0, 1)))


@given(PAIRS, ENDS, MARKS)
@example([("\u00a0", "", 1), ("a\u2028b", 'c" "', 0)], "\r\n", "\ufeff")
def test_pairs_are_those_that_were_written(pairs: list[pawsx.Pair], end: str, mark: str) -> None:
    pairs = [*pairs, ("one", "two", 0), ("one", "one", 1)]
    rows = ["\t".join(pawsx.COLUMNS), *(f"{n}\t{a}\t{b}\t{label}" for n, (a, b, label) in enumerate(pairs))]
    file = Written("", "", "", content=(mark + "".join(row + end for row in rows)).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pawsx, "MOST_EMPTY", 1)
        patch.setattr(pawsx, "check_language", lambda *_: None)
        assert pawsx.read_pairs(file, len(pairs), "en") == pairs
