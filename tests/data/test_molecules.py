"""Virtual screening: files and fingerprints, missing labels, weighted classes."""

import gzip
import hashlib
import io
import lzma
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from helpers.asserts import peak_below
from helpers.files import put
from helpers.small_data import ALCOHOLS, pcba

from mtlcore.data import files, load, molecules
from mtlcore.data.molecules import MUV, PCBA, TOX21, TOXCAST
from mtlcore.tasks import UNLABELLED, Split

BROKEN = ["C1CC", "", "not a molecule"]  # an open ring, an empty field, nonsense


def write(folder: Path, file: molecules.File, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file in the official format, pinned like the official one."""
    content = table.to_csv(index=False).encode()
    path = folder / file.folder / f"{file.name}.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content))
    monkeypatch.setenv("MTLCORE_DATA", str(folder))
    if file.sha256:
        monkeypatch.setattr(file, "size", len(content))
        monkeypatch.setattr(file, "sha256", hashlib.sha256(content).hexdigest())


def alcohols() -> pd.DataFrame:
    """30 molecules and three that cannot be read; of three assays the second has the most labels."""
    rng = np.random.default_rng(0)
    labels = {assay: rng.integers(0, 2, 33).astype(float) for assay in "abc"}
    labels["a"][:20] = labels["c"][10:] = np.nan
    labels["c"][:2], labels["b"][:2] = (0, 1), (1, 0)
    return pd.DataFrame({"smiles": ALCOHOLS + BROKEN, **labels})


@pytest.fixture
def toxcast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    pytest.importorskip("rdkit")
    write(tmp_path, TOXCAST, table := alcohols(), monkeypatch)
    return table


def rows(split: Split) -> list[bytes]:
    assert isinstance(split.inputs, torch.Tensor)
    return [row.numpy().tobytes() for row in split.inputs]


@pytest.mark.parametrize(
    ("file", "molecules", "tasks", "labels", "positive"),
    [
        (TOXCAST, 8_615, 617, 1_538_395, 127_070),
        (TOX21, 7_831, 12, 77_946, 5_862),
        (MUV, 93_127, 17, 249_967, 489),
    ],
    ids=["toxcast", "tox21", "muv"],
)
def test_the_counts_of_the_real_files(
    file: molecules.File, molecules: int, tasks: int, labels: int, positive: int
) -> None:
    if file.state()[0] == "missing":
        pytest.skip(f"needs {file.folder}/{file.name}; set MTLCORE_DATA")
    table = pd.read_csv(io.BytesIO(file.read())).drop(columns=["mol_id", "smiles"], errors="ignore")
    assert (table.shape, table.count().sum(), table.sum().sum()) == ((molecules, tasks), labels, positive)


def test_the_real_toxcast() -> None:
    pytest.importorskip("rdkit")
    if TOXCAST.state()[0] == "missing":
        pytest.skip(f"needs {TOXCAST.folder}/{TOXCAST.name}; set MTLCORE_DATA")
    with pytest.warns(UserWarning, match="cannot read 18 of 8,615 molecules"):
        data = load("toxcast", tasks=57)
    splits = (data.train, data.validation, data.test)
    labelled = [sum(int((s.targets[t] >= 0).sum()) for s in splits) for t in range(57)]
    assert 7_900 < min(labelled) <= max(labelled) <= 7_950  # of 7,950 in the file, some cannot be read
    assert 0.005 < data.train.inputs[:, ::7].float().mean() < 0.05


def test_what_a_file_becomes(toxcast: pd.DataFrame) -> None:
    with pytest.warns(UserWarning, match="toxcast: RDKit cannot read 3 of 33 molecules"):
        data = load("toxcast", bits=64)
    assert [task.name for task in data.tasks] == ["b", "a", "c"], "the most labelled first"
    from rdkit import Chem, rdBase
    from rdkit.Chem.rdMolDescriptors import GetMorganFingerprintAsBitVect

    seen = {}
    for split in (data.train, data.validation, data.test):
        assert split.inputs.dtype == torch.bool and split.inputs.shape[1:] == (64,)
        assert all(y.dtype == torch.int64 and y.shape == (len(split),) for y in split.targets)
        seen |= dict(zip(rows(split), zip(*(y.tolist() for y in split.targets), strict=True), strict=True))
    with rdBase.BlockLogs():
        for _, row in toxcast[:8].iterrows():  # much longer chains have one fingerprint
            bits = list(GetMorganFingerprintAsBitVect(Chem.MolFromSmiles(row["smiles"]), 4, nBits=64))
            expected = tuple(UNLABELLED if np.isnan(row[t]) else int(row[t]) for t in "bac")
            assert seen[np.array(bits, bool).tobytes()] == expected


@pytest.mark.filterwarnings("ignore:toxcast")
def test_rdkit_is_silent_inside_and_speaks_outside(toxcast: pd.DataFrame, capfd) -> None:
    from rdkit import Chem

    load("toxcast")
    assert capfd.readouterr() == ("", "")
    Chem.MolFromSmiles(BROKEN[0])
    assert "C1CC" in capfd.readouterr().err


def test_columns_before_and_after_the_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tox21's form; its assays stay in the file's order."""
    pytest.importorskip("rdkit")
    table = alcohols()[:30].assign(mol_id="x")[["a", "b", "c", "mol_id", "smiles"]]
    write(tmp_path, TOX21, table, monkeypatch)
    assert [task.name for task in load("tox21", tasks=2).tasks] == ["a", "b"]


def test_without_rdkit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ImportError, match=r"needs RDKit.*pip install 'mtlcore\[molecules\]'"):
        molecules.fingerprints(("CCO",))


