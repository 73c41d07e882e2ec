"""What every test has: the data cache, one thread, and small stand-ins for the official files."""

import gzip
import hashlib
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import settings

from mtlcore.data import multi_mnist

SHELF = Path(__file__).resolve().parents[1] / "../shared/data"
if "MTLCORE_DATA" not in os.environ and SHELF.is_dir():
    os.environ["MTLCORE_DATA"] = str(SHELF.resolve())

torch.set_num_threads(1)
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


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


def write_idx(path: Path, array: np.ndarray) -> bytes:
    """Write an array of bytes as a gzipped IDX file; returns the unpacked content."""
    header = struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape)
    content = header + array.tobytes()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content, 1))
    return content


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
