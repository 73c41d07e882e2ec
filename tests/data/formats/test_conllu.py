"""CoNLL-U files."""

import pytest
from helpers.small_data import LABEL, line

from mtlcore.data.formats.conllu import read_conllu
from mtlcore.tasks import UNLABELLED

CONLLU = "\n".join(
    [
        "# text = can't stop",
        line("1-2", "can't", "_"),
        line("1", "ca", "AUX"),
        line("2", "n't", "PART"),
        line("2.1", "we", "PRON"),
        line("3", "stop", "VERB"),
        "",
        "# newdoc",
        line("1", "Bùi Văn", "PROPN"),
        line("2", "và", "CONJ"),
        line("3", "?", "_"),
        "",
        "",
    ]
)


def test_ranges_and_empty_nodes_are_passed_over():
    assert read_conllu(CONLLU) == [
        [("ca", LABEL["AUX"]), ("n't", LABEL["PART"]), ("stop", LABEL["VERB"])],
        [("Bùi Văn", LABEL["PROPN"]), ("và", LABEL["CCONJ"]), ("?", UNLABELLED)],
    ]
    assert read_conllu(CONLLU.rstrip("\n")) == read_conllu(CONLLU), "no empty line at the end"
    assert read_conllu("") == []


@pytest.mark.parametrize(
    "bad",
    [
        line("1", "a", "NN"),
        line("1", "a", "X")[:-2],
        "a X",
        "\t" * 9,
        " ",
        line("1", "", "X"),
        line("", "a", "X"),
        line("2", "a", "X"),
        line("01", "a", "X"),
        line("\u00b9", "a", "X"),
        line("one", "a", "X"),
        line("1.x", "a", "X"),
    ],
)
def test_a_line_of_another_format_is_refused(bad: str):
    with pytest.raises(ValueError, match=r"line 2 of a CoNLL-U text .*\(1 comes next\)"):
        read_conllu(f"# a\n{bad}\n")


def test_a_word_that_was_lost_is_noticed():
    with pytest.raises(ValueError, match=r"line 3 of a CoNLL-U text .*\(2 comes next\)"):
        read_conllu("\n".join(["# text = a c", line("1", "a", "X"), line("3", "c", "X")]))