@pytest.mark.parametrize("option", [{"tasks": 0}, {"tasks": 4}, {"labelled_for": 4}, {"radius": 0}])
@pytest.mark.filterwarnings("ignore:toxcast")
def test_options_out_of_range(toxcast: pd.DataFrame, option: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"has 3 tasks, not 4|must be a whole number of at least 1"):
        load("toxcast", **option)


def test_labels_are_zero_or_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rdkit")
    write(tmp_path, TOX21, alcohols()[:30].assign(a=2.0), monkeypatch)
    with pytest.raises(ValueError, match=r"line 2 of .*tox21\.csv has a label .* in the column 'a': '2.0'$"):
        load("tox21")
    write(tmp_path, TOX21, alcohols()[:30].assign(a=0.0), monkeypatch)
    with pytest.raises(ValueError, match="all training labels are of one class"):
        load("tox21", tasks=1)


def test_pcba_is_known_by_its_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"pcba\.csv is not in the cache.*deepchemdata"):
        PCBA.read()
    write(tmp_path, PCBA, pcba(), monkeypatch)
    with pytest.raises(ValueError, match=r"437,929 to 450,000 molecules, but.*and 30 rows"):
        PCBA.read()
    monkeypatch.setattr(PCBA, "molecules", range(25, 31))
    assert PCBA.state()[0] == "ok" and PCBA.read().count(b"\n") == 31
    other_names = pcba().rename(columns={"PCBA-3": "MUV-3"})
    for wrong in (pcba(assays=127), pcba(molecules=24), pcba().drop(columns="mol_id"), other_names):
        write(tmp_path, PCBA, wrong, monkeypatch)
        assert PCBA.state()[0] == "wrong content"
    path = tmp_path / "pcba" / "pcba.csv.gz"
    path.write_bytes(gzip.compress(pcba().to_csv(index=False).encode())[:-20])
    with pytest.raises(ValueError, match="it cannot be unpacked"):
        PCBA.read()


def test_pcba_from_a_small_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rdkit")
    write(tmp_path, PCBA, pcba(), monkeypatch)
    monkeypatch.setattr(PCBA, "molecules", range(25, 31))
    data = load("pcba", tasks=32)
    assert [task.name for task in data.tasks[:2]] == ["PCBA-0", "PCBA-1"] and len(data.tasks) == 32
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 3, 3)


