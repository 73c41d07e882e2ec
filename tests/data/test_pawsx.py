"""PAWS-X, read from small files of the official form."""

from pathlib import Path

import pytest
from helpers.small_data import ROWS

from mtlcore.data import load, pawsx


def test_pairs_are_read_with_their_quotation_marks(paws: Path):
    file = pawsx.FILES["es"][1]
    assert pawsx.read_pairs(file) == [
        ("the dog", 'a dog runs " "', 1),
        ("the dog", "the dog", 0),
        ("a", "the running dog", 1),
    ]
    table = paws / "es" / "dev_2k.tsv"
    for bad in ("2\ta\tb\t2", "2\ta\tb"):
        table.write_text("\n".join(["\t".join(pawsx.COLUMNS), ROWS[0], bad]))
        with pytest.raises(
            ValueError, match=r"line 3 of .*es/dev_2k\.tsv needs four columns, the last 0 or 1"
        ):
            pawsx.read_pairs(file)


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
