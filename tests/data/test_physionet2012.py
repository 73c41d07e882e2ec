"""PhysioNet 2012 on small made files: marks of missing values, doubled rows, stays without a series."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.small_data import cache  # noqa: F401

import mtlcore as mtl
from mtlcore.data._stays import LARGEST
from mtlcore.data.physionet2012 import OUTCOMES, SETS, VARIABLES, WINDOWS, measurements, statistics, stays_of

HEAD = "Time,Parameter,Value\n00:00,RecordID,{id}\n00:00,Age,54\n00:00,Gender,-1\n00:00,Height,{height}\n"


def record(number: int, *rows: str, height: float = 170.0) -> tuple[str, bytes]:
    text = HEAD.format(id=number, height=height) + "".join(f"{row}\n" for row in rows)
    return str(number), text.encode()


def feature(table: np.ndarray, stay: int, variable: str, window: int) -> list[float]:
    """The six statistics of a variable in a window."""
    names = list(dict.fromkeys(VARIABLES.values()))
    start = 6 * (window * len(names) + names.index(variable))
    return table[stay, start : start + 6].tolist()


def test_statistics_by_hand() -> None:
    rows = ["00:10,HR,60", "01:00,HR,80", "24:00,HR,100", "47:00,HR,140"]
    table = statistics(measurements([record(1, *rows)]), 1)
    assert table.shape == (1, 13 * 7 * 6)
    mean, std, low, high, skew, count = feature(table, 0, "heart rate", 0)
    assert (mean, low, high, count) == (95, 60, 140, 4)
    assert std == pytest.approx(np.std([60, 80, 100, 140], ddof=1))
    assert skew > 0
    assert feature(table, 0, "heart rate", 1)[:4] == pytest.approx([70, 200**0.5, 60, 80])  # first 10%
    assert feature(table, 0, "heart rate", 4)[:2] == [140, 0]  # last 10%: one measurement
    assert WINDOWS[4] == (0.9, 1.0)


def test_negative_marks_are_dropped_and_other_negative_values_stay() -> None:
    table = statistics(
        measurements([record(1, "00:00,Weight,-1", "00:05,Temp,-17.8", height=-1), record(2)]), 2
    )
    for variable in ("height", "weight"):
        assert np.isnan(feature(table, 0, variable, 0)[:5]).all() and feature(table, 0, variable, 0)[5] == 0
    assert feature(table, 0, "temperature", 0)[0] == -17.8
    assert feature(table, 1, "height", 0)[0] == 170


def test_doubled_rows_are_two_measurements_and_two_ways_of_measuring_one_variable() -> None:
    rows = ["02:00,HR,60", "02:00,HR,70", "03:00,SysABP,120", "03:00,NISysABP,100"]
    table = statistics(measurements([record(1, *rows)]), 1)
    assert feature(table, 0, "heart rate", 0)[::5] == [65, 2]
    assert feature(table, 0, "systolic pressure", 0)[::5] == [110, 2]


def test_a_stay_without_a_series_has_counts_of_zero() -> None:
    table = statistics(measurements([record(1, height=-1), record(2, "00:10,HR,60")]), 2)
    counts = table[0, 5::6]
    assert (counts == 0).all() and np.isnan(np.delete(table[0], np.s_[5::6])).all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["00:10,HR,fast"], "record 7: no time or no number in the line 00:10,HR,fast"),
        (["later,HR,60"], "record 7: no time or no number in the line later,HR,60"),
    ],
)
def test_a_bad_line_is_named(rows: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        measurements([record(7, *rows)])


def test_another_head_is_refused() -> None:
    with pytest.raises(ValueError, match="record 7: the first line is b'a,b'"):
        measurements([("7", b"a,b\n1,2\n")])


def write(folder: Path, name: str, stays: list[tuple[str, bytes]], outcomes: list[str], monkeypatch) -> None:
    """Put one set into the cache, and pin it."""
    folder.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    with tarfile.open(folder / f"set-{name}.tar.gz", "w:gz") as tar:
        for number, content in reversed(stays):
            member = tarfile.TarInfo(f"set-{name}/{number}.txt")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    for number, content in stays:
        digest.update(number.encode() + b"\0" + content + b"\0")
    monkeypatch.setattr(SETS[name], "sha256", digest.hexdigest())
    head = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"
    text = "\n".join([head, *outcomes]).encode()
    (folder / f"Outcomes-{name}.txt").write_bytes(text)
    monkeypatch.setattr(OUTCOMES[name], "sha256", hashlib.sha256(text).hexdigest())
    monkeypatch.setattr(OUTCOMES[name], "size", len(text))


@pytest.fixture
def small(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    folder = cache / "physionet2012"
    for name, first in (("a", 10), ("b", 50)):
        stays = [record(first + i, f"00:10,HR,{60 + i}", "01:00,HR,9000") for i in range(9)]
        stays.append(record(first + 9, height=-1))
        days = [3, 5, -1, 8, 9, 10, 20, 30, 4, 2]
        lines = [f"{first + i},6,1,{day},-1,{int(i % 4 == 1)}" for i, day in enumerate(days)]
        write(folder, name, stays, lines, monkeypatch)
    stays_of.cache_clear()
    yield folder
    stays_of.cache_clear()


def test_load(small: Path) -> None:
    data = mtl.load("physionet2012", validation=3, seed=1)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [7, 3, 10]
    for split in (data.train, data.validation, data.test):
        assert split.inputs.shape[1] == 546 and split.inputs.isfinite().all()
        assert split.inputs.abs().max() <= LARGEST
    died, stay = data.test.targets
    assert died.tolist() == [0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert stay.isnan().flatten().tolist() == [i == 2 for i in range(10)]
    order = [3, 0, 4, 5, 6, 7]  # 8, 3, 9, 10, 20, 30 days
    assert (stay[order].diff(dim=0)[1:] > 0).all()
    lengths = torch.cat([data.train.targets[1]])
    lengths = lengths[~lengths.isnan()]
    assert lengths.mean().abs() < 1e-5 and (lengths.std(correction=0) - 1).abs() < 1e-5


def test_the_seed_divides_set_a_and_set_b_is_the_test(small: Path) -> None:
    one, other = (mtl.load("physionet2012", validation=3, seed=seed) for seed in (0, 1))
    assert torch.equal(one.test.targets[0], other.test.targets[0])
    assert not torch.equal(one.train.inputs, other.train.inputs)
    with pytest.raises(ValueError, match="validation must be below the 10 stays of set a, not 10"):
        mtl.load("physionet2012", validation=10)


def test_an_archive_with_another_record_is_refused(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = SETS["a"].sha256
    write(small, "a", [record(10, "00:10,HR,61")], ["10,6,1,3,-1,0"], monkeypatch)
    monkeypatch.setattr(SETS["a"], "sha256", digest)
    with pytest.raises(ValueError, match="its records should have SHA-256"):
        mtl.load("physionet2012")


def test_a_damaged_archive_is_refused(small: Path) -> None:
    path = small / "set-b.tar.gz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="it cannot be unpacked"):
        mtl.load("physionet2012", validation=3)


def test_outcomes_of_other_stays_are_refused(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(small, "a", [record(10)], ["11,6,1,3,-1,0"], monkeypatch)
    with pytest.raises(ValueError, match=r"set a: the files have other stays than Outcomes-a\.txt"):
        mtl.load("physionet2012")
