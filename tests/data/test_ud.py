"""Universal Dependencies: the data set of four languages, and F1."""

import gzip
import hashlib
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from helpers.small_data import LABEL

from mtlcore.data import load, ud
from mtlcore.data.formats.conllu import read_conllu
from mtlcore.data.formats.vocabulary import UNKNOWN
from mtlcore.data.ud import f1
from mtlcore.tasks import UNLABELLED, accuracy

COUNTS = {
    "en": [(12_544, 204_577), (2_001, 25_147), (2_077, 25_094)],
    "zh": [(3_997, 98_608), (500, 12_663), (500, 12_012)],
    "te": [(1_051, 5_082), (131, 662), (146, 721)],
    "vi": [(1_400, 20_215), (1_123, 26_162), (800, 11_692)],
}


@pytest.fixture(scope="module")
def real() -> None:
    missing = [f.name for files in ud.FILES.values() for f in files if f.state()[0] == "missing"]
    if missing:
        pytest.skip(f"needs the treebanks; set MTLCORE_DATA (missing: {', '.join(missing)})")


@pytest.mark.parametrize("language", COUNTS)
def test_the_counts_of_the_real_files(real: None, language: str):
    texts = [read_conllu(file.read().decode()) for file in ud.FILES[language]]
    assert [(len(text), sum(map(len, text))) for text in texts] == COUNTS[language]
    labels = {label for text in texts for sentence in text for _, label in sentence}
    assert labels <= set(range(17)), "every word has a tag"


def test_the_real_data_set(real: None):
    data = load("ud-pos", sentences=60, validation=20, length=16)
    assert [task.name for task in data.tasks] == ["en", "zh", "te", "vi"]
    assert [len(y) for y in data.train.targets] == [60] * 4
    assert [len(y) for y in data.validation.targets] == [20] * 4
    assert [len(y) for y in data.test.targets] == [2_077, 500, 146, 800]
    assert [int((y >= 0).sum()) for y in data.test.targets] == [
        COUNTS[task.name][2][1] for task in data.tasks
    ]
    assert {x.shape[1:] for x in data.train.inputs} == {(13, 16)}


def test_what_the_treebanks_become(treebanks: SimpleNamespace):
    data = load("ud-pos")
    first = data.train.targets[0]
    noun, verb, other, mark = (LABEL[tag] for tag in ("NOUN", "VERB", "X", "PUNCT"))
    assert first.tolist() == [
        [noun, verb, other, mark],
        [noun, verb, other, UNLABELLED],
        [noun, verb, UNLABELLED, UNLABELLED],
        [noun, verb, other, mark],
        [noun, UNLABELLED, UNLABELLED, UNLABELLED],
    ]
    for x, y in zip(data.train.inputs, data.train.targets, strict=True):
        assert x.shape == (5, 13, 4) and x.dtype == torch.int32
        assert torch.equal(x[:, 0] > 0, y >= 0)
        letters = (x[:, 1:] > 0).sum(1)
        assert letters[0].tolist() == [4, 7, 1, 3]
    assert all(x[0, 0, 0] == data.train.inputs[0][0, 0, 0] for x in data.test.inputs), "one vocabulary"
    batch = data.train.read(slice(0, 3))
    assert isinstance(batch.inputs, tuple) and [len(x) for x in batch.inputs] == [3] * 4


