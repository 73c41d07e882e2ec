"""PAWS-X, read from small files of the official form."""

from pathlib import Path

import pytest
from helpers.small_data import numbered

from mtlcore.data import load, pawsx
from mtlcore.tasks import UNLABELLED


def test_pairs_are_read_with_their_quotation_marks(paws: Path):
    file = pawsx.FILES["es"][1]
    assert pawsx.read_pairs(file, 3, "es") == [
        ("el perro", 'un perro y el perro " "', 1),
        ("el perro", "el perro", 0),
        ("un", "el perro del perro", 1),
    ]
    table = paws / "es" / "dev_2k.tsv"
    for bad in ("2\ta\tb\t2", "2\ta\tb"):
        table.write_text("\n".join(["\t".join(pawsx.COLUMNS), *numbered("es", 1), bad]))
        with pytest.raises(
            ValueError, match=r"line 3 of .*es/dev_2k\.tsv needs four columns, the last 0 or 1"
        ):
            pawsx.read_pairs(file, 3, "es")


def test_paws_x(paws: Path, pretrained: str):
    data = load("pawsx", tokenizer=pretrained, length=6)
    assert [task.name for task in data.tasks] == ["en", "zh", "de", "es"]
    assert [task.main for task in data.tasks] == ["accuracy"] * 4
    assert [len(y) for y in data.train.targets] == [5] * 4 and len(data.test) == 3
    assert data.test.targets[3].tolist() == [1, 0, 1]
    x = data.test.inputs[0]
    assert x.shape == (3, 2, 6)
    assert x[2].tolist() == [[2, 10, 3, 5, 7, 3], [0, 0, 0, 1, 1, 1]], "cut, from the longer sentence"
    assert [len(y) for y in load("pawsx", tokenizer=pretrained, sentences=2).train.targets] == [2] * 4


def test_a_table_of_another_form_or_none(paws: Path):
    path = paws / "de" / "dev_2k.tsv"
    path.write_text("sentence1\tsentence2\tlabel\n")
    with pytest.raises(ValueError, match=r"dev_2k\.tsv is no table of PAWS-X: its columns"):
        load("pawsx", tokenizer="any")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"pawsx/x-final/de/dev_2k\.tsv is not in the cache"):
        load("pawsx", tokenizer="any")


def test_the_official_number_of_pairs():
    assert pawsx.ROWS == {"train": 49_401, "dev": 2_000, "test": 2_000}


SPOILT = {
    "cut at a line": (lambda rows: rows[:-1], "it has 59 pairs, but the official one 60"),
    "a line more": (lambda rows: [*rows, "61\ta\tb\t0"], "it has 61 pairs"),
    "cut in a line": (
        lambda rows: [*rows[:-1], rows[-1][:-2]],
        r"^line 61 of .*es/dev_2k\.tsv needs four columns",
    ),
    "an empty line": (lambda rows: [rows[0], "", *rows[2:]], r"^line 3 of .* needs four columns.*: ''$"),
    "no sentences": (
        lambda rows: [f"{n}\t\u00a0\ta\t0" for n in range(4)] + rows[4:],
        "4 of its 60 pairs lack a sentence",
    ),
    "placeholders": (
        lambda rows: [f"{n}\ta\tNS\t0" for n in range(4)] + rows[4:],
        "4 of its 60 pairs lack a sentence",
    ),
    "all paraphrases": (lambda rows: [row[:-1] + "1" for row in rows], "not have both labels, 0 and 1"),
    "two labels": (lambda rows: [rows[0] + "0", *rows[1:]], r"^line 2 of .* the last 0 or 1"),
    "another encoding": (lambda rows: ["1\tcaf\udce9\ta\t0", *rows[1:]], r"^line 2 of .* is no UTF-8 text"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_table_is_refused(paws: Path, case: str):
    change, words = SPOILT[case]
    path = paws / "es" / "dev_2k.tsv"
    text = "\n".join(["\t".join(pawsx.COLUMNS), *change(numbered("es", 60)), ""])
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=words) as error:
        pawsx.read_pairs(pawsx.FILES["es"][1], 60, "es")
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_translation_that_failed_is_read_as_it_is(paws: Path):
    """Without a label of its own the pair has none."""
    rows = ["1\t\t\t0", "2\ta\tNS\t1", "3\tNS\tNS\t", *numbered("es", 63)[3:]]
    (paws / "es" / "dev_2k.tsv").write_text("\n".join(["\t".join(pawsx.COLUMNS), *rows]))
    found = pawsx.read_pairs(pawsx.FILES["es"][1], 63, "es")
    assert found[:3] == [("", "", 0), ("a", "NS", 1), ("NS", "NS", UNLABELLED)]
