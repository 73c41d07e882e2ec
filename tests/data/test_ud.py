"""Four languages: treebanks, words as numbers, the tagger, word pieces, PAWS-X, and Table 3's experiment."""

import gzip
import hashlib
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from mtlcore.data import load, pawsx, ud
from mtlcore.data.formats import wordpieces as pieces
from mtlcore.data.formats import words
from mtlcore.data.formats.words import UNKNOWN, Vocabulary
from mtlcore.data.ud import TAGS, f1, read_conllu
from mtlcore.experiments import experiment, sweep, tables
from mtlcore.experiments.rlw import pos as rlw_pos
from mtlcore.methods import GradVac, PCGrad, RotoGrad, Static
from mtlcore.models import bert, tagger
from mtlcore.signals import Signals
from mtlcore.tasks.task import UNLABELLED, accuracy
from mtlcore.train.fit import evaluate, fit

LABEL = {tag: label for label, tag in enumerate(TAGS)}


def line(number: str, word: str, tag: str) -> str:
    return "\t".join([number, word, "_", tag, *"______"])


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

# --- the format ---------------------------------------------------------------------------------


def test_ranges_and_empty_nodes_are_passed_over():
    assert read_conllu(CONLLU) == [
        [("ca", LABEL["AUX"]), ("n't", LABEL["PART"]), ("stop", LABEL["VERB"])],
        [("Bùi Văn", LABEL["PROPN"]), ("và", LABEL["CCONJ"]), ("?", UNLABELLED)],
    ]
    assert read_conllu(CONLLU.rstrip("\n")) == read_conllu(CONLLU), "no empty line at the end"
    assert read_conllu("") == []


@pytest.mark.parametrize("bad", [line("1", "a", "NN"), line("1", "a", "X")[:-2], "a X"])
def test_a_line_of_another_format_is_refused(bad: str):
    with pytest.raises(ValueError, match="line 2 of a CoNLL-U text"):
        read_conllu(f"# a\n{bad}\n")


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


# --- small files in the official format ---------------------------------------------------------


@pytest.fixture
def treebanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> SimpleNamespace:
    """Four small treebanks: in each, the training words, and two of validation and test alone."""
    texts = {}
    for language, files in ud.FILES.items():
        for part, file in zip(("train", "dev", "test"), files, strict=True):
            sentence = [("same", "NOUN"), (f"{language}{part}", "VERB"), ("同", "X"), ("end", "PUNCT")]
            sizes = [4, 3, 2, 4, 1] if part == "train" else [4, 4, 2]
            text = "".join(
                "".join(f"{line(str(i), *word)}\n" for i, word in enumerate(sentence[:size], start=1)) + "\n"
                for size in sizes
            )
            content = text.encode()
            path = tmp_path / "ud" / f"{file.name}.gz"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(content))
            monkeypatch.setattr(file, "size", len(content))
            monkeypatch.setattr(file, "sha256", hashlib.sha256(content).hexdigest())
            texts[language, part] = text
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    return SimpleNamespace(folder=tmp_path, texts=texts)


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
@pytest.mark.parametrize("name", ["ud-pos", "made-pos"])
def test_bad_options(treebanks: SimpleNamespace, name: str, option: dict):
    ((key, value),) = option.items()
    with pytest.raises(ValueError, match=f"^{key} must be a whole number.*not {value!r}$"):
        load(name, **option)


