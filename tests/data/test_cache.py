"""Data sets: the cache and its faults, the IDX format, overlays, options."""

import gzip
import lzma
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pooch
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_digits

from mtlcore.data import DATASETS, digits, load, table
from mtlcore.data.cache import File, cache_folder
from mtlcore.data.formats.idx import read_idx
from mtlcore.data.multi_mnist import FASHION, MNIST, read_pools
from mtlcore.data.overlay import Pool, draw_pairs, overlay

SMALL = {"train": 40, "validation": 30, "test": 20}
OVERLAYS = ["multi-mnist", "multi-fashion", "multi-fashion-mnist"]
SIZED = [name for name, dataset in DATASETS.items() if "train" in signature(dataset.make).parameters]
TRAIN = MNIST[0]


def snapshot(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file()}


def content(file: File) -> bytes:
    return gzip.decompress((file.home / f"{file.name}.gz").read_bytes())


# --- the official files -------------------------------------------------------------------------


def test_official_label_counts(real_files: None) -> None:
    """The counts that the data's authors publish."""
    mnist, fashion = read_pools(MNIST), read_pools(FASHION)
    train = np.concatenate([mnist["train"].classes, mnist["validation"].classes])
    assert np.bincount(train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(mnist["test"].classes).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    train = np.concatenate([fashion["train"].classes, fashion["validation"].classes])
    assert np.bincount(train).tolist() == [6000] * 10
    assert np.bincount(fashion["test"].classes).tolist() == [1000] * 10
    for pools in (mnist, fashion):
        shapes = {key: pool.images.shape for key, pool in pools.items()}
        assert shapes == {
            "train": (50_000, 28, 28),
            "validation": (10_000, 28, 28),
            "test": (10_000, 28, 28),
        }


@pytest.mark.parametrize("name", OVERLAYS)
def test_official_overlays(real_files: None, name: str) -> None:
    data = load(name, **SMALL)
    assert data.name == name
    assert [task.name for task in data.tasks] == ["top-left", "bottom-right"]
    for key, n in SMALL.items():
        split = getattr(data, key)
        assert split.inputs.shape == (n, 1, 36, 36)
        assert split.inputs.dtype == torch.uint8
        assert [(y.shape, y.dtype) for y in split.targets] == [((n,), torch.int64)] * 2
        batch = split.read(slice(0, 8))
        assert batch.inputs.dtype == torch.float32
        assert 0.5 < batch.inputs.max() <= 1
    if name == "multi-mnist":  # strokes are sparse: most of the two free corners is background
        assert (data.train.inputs[:, :, :4, :4] == 0).float().mean() > 0.9


# --- the cache ----------------------------------------------------------------------------------

PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": partial(lzma.compress, preset=0)}


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("suffix", PACKERS)
def test_a_file_may_lie_plain_or_packed(fake_cache: SimpleNamespace, suffix: str, flat: bool) -> None:
    expected = load("multi-mnist", **SMALL)
    for file in MNIST:
        packed = PACKERS[suffix](content(file))
        (file.home / f"{file.name}.gz").unlink()
        (fake_cache.folder / ("" if flat else "mnist") / (file.name + suffix)).write_bytes(packed)
    before = snapshot(fake_cache.folder)
    found = load("multi-mnist", **SMALL)
    assert torch.equal(found.train.inputs, expected.train.inputs)
    assert snapshot(fake_cache.folder) == before, "the user's cache was changed"


def test_flat_files_of_another_data_set_are_passed_over(fake_cache: SimpleNamespace) -> None:
    """MNIST and Fashion-MNIST share their file names."""
    for path in (fake_cache.folder / "mnist").iterdir():
        shutil.copy(path, fake_cache.folder / path.name)
    shutil.rmtree(fake_cache.folder / "mnist")
    load("multi-fashion-mnist", **SMALL)
    shutil.rmtree(fake_cache.folder / "fashion-mnist")
    with pytest.raises(ValueError, match="or another file"):
        load("multi-fashion", **SMALL)


def damaged(packed: bytes) -> dict[str, bytes]:
    plain = gzip.decompress(packed)
    xz = lzma.compress(plain, preset=0)
    flipped = bytearray(plain)
    flipped[-1] ^= 1
    return {
        "truncated archive": packed[: len(packed) // 2],
        "corrupted archive": packed[:30] + b"\xff" * 20 + packed[50:],
        "truncated content": gzip.compress(plain[:-1]),
        "overlong content": gzip.compress(plain + b"\0" * 10_000),
        "flipped bit": gzip.compress(bytes(flipped)),
        "truncated xz": xz[:-20],
        "corrupted xz": xz[:30] + b"\xff" * 20 + xz[50:],
        "web page": b"<html>sign in to this network</html>",
        "empty": b"",
    }


@pytest.mark.parametrize("damage", damaged(gzip.compress(bytes(1000))))
@pytest.mark.parametrize("file", MNIST[:2], ids=["images", "labels"])
def test_a_damaged_file_is_refused(fake_cache: SimpleNamespace, file: File, damage: str) -> None:
    path = file.home / f"{file.name}.gz"
    path.write_bytes(damaged(path.read_bytes())[damage])
    before = snapshot(fake_cache.folder)
    with pytest.raises(ValueError, match="corrupted, truncated or another file") as caught:
        load("multi-mnist", **SMALL)
    message = str(caught.value)
    assert message.startswith(str(path))
    for part in (f"{file.size:,} bytes", file.sha256, "delete it", file.address, str(file.home)):
        assert part in message
    assert "\n" not in message
    if damage == "overlong content":  # read no further than it takes to know
        assert f"it has {file.size + 1:,} bytes or more" in message
    assert file.state() == ("wrong content", str(path))
    assert snapshot(fake_cache.folder) == before, "the user's cache was changed"


def test_a_good_copy_beside_a_damaged_one_is_used(fake_cache: SimpleNamespace) -> None:
    (TRAIN.home / TRAIN.name).write_bytes(b"half")
    assert TRAIN.read() == content(TRAIN)


@pytest.mark.parametrize("name", OVERLAYS)
def test_absent_file_and_no_network(fake_cache: SimpleNamespace, name: str) -> None:
    file = DATASETS[name].files[2]
    (file.home / f"{file.name}.gz").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load(name, **SMALL)
    message = str(caught.value)
    for part in (f"{file.folder}/{file.name}", file.address, f"into the folder {file.home}"):
        assert part in message
    assert "\n" not in message
    assert not (file.home / f"{file.name}.gz").exists()


def test_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path / "file"))
    with pytest.raises(FileNotFoundError, match="NotADirectoryError"):
        TRAIN.read()


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTLCORE_DATA", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"
    monkeypatch.delenv("MTLCORE_DATA")
    assert cache_folder() == pooch.os_cache("mtlcore")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, File]]:
    """A file behind a server on this machine, and the folder that the server reads."""
    packed = gzip.compress(b"content", mtime=0)
    site = tmp_path / "site"
    site.mkdir()
    (site / "file.gz").write_bytes(packed)
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path / "cache"))
    sha256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/file.gz"
        yield site, File("set", "file", address, 7, sha256)
        server.shutdown()


