"""Manual downloads: official files that a program may not or cannot download."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from mtlcore.data.files import cache_folder

PIXELS_A_BYTE = 256
"""Largest number of pixels of an image for each byte of its file; a JPEG of one colour has about 64."""

LEAST_PIXELS = 2**20
"""Number of pixels that an image may have whatever the size of its file."""

UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How the files of a zip may be packed. Python unpacks those of other kinds as a whole, of whatever size."""

DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError, OverflowError),
    *(struct.error, LookupError, TypeError, AttributeError, SyntaxError, TokenError, MemoryError),
)
"""What the readers of zips, images and arrays raise on damaged files, as tests with random damage show."""


@dataclass(eq=False)
class ManualFolder:
    """A folder of official files, or one file, that the user puts into a data set's folder of the cache.

    No hash is pinned, because the official content is not known to us: only number and size of the files are
    checked here; the data sets check what is in them.
    Instead of the folder there may be a zip that contains it, ``name.zip``; it is read without unpacking.

    Parameters
    ----------
    folder : str
        The data set's folder in the cache.
    name : str
        The folder or file.
    address : str
        Where the user gets it.
    suffix : str, default ""
        Suffix of the folder's files; empty if ``name`` is a single file.
    count : int, default 1
        Number of files with that suffix in the folder, at any depth.
    alias : str, default ""
        Another name under which the folder may be found.
    largest : int, default 2**25
        Number of bytes, unpacked, that no official file exceeds.
    pixels : int, default 2**22
        Number of pixels that no official image exceeds.
    shape : tuple of int, optional
        Height and width of every official image, where all have the same.
    """

    folder: str
    name: str
    address: str
    suffix: str = ""
    count: int = 1
    alias: str = ""
    largest: int = 2**25
    pixels: int = 2**22
    shape: tuple[int, int] | None = None

    @property
    def home(self) -> Path:
        """The data set's folder in the cache."""
        return cache_folder() / self.folder

    def find(self) -> Path | zipfile.Path:
        """Find the folder or file in the cache.

        Returns
        -------
        place : Path or zipfile.Path
            The folder or file, or the folder inside its zip.

        Raises
        ------
        FileNotFoundError
            If it is not in the cache.
        ValueError
            If its zip is broken.
        """
        for name in filter(None, (self.name, self.alias)):
            place, archive = self.home / name, self.home / f"{name}.zip"
            if place.exists():
                return place
            if self.suffix and archive.is_file():
                return _inside(archive, f"{place.name}/", archive.stat().st_mtime_ns)
        raise self._missing()

    def names(self) -> list[str]:
        """List the files of the folder.

        Returns
        -------
        names : list of str
            Paths relative to the folder, sorted.

        Raises
        ------
        FileNotFoundError
            If the folder is not in the cache.
        ValueError
            If it has more or fewer files than the official one, or if its zip is broken.
        """
        place = self.find()
        if isinstance(place, Path):
            found = [path.relative_to(place).as_posix() for path in place.rglob(f"*{self.suffix}")]
        else:
            inside = (name for name in place.root.namelist() if name.startswith(place.at))
            found = [name[len(place.at) :] for name in inside if name.endswith(self.suffix)]
        found = sorted(name for name in found if not name.rpartition("/")[2].startswith("."))
        if len(found) != self.count:
            raise ValueError(
                f"{place} holds {len(found):,} {self.suffix} files, but the official one has "
                f"{self.count:,}; get it again from {self.address}"
            )
        return found

    def read(self, name: str = "") -> bytes:
        """Read one of the folder's files, or the file itself.

        Parameters
        ----------
        name : str, default ""
            Path relative to the folder; empty if this is a single file.

        Returns
        -------
        content : bytes
            All bytes of the file.

        Raises
        ------
        FileNotFoundError
            If it is not in the cache.
        ValueError
            If it is larger than the largest official one, or if its zip is broken.
        """
        place = self.find()
        path: Any = place / name if name else place
        try:
            if isinstance(path, zipfile.Path) and path.root.getinfo(path.at).compress_type not in UNPACKED:
                raise ValueError("it is neither stored nor deflated, as the official one is; pack it again")
            with path.open("rb") as file:
                data: bytes = file.read(self.largest + 1)
        except (FileNotFoundError, KeyError):
            raise self._missing(name) from None
        except DAMAGED as error:
            raise ValueError(f"{path} cannot be read: {_sentence(error)}") from error
        if len(data) > self.largest:
            raise ValueError(f"{path} has more than {self.largest:,} bytes; the official one is smaller")
        return data

    def array(self, name: str) -> np.ndarray:
        """Read one of the folder's files as a numpy array.

        Parameters
        ----------
        name : str
            Path of a ``.npy`` file relative to the folder.

        Returns
        -------
        array : ndarray
            The array of the file.

        Raises
        ------
        FileNotFoundError
            If the file is not in the cache.
        ValueError
            If it is no ``.npy`` file, or contains pickled objects.
        """
        data = self.read(name)
        try:
            # Not numpy's own reader of arrays: it makes room for what the header says before it looks for it.
            stream = io.BytesIO(data)
            version = np.lib.format.read_magic(stream)
            reader = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
            shape, fortran, kind = getattr(np.lib.format, reader)(stream)
            flat = np.frombuffer(data, kind, offset=stream.tell())
            return flat.reshape(shape, order="F" if fortran else "C")
        except DAMAGED as error:
            raise ValueError(
                f"{self.home / self.name / name} is no array of numbers: {_sentence(error)}"
            ) from error

    def image(self, name: str, size: tuple[int, int], mode: str = "RGB") -> np.ndarray:
        """Read one of the folder's files, JPEG or PNG, and resize it.

        Parameters
        ----------
        name : str
            Path relative to the folder.
        size : tuple of int
            Height and width of the result, in pixels.
        mode : {"RGB", "L"}, default "RGB"
            Colour, or grey.

        Returns
        -------
        image : ndarray, shape (3, height, width) or (1, height, width), uint8
            Pixels from 0 to 255.

        Raises
        ------
        FileNotFoundError
            If the file is not in the cache.
        ValueError
            If it is no such image, is of another size than the official ones, or has far more pixels than so
            small a file can hold.
        """
        from PIL import Image

        data = self.read(name)
        most = min(self.pixels, max(LEAST_PIXELS, PIXELS_A_BYTE * len(data)))
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
                if picture.width * picture.height > most or (self.shape and picture.size != self.shape[::-1]):
                    raise ValueError(f"it has {picture.width} x {picture.height} pixels")
                resized = picture.convert(mode).resize(size[::-1], Image.Resampling.BILINEAR)
        except (*DAMAGED, Image.DecompressionBombError) as error:
            raise ValueError(
                f"{self.home / self.name / name} is no JPEG or PNG image as the official ones are: "
                f"{_sentence(error)}"
            ) from error
        return np.asarray(resized).reshape(*size, -1).transpose(2, 0, 1).copy()

    def state(self) -> tuple[str, str]:
        """Return the state of the folder or file in the cache.

        Returns
        -------
        state : {"ok", "missing", "wrong content"}
            Whether it is there, and has the expected number of files.
        path : str
            Where it is, or should be.
        """
        try:
            place = self.find()
            if self.suffix:
                self.names()
        except FileNotFoundError:
            return "missing", str(self.home / self.name)
        except ValueError:
            return "wrong content", str(self.home / self.name)
        return "ok", str(place)

    def _missing(self, name: str = "") -> FileNotFoundError:
        whole = "/".join(filter(None, (self.folder, self.name, name)))
        zipped = f" (or {self.name}.zip)" if self.suffix and not name else ""
        return FileNotFoundError(
            f"{whole} is not in the cache and has to be downloaded by hand: get it from {self.address} and "
            f"put {self.name}{zipped} into the folder {self.home}"
        )


def _sentence(error: Exception) -> str:
    """What a library says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


@lru_cache(maxsize=8)
def _inside(archive: Path, folder: str, changed: int) -> zipfile.Path:
    """A folder inside a zip, opened once for all files, and again when the zip's time stamp changes."""
    try:
        return zipfile.Path(archive, folder)
    except DAMAGED as error:
        raise ValueError(f"{archive} is no zip: {_sentence(error)}") from error
