"""The cache: packed and damaged files, downloads that fail or are killed."""

import gzip
import lzma
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pooch
import pytest
import torch
from helpers.asserts import peak_below
from helpers.files import put

from mtlcore.data import DATASETS, load
from mtlcore.data.files import File, cache_folder, unpack
from mtlcore.data.multi_mnist import MNIST

SMALL = {"train": 40, "validation": 30, "test": 20}
OVERLAYS = ["multi-mnist", "multi-fashion", "multi-fashion-mnist"]
TRAIN = MNIST[0]


def snapshot(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file()}


def content(file: File) -> bytes:
    return gzip.decompress((file.home / f"{file.name}.gz").read_bytes())


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


def bombs() -> dict[str, bytes]:
    """64 MB of zeros, packed, and an xz file that asks for 2 GB of memory."""
    zeros = bytes(2**26)
    greedy = bytearray(lzma.compress(b"content"))
    block = slice(12, 12 + 4 * (greedy[12] + 1))  # its last four bytes are its checksum
    greedy[greedy.index(b"\x21\x01", 12) + 2] = 38
    greedy[block.stop - 4 : block.stop] = zlib.crc32(greedy[block][:-4]).to_bytes(4, "little")
    return {".gz": gzip.compress(zeros, 1), ".xz": lzma.compress(zeros, preset=0), "greedy.xz": bytes(greedy)}


@pytest.mark.parametrize("suffix", [".gz", ".xz", "greedy.xz"])
def test_a_bomb_is_unpacked_to_the_size_of_the_file_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    file = File("set", "file", "nowhere", 1000, "")
    put(tmp_path / "set" / f"file{suffix.removeprefix('greedy')}", bombs()[suffix])
    with peak_below(2**21), pytest.raises(ValueError, match="corrupted, truncated or another file"):
        file.read()


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_the_whole_of_a_file_that_is_packed_in_pieces(tmp_path: Path, suffix: str) -> None:
    pieces = [b"one" * 5000, b"two" * 5000]
    (path := tmp_path / "file").write_bytes(b"".join(map(PACKERS[suffix], pieces)))
    assert unpack(path, 10**6) == b"".join(pieces)
    assert unpack(path, 16_000) == b"".join(pieces)[:16_000]


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
    words = r"written into the folder .*file/mnist \(NotADirectoryError: Not a directory\); .* MTLCORE_DATA"
    with pytest.raises(FileNotFoundError, match=words):
        TRAIN.read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_may_not_be_written(served: tuple[Path, File]) -> None:
    _, file = served
    file.home.mkdir(parents=True)
    file.home.chmod(0o500)
    with pytest.raises(FileNotFoundError, match=r"written into .*\(PermissionError: Permission denied\)"):
        file.read()


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
    with pytest.raises(FileNotFoundError, match="HTTPError: status 404 File not found"):
        file.read()


def test_a_download_is_no_larger_than_the_file(served: tuple[Path, File]) -> None:
    site, file = served
    (site / "file.gz").write_bytes(bytes(10**6))
    with pytest.raises(ValueError, match=f"^{re.escape(file.address)} sends more than the 1,007 bytes"):
        file.read()
    assert list(file.home.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_the_answer_of_the_server_is_in_the_message(
    served: tuple[Path, File], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    _, file = served
    monkeypatch.setattr(SimpleHTTPRequestHandler, "do_GET", lambda self: self.send_error(status))
    with pytest.raises(FileNotFoundError) as caught:
        file.read()
    answer = f"HTTPError: status {status} {HTTPStatus(status).phrase}"
    assert str(caught.value) == (
        f"set/file is not in the cache and cannot be downloaded from {file.address} ({answer}); put it, as "
        f"it is, .gz or .xz, into the folder {file.home}"
    )
    assert list(file.home.iterdir()) == []


def test_a_refused_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and does not listen
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/file.gz"
        with pytest.raises(FileNotFoundError) as caught:
            File("set", "file", address, 7, "").read()
    assert f"cannot be downloaded from {address} (ConnectionError: Connection refused); put it" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing(served: tuple[Path, File]) -> None:
    """A limit on the size of files stands for the disk: half of the file is written."""
    _, file = served
    script = f"""
import resource
import requests, tqdm
from mtlcore.data.files import File
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    File("set", "file", {file.address!r}, 7, {file.sha256!r}).read()
except FileNotFoundError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "set/file is not in the cache and cannot be written into the folder" in ended.stdout, ended.stderr
    assert f"{file.home} (OSError: File too large); make it writable and make room" in ended.stdout
    assert list(file.home.iterdir()) == [] and file.state()[0] == "missing"
    assert file.read() == b"content", "with room it is downloaded"


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
    def __call__(self, address, file, pup):
        file.write(bytes(1000))
        file.flush()
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