def test_download(served: tuple[Path, File]) -> None:
    site, file = served
    assert file.state() == ("missing", str(file.home / "file.gz"))
    assert file.read() == b"content"
    assert [p.name for p in file.home.iterdir()] == ["file.gz"]
    (site / "file.gz").unlink()
    assert file.read() == b"content", "the second time it comes from the cache"


def test_a_bad_download_is_not_kept(served: tuple[Path, File]) -> None:
    site, file = served
    (site / "file.gz").write_bytes((site / "file.gz").read_bytes()[:-4])
    with pytest.raises(ValueError, match=f"^{re.escape(file.address)} is corrupted.*nothing was"):
        file.read()
    assert list(file.home.iterdir()) == []
    (site / "file.gz").unlink()
    with pytest.raises(FileNotFoundError, match="HTTPError"):
        file.read()


def test_what_the_user_put_there_is_not_downloaded_over(served: tuple[Path, File]) -> None:
    """A bad copy in the data set's folder is an error; one directly in the cache is passed over."""
    _, file = served
    file.home.mkdir(parents=True)
    (file.home / "file").write_bytes(b"contemn")
    with pytest.raises(ValueError, match="delete it"):
        file.read()
    assert [p.read_bytes() for p in file.home.iterdir()] == [b"contemn"]
    (file.home / "file").rename(cache_folder() / "file")
    assert file.read() == b"content"
    assert (cache_folder() / "file").read_bytes() == b"contemn"


def test_a_killed_download_leaves_nothing_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    """SIGKILL when half of the file has arrived."""
    script = """
import os, signal, pooch
from mtlcore.data.multi_mnist import MNIST

class Dying:
    def __init__(self, **options): ...
    def __call__(self, address, path, pup):
        with open(path, "wb") as file:
            file.write(bytes(1000))
        os.kill(os.getpid(), signal.SIGKILL)

pooch.HTTPDownloader = Dying
MNIST[1].read()
"""
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert [p.stat().st_size for p in (tmp_path / "mnist").iterdir()] == [1000], "it had begun"
    assert MNIST[1].state()[0] == "missing"
    with pytest.raises(FileNotFoundError):
        MNIST[1].read()


