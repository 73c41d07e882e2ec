"""Fixtures: small stand-ins for the official files, in a cache of their own."""

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.files import array_file, photograph, put, write_idx

from mtlcore.data import celeba, cityscapes, conll, fannie_mae, load, mimic3, multi_mnist, nyuv2, pawsx, ud
from mtlcore.data.formats.conllu import TAGS
from mtlcore.data.formats.episodes import VARIABLES
from mtlcore.data.manual_files import ManualFolder

SMALL_MAPS = (24, 32)
RNG = np.random.default_rng(0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    return tmp_path


def write_maps(folder: Path, part: str, number: int, size: tuple[int, int], classes: int, label: str) -> dict:
    """Arrays of one part, each with some pixels that carry no label; returns them stacked."""
    labels = RNG.integers(-1, classes, (number, *size)).astype(np.float32)
    depths = RNG.uniform(0.5, 9, (number, *size, 1)).astype(np.float32)
    depths[RNG.random(depths.shape) < 0.2] = 0
    normals = RNG.standard_normal((number, *size, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[RNG.random((number, *size)) < 0.2] = 0
    whole = {"image": RNG.random((number, *size, 3)), label: labels, "depth": depths, "normal": normals}
    if classes == cityscapes.CLASSES:
        whole["depth"] /= 20  # inverse depths
        del whole["normal"]
    for kind, arrays in whole.items():
        for i, array in enumerate(arrays):
            put(folder / part / kind / f"{i}.npy", array_file(array))
    return whole


@pytest.fixture
def rooms(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    """Twelve and two small images, so that 10.npy comes after 9.npy."""
    monkeypatch.setattr(nyuv2, "FULL", SMALL_MAPS)
    for part, number in (("train", 12), ("val", 2)):
        for folder in nyuv2.FOLDERS[part]:
            monkeypatch.setattr(folder, "count", number)
    return {
        part: write_maps(cache / "nyuv2", part, number, SMALL_MAPS, nyuv2.CLASSES, "label")
        for part, number in (("train", 12), ("val", 2))
    }


def load_rooms(validation: int = 3):
    return load("nyuv2", height=SMALL_MAPS[0], width=SMALL_MAPS[1], validation=validation)


def write_streets(cache: Path, monkeypatch: pytest.MonkeyPatch, label: str) -> None:
    """Five and two small images."""
    monkeypatch.setattr(cityscapes, "FULL", SMALL_MAPS)
    for part, number in (("train", 5), ("val", 2)):
        write_maps(cache / "cityscapes", part, number, SMALL_MAPS, cityscapes.CLASSES, label)
        for folder in cityscapes.FOLDERS[part]:
            monkeypatch.setattr(folder, "count", number)


@pytest.fixture(params=["label_7", "label"])
def streets(cache: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small images under both names that the labels go by."""
    write_streets(cache, monkeypatch, request.param)


FACE_FILES = [f"{i:06d}.jpg" for i in range(1, 13)]
ATTRIBUTES = ["Attractive", *(f"Attribute_{k}" for k in range(39))]


@pytest.fixture
def faces(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Twelve images, six, three and three in the parts, in the official layout."""
    monkeypatch.setattr(celeba.IMAGES, "count", len(FACE_FILES))
    monkeypatch.setattr(celeba, "PARTS", [6, 3, 3])
    pixels = RNG.integers(0, 256, (12, 218, 178, 3), np.uint8)
    signs = RNG.choice([-1, 1], (12, 40))
    signs[1] = -signs[0]  # both values of every attribute
    places = RNG.integers(0, 178, (12, 10))
    parts = np.repeat([0, 1, 2], [6, 3, 3])
    home = cache / "celeba"
    for name, image in zip(FACE_FILES, pixels, strict=True):
        put(home / "img_align_celeba" / name, photograph(image))
    landmarks = [
        f"{p}_{xy}" for p in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for xy in "xy"
    ]
    for file, columns, values in (
        ("list_attr_celeba.txt", ATTRIBUTES, signs),
        ("list_landmarks_align_celeba.txt", landmarks, places),
    ):
        rows = [
            f"{name} {' '.join(f'{v:2d}' for v in row)} "
            for name, row in zip(FACE_FILES, values, strict=True)
        ]
        put(home / file, "\n".join([str(len(FACE_FILES)), " ".join(columns) + " ", *rows, ""]).encode())
    rows = [f"{name} {part}" for name, part in zip(FACE_FILES, parts, strict=True)]
    put(home / "list_eval_partition.txt", "\n".join(rows).encode())
    return {"pixels": pixels, "signs": signs, "places": places}


def episode(*rows: dict[str, object]) -> bytes:
    """A stay's file of the MIMIC-III benchmark, from the fields that are not empty."""
    columns = ["Hours", *VARIABLES]
    lines = [",".join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join([",".join(columns), *lines, ""]).encode()


@pytest.fixture
def episodes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stays of four training and three test patients, two stays each, as the benchmark writes them."""
    home = cache / "mimic3-mortality"
    for part, patients in (("train", range(1, 5)), ("test", range(5, 8))):
        stays = [f"{patient}_episode{k}_timeseries.csv" for patient in patients for k in (1, 2)]
        labels, lengths = ["stay,y_true"], ["stay,period_length,y_true"]
        for k, stay in enumerate(stays):
            rows = ({"Hours": hour + k / 10, "Heart Rate": 60 + hour * k, "pH": 7.4} for hour in range(4))
            eyes = {"Hours": 47.5, "Glascow coma scale eye opening": "None" if k % 2 else "4 Spontaneously"}
            put(home / "in-hospital-mortality" / part / stay, episode(*rows, eyes))
            labels.append(f"{stay},{k % 3 // 2}")
            lengths += [f"{stay},{hour:.6f},{60.25 + 12 * k - hour:.6f}" for hour in range(5, 49)]
        put(home / "in-hospital-mortality" / part / "listfile.csv", "\n".join([*labels, ""]).encode())
        put(home / "length-of-stay" / part / "listfile.csv", "\n".join([*lengths, ""]).encode())
        monkeypatch.setattr(mimic3.STAYS[part], "count", len(stays))
    mimic3.stays_of.cache_clear()
    yield home
    mimic3.stays_of.cache_clear()


PLACES = fannie_mae.KEYS | fannie_mae.CATEGORIES | fannie_mae.NUMBERS | fannie_mae.AREA
TYPICAL = {"seller": "Bank", "state": "CA", "product": "FRM", "area": "31080", "late": "00"} | dict.fromkeys(
    fannie_mae.NUMBERS, "30"
)


def loan_row(loan: int, month: str, **fields: str) -> str:
    """A row of Fannie Mae's files of loans, as of MMYYYY."""
    row = [""] * 110
    for name, value in (TYPICAL | {"loan": f"{loan:012d}", "month": month} | fields).items():
        row[PLACES[name] - 1] = value
    return "|".join(row)


def loan_rows(loan: int, months: int = 12, **last: str) -> list[str]:
    """The rows of a loan from December 2009 on; the last has the fields that are given."""
    balance = {"balance": str(1000 * loan)}
    rows = [loan_row(loan, month, **balance) for month in [*fannie_mae.MONTHS][:months]]
    return [*rows, loan_row(loan, [*fannie_mae.MONTHS][months], **balance, **last)]


@pytest.fixture
def loans(cache: Path) -> Path:
    """Forty loans: every fifth is 90 days late in December, another fifth is repaid in March."""
    ends = [{}, {"late": "03"}, {"months": 3, "late": "", "end": "01"}, {}, {}]
    rows = [row for loan in range(1, 41) for row in loan_rows(loan, **ends[loan % 5])]
    put(cache / "fannie-mae/loans.csv", "\n".join(rows).encode())
    return cache / "fannie-mae/loans.csv"


KINDS = ("mug", "Bed", "bike")


def write_domains(
    cache: Path, folder: str, domains: dict[str, ManualFolder], number: int, kinds: Sequence[str]
) -> None:
    """``number`` images of one colour in each class of each domain."""
    for k, domain in enumerate(domains.values()):
        for c, kind in enumerate(kinds):
            for i in range(number):
                colour = np.full((6, 5, 3), (40 * k, 40 * c % 256, i), np.uint8)
                put(cache / folder / domain.name / kind / f"frame_{i:04d}.jpg", photograph(colour))


ALCOHOLS = ["C" * n + "O" for n in range(1, 31)]


def pcba(assays: int = 128, molecules: int = 30) -> pd.DataFrame:
    """A table of PCBA's form."""
    labels = np.random.default_rng(0).integers(0, 2, (molecules, assays))
    table = pd.DataFrame(labels, columns=[f"PCBA-{k}" for k in range(assays)])
    return table.assign(mol_id=[f"CID{n}" for n in range(molecules)], smiles=ALCOHOLS[:molecules])


CHUNKS = "-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\nit PRP I-NP O\n\n. . O O\n"


@pytest.fixture
def chunks(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small files of CoNLL-2003: two sentences, twice in the training part."""
    for part, times in zip(conll.PARTS, (2, 1, 1), strict=True):
        put(cache / "conll2003" / part.file.name, (CHUNKS * times).encode())
    monkeypatch.setattr(
        conll, "PARTS", [conll.Part(part.file, 4 * n) for part, n in zip(conll.PARTS, (2, 1, 1), strict=True)]
    )
    return cache / "conll2003"


LABEL = {tag: label for label, tag in enumerate(TAGS)}


def line(number: str, word: str, tag: str) -> str:
    return "\t".join([number, word, "_", tag, *"______"])


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


PAIRS = {
    "en": ["the dog\ta dog runs with the dog\t1", "the dog\tthe dog\t0", "a\tthe running dog\t1"],
    "zh": ["一只狗\t狗在跑\t1", "这只狗\t这只狗\t0", "狗\t那只跑的狗\t1"],
    "de": ["der Hund\tein Hund rennt mit dem Hund\t1", "der Hund\tder Hund\t0", "ein\tder Hund rennt\t1"],
    "es": ['el perro\tun perro y el perro " "\t1', "el perro\tel perro\t0", "un\tel perro del perro\t1"],
}
"""Pairs of sentences and labels in each language of PAWS-X."""


def numbered(language: str, number: int) -> list[str]:
    """Rows of a table of PAWS-X."""
    return [f"{n}\t{PAIRS[language][(n - 1) % 3]}" for n in range(1, number + 1)]


@pytest.fixture
def paws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Path:
    """Twelve small tables, laid out as the archive unpacks them; training tables have two rows more."""
    sizes = {"train": 5, "dev": 3, "test": 3}
    monkeypatch.setattr(pawsx, "ROWS", sizes)
    for language in pawsx.LANGUAGES:
        folder = tmp_path / "pawsx" / "x-final" / language
        folder.mkdir(parents=True)
        names = ("train" if language == "en" else "translated_train", "dev_2k", "test_2k")
        for name, size in zip(names, sizes.values(), strict=True):
            rows = ["\t".join(pawsx.COLUMNS), *numbered(language, size), ""]
            (folder / f"{name}.tsv").write_text("\n".join(rows))
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    return tmp_path / "pawsx" / "x-final"


@pytest.fixture
def treebanks_for_bert(paws: Path, treebanks: SimpleNamespace, pretrained: str) -> str:
    """Both sets of small files in one cache; the encoder's folder."""
    assert (treebanks.folder / "pawsx").is_dir()
    return pretrained


@pytest.fixture(scope="session")
def real_files() -> None:
    """Skip where the official MNIST and Fashion-MNIST files are not in the cache."""
    missing = [
        f"{file.folder}/{file.name}"
        for file in multi_mnist.MNIST + multi_mnist.FASHION
        if file.state()[0] == "missing"
    ]
    if missing:
        pytest.skip(f"needs the official files; set MTLCORE_DATA (missing: {', '.join(missing)})")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request fails as it does without a network."""
    import requests

    def refuse(*args: object, **kwargs: object) -> None:
        raise requests.ConnectionError("no network in this test")

    monkeypatch.setattr(requests.Session, "request", refuse)


@pytest.fixture
def fake_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> SimpleNamespace:
    """A cache of small files in the official format, pinned like the official ones; no network.

    300 training images (the last 100 for validation) and 80 test images a set. Pixels that no
    overlay covers carry each image's number: see ``number``.
    """
    rng = np.random.default_rng(0)
    arrays = {}
    for file in multi_mnist.MNIST + multi_mnist.FASHION:
        n = 300 if file.name.startswith("train") else 80
        array = rng.integers(0, 10, n, np.uint8)
        if "images" in file.name:
            array = rng.integers(0, 256, (n, 28, 28), np.uint8)
            for corner in (0, 27):
                array[:, corner, 0 if corner == 0 else 26] = np.arange(n) // 256
                array[:, corner, 1 if corner == 0 else 27] = np.arange(n) % 256
        arrays[file.folder, file.name] = array
        content = write_idx(tmp_path / file.folder / f"{file.name}.gz", array)
        monkeypatch.setattr(file, "size", len(content))
        monkeypatch.setattr(file, "sha256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(multi_mnist, "VALIDATION_IMAGES", 100)
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))

    def number(images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Which images each overlay was made from."""
        pixels = images[:, 0].numpy().astype(int)
        return (
            pixels[:, 0, 0] * 256 + pixels[:, 0, 1],
            pixels[:, 35, 34] * 256 + pixels[:, 35, 35],
        )

    return SimpleNamespace(folder=tmp_path, arrays=arrays, number=number)
