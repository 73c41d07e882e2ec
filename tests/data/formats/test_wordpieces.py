"""Word pieces: labels at the first piece of a word, padding, and the missing extra."""

import sys

import pytest
from helpers.small_data import WRITTEN
from hypothesis import example, given
from hypothesis import strategies as st

from mtlcore.data.formats import wordpieces
from mtlcore.models import bert


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    for call in (lambda: wordpieces.tokenizer("any"), lambda: bert("words", classes=2)):
        with pytest.raises(ImportError, match=r"pip install 'mtlcore\[transformers\]'"):
            call()


def test_a_word_is_labelled_at_its_first_piece(pretrained: str):
    tokens = wordpieces.tokenizer(pretrained)
    x, y = wordpieces.tagged([[("the", 1), ("running", 2), ("zebra", 3)], [("dog", 4)]], 6, tokens)
    number = {piece: i for i, piece in enumerate(WRITTEN)}
    shown = [
        ["[CLS]", "the", "run", "##ning", "[UNK]", "[SEP]"],
        ["[CLS]", "dog", "[SEP]", "[PAD]", "[PAD]", "[PAD]"],
    ]
    assert x[:, 0].tolist() == [[number[piece] for piece in row] for row in shown]
    assert x.shape == (2, 2, 6) and (x[:, 1] == 0).all()
    assert y.tolist() == [[-100, 1, 2, -100, 3, -100], [-100, 4, -100, -100, -100, -100]]
    short, labels = wordpieces.tagged([[("the", 1), ("running", 2), ("zebra", 3)]], 4, tokens)
    assert short[0, 0].tolist() == [number[piece] for piece in ("[CLS]", "the", "run", "[SEP]")]
    assert labels.tolist() == [[-100, 1, 2, -100]]


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(0, 16)), min_size=1, max_size=5))
@example([("10\u00a0000", 3), ("\u2028", 4), ("\x85", 5), (" ", 6), ("a\u200bb", 7)])
def test_every_word_keeps_its_label(pretrained: str, sentence: list[tuple[str, int]]):
    pieces, labels = wordpieces.tagged([sentence], 10_000, wordpieces.tokenizer(pretrained))
    assert labels[labels >= 0].tolist() == [label for _, label in sentence]
    assert pieces.shape[2] >= len(sentence) + 2