def test_table(fake_cache: SimpleNamespace) -> None:
    (MNIST[1].home / f"{MNIST[1].name}.gz").write_bytes(b"")
    (FASHION[3].home / f"{FASHION[3].name}.gz").unlink()
    shown = table()
    assert sorted(shown["data set"].unique()) == sorted(DATASETS)
    images = shown[shown["data set"].isin(["digits", *OVERLAYS])]
    states = images.groupby(["data set", "state"]).size().to_dict()
    assert states == {
        ("digits", "bundled"): 1,
        ("multi-mnist", "ok"): 3,
        ("multi-mnist", "wrong content"): 1,
        ("multi-fashion", "ok"): 3,
        ("multi-fashion", "missing"): 1,
        ("multi-fashion-mnist", "ok"): 6,
        ("multi-fashion-mnist", "wrong content"): 1,
        ("multi-fashion-mnist", "missing"): 1,
    }
    row = shown[(shown["data set"] == "multi-fashion") & (shown["state"] == "missing")].iloc[0]
    assert row["file"] == "fashion-mnist/t10k-labels-idx1-ubyte"
    assert row["path"] == str(FASHION[3].home / "t10k-labels-idx1-ubyte.gz")


# --- IDX ----------------------------------------------------------------------------------------


def test_idx_by_hand() -> None:
    data = b"\0\0\x08\x02" + b"\0\0\0\x02" + b"\0\0\0\x03" + bytes(range(6))
    assert read_idx(data).tolist() == [[0, 1, 2], [3, 4, 5]]


@given(st.data())
def test_idx_refuses_every_cut(data: st.DataObject) -> None:
    whole = b"\0\0\x08\x02" + b"\0\0\0\x04" + b"\0\0\0\x05" + bytes(20)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="IDX"):
        read_idx(whole[:cut])


@pytest.mark.parametrize(
    "data", [b"\0\0\x0d\x01" + bytes(8), b"PNG!" + bytes(8), b"\0\0\x08\x01\0\0\0\x02abc"]
)
def test_idx_refuses_other_formats(data: bytes) -> None:
    with pytest.raises(ValueError, match="IDX"):
        read_idx(data)


# --- overlays -----------------------------------------------------------------------------------


def slow_overlay(first: np.ndarray, second: np.ndarray, offset: int) -> np.ndarray:
    size = len(first) + offset
    canvas = np.zeros((size, size), int)
    for y in range(size):
        for x in range(size):
            here = []
            if y < len(first) and x < len(first):
                here.append(first[y, x])
            if y >= offset and x >= offset:
                here.append(second[y - offset, x - offset])
            canvas[y, x] = max(here, default=0)
    return canvas


@given(
    arrays(np.uint8, (2, 5, 5)),
    arrays(np.uint8, (2, 5, 5)),
    st.integers(1, 6),
)
def test_overlay_is_the_brighter_pixel(first: np.ndarray, second: np.ndarray, offset: int) -> None:
    made = overlay(first, second, offset)
    for k in range(2):
        assert (made[k] == slow_overlay(first[k], second[k], offset)).all()


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("multi-mnist", "mnist", "mnist"),
        ("multi-fashion", "fashion-mnist", "fashion-mnist"),
        ("multi-fashion-mnist", "fashion-mnist", "mnist"),
    ],
)
def test_overlays_come_from_their_own_images(
    fake_cache: SimpleNamespace, name: str, first: str, second: str
) -> None:
    """Pixels, labels and pools of every split, from the number that each image carries."""
    data = load(name, train=400, validation=200, test=150)
    pools = {"train": range(200), "validation": range(200, 300), "test": range(80)}
    for key, pool in pools.items():
        split = getattr(data, key)
        i, j = fake_cache.number(split.inputs)
        part = "t10k" if key == "test" else "train"
        for side, numbers, source in ((0, i, first), (1, j, second)):
            assert set(numbers) <= set(pool)
            assert len(set(numbers)) > 0.6 * len(pool), "the whole pool is drawn from"
            labels = fake_cache.arrays[source, f"{part}-labels-idx1-ubyte"]
            assert (split.targets[side].numpy() == labels[numbers]).all()
        for k in range(5):
            top_left = fake_cache.arrays[first, f"{part}-images-idx3-ubyte"][i[k]]
            bottom_right = fake_cache.arrays[second, f"{part}-images-idx3-ubyte"][j[k]]
            assert (split.inputs[k, 0].numpy() == slow_overlay(top_left, bottom_right, 8)).all()
        same = (split.targets[0] == split.targets[1]).float().mean()
        assert same > 0 if name == "multi-fashion-mnist" else same == 0