FORM = (
    r"pcba\.csv\.gz is corrupted, truncated or another file: .* of 128 assays, and 25 to 31 molecules, but "
)
SPOILT = {
    "a row short": (lambda rows: rows[:20], FORM + ".* and 19 rows"),
    "a field short": (
        lambda rows: [*rows[:9], rows[9].partition(",")[2], *rows[10:]],
        FORM + "line 10 of it has 129 fields for 130 columns; delete it",
    ),
    "a field more": (
        lambda rows: [*rows[:9], "0," + rows[9], *rows[10:]],
        FORM + "line 10 of it has 131 fields",
    ),
    "cut": (lambda rows: [*rows[:-1], rows[-1][:50]], FORM + "line 31 of it has 26 fields"),
    "an empty line": (lambda rows: [*rows[:9], "", *rows[9:]], FORM + "line 10 of it has 1 fields"),
    "a column twice": (
        lambda rows: [rows[0].replace("PCBA-7,", "PCBA-8,"), *rows[1:]],
        FORM + "line 1 of it should",
    ),
    "another encoding": (
        lambda rows: [*rows[:9], "\udce9" + rows[9], *rows[10:]],
        FORM + "line 10 of it is no UTF-8",
    ),
    "a text": (
        lambda rows: [*rows[:9], "active" + rows[9][1:], *rows[10:]],
        r"^line 10 of .*pcba/pcba\.csv has a label other than .* in the column 'PCBA-0': 'active'$",
    ),
    "NA": (lambda rows: [*rows[:9], "NA" + rows[9][1:], *rows[10:]], "^line 10 of .* 'PCBA-0': 'NA'$"),
    "truth values": (
        lambda rows: [rows[0], *("True" + row[1:] for row in rows[1:])],
        "^line 2 of .* 'PCBA-0': 'True'$",
    ),
    "half": (lambda rows: [*rows[:9], "0.5" + rows[9][1:], *rows[10:]], "^line 10 of .* 'PCBA-0': '0.5'$"),
    "infinite": (
        lambda rows: [*rows[:9], "inf" + rows[9][1:], *rows[10:]],
        "^line 10 of .* 'PCBA-0': 'inf'$",
    ),
    "a molecule twice": (
        lambda rows: [*rows, rows[4]],
        "^line 32 of .* a molecule for the second time: 'CID3'$",
    ),
    "a huge SMILES": (
        lambda rows: [*rows[:9], rows[9].rpartition(",")[0] + "," + "C" * 5001, *rows[10:]],
        "^line 10 of .* a SMILES of more than 5,000 characters$",
    ),
    "numbers for SMILES": (
        lambda rows: [rows[0], *(f"{row.rpartition(',')[0]},{n}" for n, row in enumerate(rows[1:]))],
        r"^line 2 of .*pcba\.csv has a SMILES without a letter: '0'$",
    ),
    "words for SMILES": (
        lambda rows: [rows[0], *(f"{row.rpartition(',')[0]},word" for row in rows[1:])],
        r"^pcba: RDKit cannot read 30 of 30 molecules; the column smiles of .*pcba\.csv should be in SMILES",
    ),
    "a carriage return": (
        lambda rows: [*rows[:9], rows[9] + "\rx", *rows[10:]],
        FORM + "line 10 of it has a carriage return or a quotation mark inside of it",
    ),
    "a quotation mark": (lambda rows: [*rows[:9], rows[9] + '"', *rows[10:]], FORM + "line 10 of it has a"),
    "an endless line": (
        lambda rows: [*rows[:9], rows[9] + "C" * 70_000, *rows[10:]],
        FORM + "line 10 of it has more than 65,536 characters",
    ),
    "an assay without actives": (
        lambda rows: [rows[0], *("0" + row[1:] for row in rows[1:])],
        r"pcba\.csv does not have both labels, 0 and 1, in the column 'PCBA-0'$",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    pytest.importorskip("rdkit")
    monkeypatch.setattr(PCBA, "molecules", range(25, 32))
    write(tmp_path, PCBA, pcba(), monkeypatch)
    change, words = SPOILT[case]
    rows = change(pcba().to_csv(index=False).splitlines())
    content = "".join(f"{row}\n" for row in rows).encode(errors="surrogateescape")
    (tmp_path / "pcba" / "pcba.csv.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=words) as error:
        load("pcba")
    assert "\n" not in str(error.value)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, PCBA, pcba(), monkeypatch)
    monkeypatch.setattr(PCBA, "molecules", range(25, 10**9))
    monkeypatch.setattr(PCBA, "size", 100_000)
    plain = gzip.decompress((tmp_path / "pcba" / "pcba.csv.gz").read_bytes())
    row = plain.splitlines(keepends=True)[1]
    (tmp_path / "pcba" / "pcba.csv.gz").write_bytes(gzip.compress(plain + row * (10**6 // len(row))))
    unpacked = []
    monkeypatch.setattr(molecules, "unpack", lambda *a: unpacked.append(files.unpack(*a)) or unpacked[-1])
    with pytest.raises(ValueError, match="is corrupted, truncated or another file"):
        PCBA.read()
    assert max(map(len, unpacked)) == 100_001


def test_a_bomb_of_zeros_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    put(tmp_path / "pcba" / "pcba.csv.xz", lzma.compress(bytes(2**26), preset=0))
    with peak_below(2**22), pytest.raises(ValueError, match=r"it has more than \d{3},\d{3} bytes; delete"):
        PCBA.read()


@pytest.mark.filterwarnings("ignore:toxcast")
def test_other_line_ends_and_a_mark_change_nothing(
    toxcast: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load("toxcast", bits=64)
    content = toxcast.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    (tmp_path / "pcba" / "toxcast_data.csv.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(TOXCAST, "size", len(content))
    monkeypatch.setattr(TOXCAST, "sha256", hashlib.sha256(content).hexdigest())
    found = load("toxcast", bits=64)
    assert [task.name for task in found.tasks] == [task.name for task in expected.tasks]
    assert torch.equal(found.train.inputs, expected.train.inputs)
    assert all(map(torch.equal, found.train.targets, expected.train.targets))


def test_a_molecule_stays_in_its_split_whatever_the_tasks() -> None:
    few, many = load("synthetic-molecules", tasks=1), load("synthetic-molecules")
    for name in ("train", "validation", "test"):
        some, every = rows(getattr(few, name)), rows(getattr(many, name))
        assert set(some) < set(every) and len(set(every)) == len(every)
    assert [len(rows(s)) for s in (many.train, many.validation, many.test)] == [800, 100, 100]
    assert not set(rows(many.train)) & set(rows(many.test))
    assert all((y != UNLABELLED).all() for s in (few.train, few.test) for y in s.targets)


def test_the_molecules_can_be_those_of_fewer_tasks() -> None:
    one, same = load("synthetic-molecules", tasks=1), load("synthetic-molecules", tasks=5, labelled_for=1)
    assert rows(one.train) == rows(same.train)
    assert torch.equal(one.train.targets[0], same.train.targets[0])
    assert 0.3 < (same.train.targets[4] == UNLABELLED).float().mean() < 0.5


def test_the_seed_decides() -> None:
    one, same, other = (
        load("synthetic-molecules"),
        load("synthetic-molecules"),
        load("synthetic-molecules", seed=1),
    )
    assert rows(one.test) == rows(same.test) != rows(other.test)


def test_fingerprints_are_read_as_zeros_and_ones() -> None:
    split = Split(torch.tensor([[True, False], [False, False]]), (torch.tensor([1, 0]),))
    inputs = split.read(slice(0, 2)).inputs
    assert inputs.dtype == torch.float32 and inputs.tolist() == [[1, 0], [0, 0]]


@pytest.mark.filterwarnings("ignore:toxcast")
def test_the_seed_divides_a_file(toxcast: pd.DataFrame) -> None:
    one, other = load("toxcast"), load("toxcast", seed=1)
    assert rows(one.train) != rows(other.train)
    everything = [sorted(rows(d.train) + rows(d.validation) + rows(d.test)) for d in (one, other)]
    assert everything[0] == everything[1] and len(everything[0]) == 30


def test_the_loss_on_the_training_split_is_that_of_the_public_code() -> None:
    """There: torch's own weighted mean, with one minus the pooled share of each class."""
    data = load("synthetic-molecules", tasks=4)
    targets = torch.stack(data.train.targets)
    share = (targets == 1).sum() / (targets >= 0).sum()
    outputs = torch.randn(len(data.train), 2)
    for task, labels in zip(data.tasks, data.train.targets, strict=True):
        expected = F.cross_entropy(outputs, labels, torch.stack([share, 1 - share]))
        losses, labelled = task.sample_losses(outputs, labels)
        torch.testing.assert_close(losses.sum() / labelled.sum(), expected)