def test_the_vocabulary_knows_nothing_of_the_other_splits(treebanks: SimpleNamespace):
    data = load("ud-pos")
    for split, known in ((data.train, True), (data.validation, False), (data.test, False)):
        for x in split.inputs:
            assert (x[:, 0, 1][x[:, 0, 1] > 0] > UNKNOWN).all() == known
    file = ud.FILES["te"][2]
    content = treebanks.texts["te", "test"].replace("tetest", "anything").encode()
    (file.home / f"{file.name}.gz").write_bytes(gzip.compress(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "size", len(content))
        patch.setattr(file, "sha256", hashlib.sha256(content).hexdigest())
        other = load("ud-pos")
    assert all(map(torch.equal, data.train.inputs, other.train.inputs))
    assert all(map(torch.equal, data.validation.inputs, other.validation.inputs))
    assert not torch.equal(data.test.inputs[2], other.test.inputs[2])


def test_training_sentences_are_cut_and_others_are_whole(treebanks: SimpleNamespace):
    data = load("ud-pos", length=2)
    assert {x.shape for x in data.train.inputs} == {(5, 13, 2)}
    assert {x.shape for x in data.test.inputs} == {(3, 13, 4)}
    assert (data.test.inputs[0][0, 0, 2:] == UNKNOWN).all(), "what was cut off is not in the vocabulary"


def test_sentences_are_drawn_with_the_seed(treebanks: SimpleNamespace):
    lengths = [
        tuple((load("ud-pos", sentences=2, seed=seed).train.targets[0] >= 0).sum(1).tolist())
        for seed in (*range(8), 0)
    ]
    assert lengths[0] == lengths[-1] and len(set(lengths)) > 2
    assert all(len(pair) == 2 for pair in lengths)
    assert [len(y) for y in load("ud-pos", validation=1).validation.targets] == [1] * 4
    assert [len(y) for y in load("ud-pos", sentences=9).train.targets] == [5] * 4


@pytest.mark.parametrize(
    "option", [{"sentences": 0}, {"validation": -1}, {"length": 1.5}, {"seed": -1}], ids=str
)
@pytest.mark.parametrize("name", ["ud-pos", "synthetic-pos"])
def test_bad_options(treebanks: SimpleNamespace, name: str, option: dict):
    ((key, value),) = option.items()
    with pytest.raises(ValueError, match=f"^{key} must be a whole number.*not {value!r}$"):
        load(name, **option)


def test_a_missing_file_is_named(treebanks: SimpleNamespace):
    file = ud.FILES["zh"][0]
    (file.home / f"{file.name}.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"ud/zh-ud-train\.r1\.3\.conllu .*r1\.3/zh-ud-train\.conllu"):
        load("ud-pos")


def answers(tags: list[list[int]]) -> torch.Tensor:
    """Outputs whose largest are these."""
    return F.one_hot(torch.tensor(tags), 4).float().transpose(1, 2)


def test_f1_by_hand():
    targets = torch.tensor([[1, 1, 2, 3], [3, 1, -100, -100]])
    # five runs; found are (1), (2 2), (3), (3), (1 ...): of these (3), (3) and (1) are right
    assert f1(answers([[1, 2, 2, 3], [3, 1, 1, 1]]), targets) == pytest.approx(2 * 3 / (5 + 5))
    assert f1(answers([[1, 1, 2, 3], [3, 1, 0, 2]]), targets) == 1
    assert f1(answers([[0, 0, 0, 0], [0, 0, 0, 0]]), targets) == 0
    # a run ends with its sentence: (1 1), (2), (3) and (3), (1), although 3 and 3 meet
    assert f1(answers([[1, 1, 2, 3], [3, 3, 0, 0]]), targets) == pytest.approx(2 * 3 / (5 + 4))


def test_f1_leaves_unlabelled_entries_out_before_it_looks_for_runs():
    targets = torch.tensor([[-100, 1, -100, 1, 2, -100]])
    assert f1(answers([[3, 1, 2, 1, 2, 0]]), targets) == 1, "one run of 1, in two pieces"


def test_f1_is_not_accuracy():
    targets = torch.tensor([[1, 1, 1, 1]])
    outputs = answers([[1, 1, 1, 2]])
    assert accuracy(outputs, targets) == 0.75 and f1(outputs, targets) == 0


def test_f1_without_a_label_is_no_number():
    nothing = torch.full((2, 3), UNLABELLED)
    assert math.isnan(f1(torch.randn(2, 4, 3), nothing))
    task = load("synthetic-pos", sentences=2).tasks[0]
    assert math.isnan(task.metrics(torch.randn(2, 6, 3), nothing)["f1"])