def test_pairs_are_uniform_over_the_other_classes() -> None:
    """Classes of unequal size, one of them empty."""
    pool = Pool(np.zeros((6, 1, 1), np.uint8), np.array([2, 0, 2, 3, 0, 2]))
    n = 120_000
    i, j = draw_pairs(pool, pool, n, np.random.default_rng(0))
    for a in range(6):
        others = np.flatnonzero(pool.classes != pool.classes[a])
        assert np.isclose((i == a).mean(), 1 / 6, atol=0.01)
        share = np.bincount(j[i == a], minlength=6) / (i == a).sum()
        assert np.allclose(share[others], 1 / len(others), atol=0.015)
        assert share[pool.classes == pool.classes[a]].sum() == 0


def test_pairs_of_two_pools_are_uniform() -> None:
    first = Pool(np.zeros((3, 1, 1), np.uint8), np.array([0, 0, 1]))
    second = Pool(np.zeros((2, 1, 1), np.uint8), np.array([0, 1]))
    i, j = draw_pairs(first, second, 60_000, np.random.default_rng(0))
    assert np.allclose(np.bincount(2 * i + j) / 60_000, 1 / 6, atol=0.01)


@pytest.mark.parametrize("name", SIZED)
def test_the_seed_decides(fake_cache: SimpleNamespace, name: str) -> None:
    one, same, other = load(name, **SMALL), load(name, **SMALL), load(name, **SMALL, seed=1)
    for key in SMALL:
        a, b, c = (getattr(data, key) for data in (one, same, other))
        assert torch.equal(a.inputs, b.inputs)
        assert all(map(torch.equal, a.targets, b.targets))
        assert not torch.equal(a.inputs, c.inputs)
    larger = load(name, **{**SMALL, "train": 70})
    assert torch.equal(larger.test.inputs, one.test.inputs), "splits do not depend on each other"


# --- digits -------------------------------------------------------------------------------------


def test_digits() -> None:
    data = load("digits")
    assert [len(data.train), len(data.validation), len(data.test)] == [4000, 1000, 1000]
    assert data.train.inputs.shape == (4000, 1, 11, 11)
    assert data.train.inputs.dtype == torch.uint8
    assert data.train.inputs.max() == 255
    assert [task.metric_name for task in data.tasks] == ["accuracy", "accuracy"]
    assert not (data.train.targets[0] == data.train.targets[1]).any()
    assert torch.bincount(data.train.targets[1]).min() > 300


def test_digits_splits_share_no_image() -> None:
    """Every overlay is one of a pair of images from its own split's part, and no part overlaps."""
    data = load("digits", **SMALL)
    parts = {key: set(range(1797)[part]) for key, part in digits.PARTS.items()}
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == 1797
    images, classes = load_digits().images, load_digits().target
    images = np.rint(images * 255 / 16)
    for key, part in parts.items():
        split = getattr(data, key)
        for picture, first, second in zip(split.inputs[:, 0].numpy(), *split.targets, strict=True):
            i = [k for k in part if classes[k] == first and (images[k][:3] == picture[:3, :8]).all()]
            j = [k for k in part if classes[k] == second and (images[k][5:] == picture[8:, 3:]).all()]
            assert any((slow_overlay(images[a], images[b], 3) == picture).all() for a in i for b in j)


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize(
    "option",
    [{"train": 0}, {"validation": -1}, {"test": 1.5}, {"train": True}, {"test": "9"}, {"seed": -1}],
    ids=str,
)
def test_bad_options(name: str, option: dict[str, object], fake_cache: SimpleNamespace) -> None:
    ((key, value),) = option.items()
    with pytest.raises(ValueError, match=f"^{key} must be a whole number.*not {value!r}$"):
        load(name, **option)


def test_numpy_sizes_are_whole_numbers() -> None:
    assert len(load("digits", train=np.int64(5)).train) == 5


def test_unknown_option() -> None:
    with pytest.raises(ValueError, match=r"'trian'.*takes train, validation, test, seed"):
        load("multi-mnist", trian=5)


@pytest.mark.parametrize(
    ("name", "near"), [("multi-mnits", "'multi-mnits'; did you mean multi-mnist"), ("x", "digits")]
)
def test_unknown_name(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=near):
        load(name)
