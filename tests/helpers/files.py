"""The repository, and files of the official formats, written and spoilt."""

import gzip
import io
import pickle
import random
import shutil
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build" / "html"


def lying_header(numbers: int = 10**12) -> bytes:
    """An array that says it has a million million numbers, and has none."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (numbers,)}
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


def zip_up(folder: Path, *extra: str, kind: int = zipfile.ZIP_STORED) -> None:
    """Replace a folder by a zip that holds it, as the official one does."""
    with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip"), "w", kind) as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder.parent))
        for name in extra:
            archive.writestr(name, b"")
    shutil.rmtree(folder)


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


PIECES = [
    b"\0",
    b"\r",
    b'"',
    b"\xff",
    b"\xe2\x80\xa8",
    b",",
    b"\t",
    b" ",
    b"nan",
    b"-1",
    b"1e400",
    b"\xef\xbb\xbf",
]


def spoilt(content: bytes, rng: random.Random) -> bytes:
    """A copy with a few bytes, or a line, less, more or others."""
    start = rng.randrange(len(content))
    end = start + rng.choice([1, 2, 8, 50])
    lines = content.split(b"\n")
    line = rng.randrange(len(lines))
    return rng.choice(
        [
            content[:start],
            content[end:] + content[:start],
            content[:start] + content[end:],
            content[:start] + rng.randbytes(end - start) + content[end:],
            content[:start] + rng.choice(PIECES) + content[start:],
            b"\n".join(lines[:line] + lines[line + 1 :]),
            b"\n".join([*lines[: line + 1], *lines[line:]]),
        ]
    )


def check_spoilt(files: Sequence[Path], read: Callable[[], list[tuple[int, ...]]], number: int) -> None:
    """Spoil files at random: each is refused in one sentence, or read without a change of shapes.

    The first number of a shape, that of the samples, may be smaller: some molecules cannot be read.
    """
    rng = random.Random(0)
    whole_shapes, refused = read(), 0
    for _ in range(number):
        path = rng.choice(files)
        whole = path.read_bytes()
        path.write_bytes(spoilt(whole, rng))
        try:
            shapes = read()
            assert [shape[1:] for shape in shapes] == [shape[1:] for shape in whole_shapes]
            assert all(0 < a[0] <= b[0] for a, b in zip(shapes, whole_shapes, strict=True))
        except (ValueError, FileNotFoundError) as error:
            said = str(error)
            assert type(error) in (ValueError, FileNotFoundError) and "\n" not in said, repr(error)
            assert path.name in said or path.parent.name in said, said
            assert len(said) < 1000
            refused += 1
        path.write_bytes(whole)
    assert refused > number // 4
    assert read() == whole_shapes


class _Python2(pickle._Pickler):  # type: ignore[name-defined]  # the one in Python, whose parts can be replaced
    def save_bytes(self, text: bytes) -> None:
        self.write(pickle.BINSTRING + len(text).to_bytes(4, "little") + text)

    dispatch = pickle._Pickler.dispatch | {bytes: save_bytes}  # type: ignore[attr-defined]


def python2_pickle(content: object) -> bytes:
    """Pickle bytes and arrays as Python 2 and numpy 1 did."""
    stream = io.BytesIO()
    _Python2(stream, protocol=2).dump(content)
    return stream.getvalue().replace(b"numpy._core.", b"numpy.core.")
