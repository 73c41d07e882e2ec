"""The repository, and files of the official formats, written and spoilt."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build" / "html"


def lying_header() -> bytes:
    """An array that says it has a million million numbers, and has none."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def array_file(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def photograph(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """PNG under any name: no pixel changes."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


class Trap:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def zip_up(folder: Path, *extra: str) -> None:
    """Replace a folder by a zip that holds it, as the official one does."""
    with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip"), "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
            path.unlink()
        for name in extra:
            archive.writestr(name, b"")
    folder.rmdir()


def replace_in(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(home: Path) -> None:
        path = home / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def write_idx(path: Path, array: np.ndarray) -> bytes:
    """Write an array of bytes as a gzipped IDX file; returns the unpacked content."""
    header = struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape)
    content = header + array.tobytes()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content, 1))
    return content
