"""Text chunking, from the files of two CoNLL tasks."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
import torch

from mtlcore.data import conll, load
from mtlcore.tasks import UNLABELLED

TRAIN = (
    "the DT B-NP\ndog NN I-NP\nruns VBZ B-VP\n\nthe DT B-NP\ncat NN I-NP\n. . O\n\nthe DT B-NP\nend NN I-NP\n"
)
TEST = "The DT B-NP\ndog NN I-NP\nends VBZ B-VP\n. . O\n"


@pytest.fixture(scope="module")
def real() -> None:
    if conll.ARCHIVE.state()[0] == "missing":
        pytest.skip("needs conll2000.zip; set MTLCORE_DATA")


def test_the_real_data_set(real: None) -> None:
    data = load("conll2000")
    words = [int((split.targets[0] >= 0).sum()) for split in (data.train, data.validation, data.test)]
    assert sum(words[:2]) == 211_727 and words[2] == 47_377
    assert [int(labels.max()) for labels in data.train.targets] == [22, 43]
    assert len(load("conll2000", windows=30).train) == 30


@pytest.fixture
def archive(cache: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Path:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as files:
        files.writestr("conll2000/train.txt", TRAIN)
        files.writestr("conll2000/test.txt", TEST)
    path = cache / "conll2000/conll2000.zip"
    path.parent.mkdir()
    path.write_bytes(data.getvalue())
    monkeypatch.setattr(conll.ARCHIVE, "sha256", hashlib.sha256(data.getvalue()).hexdigest())
    return path


def test_windows_of_a_stream(archive: Path) -> None:
    """The last sentence is for validation; words are 1 the, then dog, runs, cat and the full stop."""
    data = load("conll2000", validation=1, length=4)
    assert (
        data.train.inputs.tolist() == [[1, 2, 3, 1], [4, 5, 0, 0]] and data.train.inputs.dtype == torch.int32
    )
    assert data.validation.inputs.tolist() == [[1, 0, 0, 0]]
    assert data.test.inputs.tolist() == [[0, 2, 0, 5]], "words are told apart as they are written"
    outside, begin, inside, verb = 3, 0, 2, 1
    chunks, kinds = data.train.targets
    assert chunks.tolist() == [
        [begin, inside, verb, begin],
        [inside, outside, UNLABELLED, UNLABELLED],
    ]
    assert kinds.tolist() == [[1, 2, 3, 1], [2, 0, UNLABELLED, UNLABELLED]]
    assert [task.name for task in data.tasks] == ["chunk", "pos"]


def test_the_vocabulary_is_that_of_the_training_part(archive: Path) -> None:
    assert load("conll2000", validation=1, words=1).train.inputs.tolist() == [[1, 0, 0, 1, 0, 0] + [0] * 4]


def test_windows_are_drawn_with_the_seed(archive: Path) -> None:
    drawn = [
        load("conll2000", validation=1, length=1, windows=3, seed=seed).train.inputs.flatten().tolist()
        for seed in (0, 0, *range(1, 6))
    ]
    assert drawn[0] == drawn[1] and len(set(map(tuple, drawn))) > 2
    assert len(drawn[0]) == 3
    assert len(load("conll2000", validation=1, length=1, windows=99).train) == 6


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"validation": 3}, "validation must be below 3"),
        ({"validation": 0}, "validation must be a whole number"),
        ({"windows": 0}, "windows must be a whole number"),
        ({"length": 2.5}, "length must be a whole number"),
        ({"words": True}, "words must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_bad_options(archive: Path, option: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load("conll2000", **{"validation": 1} | option)


def test_another_archive_is_refused(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(ValueError, match="corrupted, truncated or another file"):
        load("conll2000")


def test_the_licensed_files_go_by_two_names(chunks: Path) -> None:
    first = load("conll2003", length=4)
    for part, name in zip(conll.PARTS, ("train.txt", "valid.txt", "test.txt"), strict=True):
        (chunks / part.file.name).rename(chunks / name)
    second = load("conll2003", length=4)
    assert torch.equal(first.train.inputs, second.train.inputs)
    assert [len(first.train), len(first.validation), len(first.test)] == [2, 1, 1]


def test_a_licensed_file_that_is_missing(chunks: Path) -> None:
    (chunks / "eng.testb").unlink()
    with pytest.raises(FileNotFoundError, match=r"conll2003/eng\.testb .* downloaded by hand"):
        load("conll2003")


def test_synthetic_words_tell_their_tags() -> None:
    data = load("synthetic-chunks", words=80)
    words, kinds = data.train.inputs.flatten(), data.train.targets[1].flatten()
    for word in words.unique()[1:]:
        assert len(kinds[words == word].unique()) == 1