def test_a_missing_file_is_named(treebanks: SimpleNamespace):
    file = ud.FILES["zh"][0]
    (file.home / f"{file.name}.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"ud/zh-ud-train\.r1\.3\.conllu .*r1\.3/zh-ud-train\.conllu"):
        load("ud-pos")


# --- words as numbers ---------------------------------------------------------------------------


def test_a_vocabulary_numbers_what_occurs_twice():
    sentences = [[("Ab", 0), ("ab", 1)], [("ab", 0), ("once", 2)], [("b" * 20, 3), ("z" * 12 + "!!", 4)]]
    vocabulary = Vocabulary.learn(sentences)
    assert vocabulary.words == {"ab": 2}, "lower case, at least twice"
    assert set(vocabulary.characters) == {"a", "b", "z"}, "not A, o, n, c, e, and nothing after twelve"
    assert sorted(vocabulary.characters.values()) == [2, 3, 4]
    ids, labels = vocabulary.read([*sentences, [("ab", 5)] * 3], length=2)
    assert ids.shape == (4, 13, 2) and labels.tolist() == [[0, 1], [0, 2], [3, 4], [5, 5]]
    number = vocabulary.characters
    assert ids[0, :, 0].tolist() == [2, UNKNOWN, number["b"]] + [0] * 10
    assert ids[1, :, 1].tolist() == [UNKNOWN] * 5 + [0] * 8
    assert ids[2, :, 0].tolist() == [UNKNOWN] + [number["b"]] * 12


def test_drawn_sentences_keep_their_order():
    drawn = words.some(range(100), 30, seed=3)
    assert len(set(drawn)) == 30 and drawn == sorted(drawn)
    assert words.some(range(5), None, seed=0) == list(range(5))


# --- F1 -----------------------------------------------------------------------------------------


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


# --- the tagger ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return load("made-pos", seed=1)


def network(seed: int = 0):
    torch.manual_seed(seed)
    return tagger(400, 40, hidden=16)


def test_tuple_batches_go_through_the_trunk_one_by_one(made):
    model = network().eval()
    batch = made.train.read(slice(0, 6))
    together = model(batch.inputs)
    assert [o.shape for o in together] == [(6, 17, batch.inputs[0].shape[2])] * 4
    for t, x in enumerate(batch.inputs):
        assert torch.allclose(model.heads[t](model.trunk(x)), together[t])
    signals = Signals(model, batch, made.tasks)
    for t, (o, y) in enumerate(zip(together, batch.targets, strict=True)):
        rows = [F.cross_entropy(a[:, b >= 0].T, b[b >= 0]) for a, b in zip(o, y, strict=True)]
        assert signals.losses[t].item() == pytest.approx(torch.stack(rows).mean().item(), rel=1e-5)


def test_padding_and_neighbours_change_nothing(made):
    model = network().eval()
    x = made.train.inputs[0][:8]
    lengths = (x[:, 0] > 0).sum(1)
    whole = model.trunk(F.pad(x, (0, 5)))
    for row, features, length in zip(x, whole, lengths, strict=True):
        alone = model.trunk(row[None, :, :length])[0]
        assert torch.allclose(alone, features[:, :length], atol=1e-6)
        assert (features[:, length:] == 0).all()


def test_every_word_is_read_from_both_sides(made):
    model = network().eval()
    x = made.train.inputs[0][:1, :, :3].clone()
    before = model.trunk(x)
    for changed in (0, 2):
        other = x.clone()
        other[0, 0, changed] = 7
        difference = (model.trunk(other) - before)[0].abs().amax(0)
        assert (difference > 1e-6).all()
    spelled = x.clone()
    spelled[0, 1, 1] = 2 + spelled[0, 1, 1] % 20
    assert not torch.allclose(model.trunk(spelled), before), "characters are read"


def test_a_sentence_without_words_is_refused(made):
    with pytest.raises(ValueError, match="without words"):
        network()(torch.zeros(2, 13, 4, dtype=torch.int32))


def test_the_tagger_learns_made_languages(made):
    torch.manual_seed(0)
    model = tagger(400, 40, dropout=0.1)
    history = fit(
        model,
        made,
        Static(),
        optimizer=lambda p: torch.optim.Adam(p, lr=0.02),
        epochs=12,
        batch_size=20,
        progress=False,
    )
    losses, values = evaluate(model, made.test, made.tasks)
    assert values["one"] > 0.8, "its ending says what a word is"
    assert history["validation_f1.one"].iloc[0] < 0.3 and losses["one"] < math.log(6)


@pytest.mark.parametrize("method", [PCGrad, GradVac, RotoGrad], ids=lambda m: m.__name__)
def test_gradient_methods_on_four_inputs(made, method):
    model, batch = network(), made.train.read(slice(0, 8))
    method().backward(Signals(model, batch, made.tasks))
    gradients = [p.grad for p in model.parameters()]
    assert all(g is not None and g.isfinite().all() for g in gradients)
    assert sum(g.abs().sum().item() for g in gradients) > 0


# --- word pieces and BERT -----------------------------------------------------------------------

WRITTEN = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "dog", "run", "##s", "##ning", "a"]


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a tokeniser of eleven pieces and a tiny random encoder."""
    transformers = pytest.importorskip("transformers", reason="word pieces need mtlcore[transformers]")
    folder = tmp_path_factory.mktemp("encoder")
    (folder / "vocab.txt").write_text("\n".join(WRITTEN))
    transformers.BertTokenizer(str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(WRITTEN),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=512,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    for call in (lambda: pieces.tokenizer("any"), lambda: bert("words", classes=2)):
        with pytest.raises(ImportError, match=r"pip install 'mtlcore\[transformers\]'"):
            call()


def test_a_word_is_labelled_at_its_first_piece(pretrained: str):
    tokens = pieces.tokenizer(pretrained)
    x, y = pieces.tagged([[("the", 1), ("running", 2), ("zebra", 3)], [("dog", 4)]], 6, tokens)
    number = {piece: i for i, piece in enumerate(WRITTEN)}
    shown = [
        ["[CLS]", "the", "run", "##ning", "[UNK]", "[SEP]"],
        ["[CLS]", "dog", "[SEP]", "[PAD]", "[PAD]", "[PAD]"],
    ]
    assert x[:, 0].tolist() == [[number[piece] for piece in row] for row in shown]
    assert x.shape == (2, 2, 6) and (x[:, 1] == 0).all()
    assert y.tolist() == [[-100, 1, 2, -100, 3, -100], [-100, 4, -100, -100, -100, -100]]
    short, labels = pieces.tagged([[("the", 1), ("running", 2), ("zebra", 3)]], 4, tokens)
    assert short[0, 0].tolist() == [number[piece] for piece in ("[CLS]", "the", "run", "[SEP]")]
    assert labels.tolist() == [[-100, 1, 2, -100]]


@pytest.mark.parametrize("reads", ["words", "sentences"])
def test_bert_does_not_read_padding(pretrained: str, reads: str):
    torch.manual_seed(0)
    model = bert(reads, classes=3, tasks=2, encoder=pretrained).eval()
    x = torch.zeros(2, 2, 5, dtype=torch.int64)
    x[:, 0] = torch.tensor([[2, 5, 6, 7, 3], [2, 10, 6, 7, 3]])
    first, second = model((x, F.pad(x, (0, 3))))
    assert first.shape == ((2, 3, 5) if reads == "words" else (2, 3))
    features = model.trunk(x), model.trunk(F.pad(x, (0, 3)))
    assert torch.allclose(features[0], features[1][..., :5] if reads == "words" else features[1], atol=1e-6)
    turned = x.clone()
    turned[:, 1, 3:] = 1
    assert not torch.allclose(model.trunk(turned), features[0]), "segments are read"
    assert second.shape[0] == 2


def test_bert_with_a_random_configuration():
    transformers = pytest.importorskip("transformers", reason="BERT needs mtlcore[transformers]")
    config = transformers.BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    assert bert("words", classes=17, encoder=config).trunk.bert.config.hidden_size == 8


# --- PAWS-X -------------------------------------------------------------------------------------

ROWS = ['1\tthe dog\ta dog runs " "\t1', "2\tthe dog\tthe dog\t0", "3\ta\tthe running dog\t1"]


@pytest.fixture
def paws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Path:
    """Twelve small tables, laid out as the archive unpacks them; training tables have two rows more."""
    for language in pawsx.LANGUAGES:
        folder = tmp_path / "pawsx" / "x-final" / language
        folder.mkdir(parents=True)
        names = ("train" if language == "en" else "translated_train", "dev_2k", "test_2k")
        for name, rows in zip(names, (ROWS + ROWS[:2], ROWS, ROWS), strict=True):
            (folder / f"{name}.tsv").write_text("\n".join(["\t".join(pawsx.COLUMNS), *rows, ""]))
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    return tmp_path / "pawsx" / "x-final"


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
    assert [task.metric_name for task in data.tasks] == ["accuracy"] * 4
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


# --- the experiments ----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:no forward-mode rule")
def test_smoke(tmp_path: Path):
    one = experiment("rlw-pos")
    assert sweep(one, "smoke", progress=False, folder=tmp_path).failed == []
    rows, curves = tables(one, "smoke", tmp_path)
    assert set(rows["method"]) == set(rlw_pos.METHODS) and len(rows) == 2 * len(rlw_pos.METHODS)
    languages = ("one", "two", "three", "four")
    mean = rows[[f"test_f1.{name}" for name in languages]].mean(axis=1)
    assert rows["test.mean"].tolist() == pytest.approx(mean.tolist())
    assert (rows[[f"test_accuracy.{name}" for name in languages]].mean(axis=1) > mean).all()
    chosen = curves.loc[curves.groupby("run")["validation_loss.mean"].idxmin()].set_index("run")["epoch"]
    assert rows.set_index("run")["best_epoch"].to_dict() == chosen.to_dict()
    seed = rows[rows["seed"] == 0].set_index("method")["test.mean"]
    assert seed["rlw-normal"] != seed["ew"] and seed.nunique() > 8


def test_the_distributions_are_trained_as_the_table_is():
    other = experiment("rlw-distributions")
    for preset in other.presets:
        found = {config["method"] for config in other.configurations(preset)}
        assert found == {"ew", *rlw_pos.RANDOM} and len(found) == 6
    assert other.run is rlw_pos.run
    table = experiment("rlw-pos").configurations("smoke")
    assert all(config in table for config in other.configurations("smoke"))


def test_the_laptop_grid_has_the_paper_s_methods_but_moml():
    grid = experiment("rlw-pos").configurations("laptop")
    methods = {config["method"] for config in grid}
    assert len(methods) == 15 and methods == {m for m in rlw_pos.PAPERS if m != "moml"}
    assert len({(c["epochs"], c["lr"], c["sentences"], c["batch_size"]) for c in grid}) == 1, "one budget"


def test_paper_size_goes_through_bert(paws: Path, treebanks_for_bert: str):
    first = {config["data"]: config for config in experiment("rlw-pos").configurations("paper")}
    assert set(first) == {"ud-pos", "pawsx"}
    for name, config in first.items():
        small = config | {"encoder": treebanks_for_bert, "epochs": 1, "batch_size": 2, "method": "rlw-normal"}
        row = rlw_pos.run(small, "cpu").row
        metric, languages = {"ud-pos": ("f1", ud.LANGUAGES), "pawsx": ("accuracy", pawsx.LANGUAGES)}[name]
        values = [row[f"test_{metric}.{language}"] for language in languages]
        assert row["test.mean"] == pytest.approx(sum(values) / 4)


@pytest.fixture
def treebanks_for_bert(paws: Path, treebanks: SimpleNamespace, pretrained: str) -> str:
    """Both sets of small files in one cache; the encoder's folder."""
    assert (treebanks.folder / "pawsx").is_dir()
    return pretrained
