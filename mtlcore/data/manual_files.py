"""Official files that you bring: their terms, or their place, keep a program from fetching them."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mtlcore.data.cache import cache_folder

LARGEST = 2**26
"""The most bytes, and the most pixels, that one image or array may have."""


@dataclass(eq=False)
class Brought:
    """A folder of official files, or one file, in a data set's folder of the cache.

    Its content is not known to us, so no hash is pinned: what is checked is how many files there are. A
    folder may also lie there as a zip that holds it, ``name.zip``; that is read in place and never unpacked.

    Parameters
    ----------
    folder : the data set's folder in the cache.
    name : the folder or file.
    address : where you get it.
    suffix, count : the ending and the number of the folder's files, at any depth; no ending for one file.
    also : another name that it goes by.
    """

    folder: str
    name: str
    address: str
    suffix: str = ""
    count: int = 1
    also: str = ""

    @property
    def home(self) -> Path:
        """The data set's folder in the cache."""
        return cache_folder() / self.folder

    def find(self) -> Path | zipfile.Path:
        """Where the folder or file lies; FileNotFoundError if it does not."""
        for name in filter(None, (self.name, self.also)):
            place, archive = self.home / name, self.home / f"{name}.zip"
            if place.exists():
                return place
            if self.suffix and archive.is_file():
                return _inside(archive, f"{place.name}/", archive.stat().st_mtime_ns)
        raise self._missing()

    def names(self) -> list[str]:
        """The paths of the files inside the folder, sorted.

        Raises
        ------
        FileNotFoundError
            The folder is not in the cache.
        ValueError
            It holds more or fewer files than the official one, or its zip is broken.
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
        """The bytes of one of the folder's files, or of the file itself.

        Raises
        ------
        FileNotFoundError
            It is not there.
        ValueError
            It is larger than :data:`LARGEST`, or its zip is broken.
        """
        place = self.find()
        path: Any = place / name if name else place
        try:
            with path.open("rb") as file:
                data: bytes = file.read(LARGEST + 1)
        except (FileNotFoundError, KeyError):
            raise self._missing(name) from None
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
            raise ValueError(f"{path} cannot be unpacked: {error}") from error
        if len(data) > LARGEST:
            raise ValueError(f"{path} has more than {LARGEST:,} bytes; the official one is smaller")
        return data

    def array(self, name: str) -> np.ndarray:
        """One of the folder's files as an array of numbers (the .npy format; pickles are refused)."""
        try:
            return np.lib.format.read_array(io.BytesIO(self.read(name)), allow_pickle=False)
        except FileNotFoundError:
            raise
        except (ValueError, OSError, EOFError, MemoryError) as error:
            raise ValueError(f"{self.home / self.name / name} is no array of numbers: {error}") from error

    def image(self, name: str, size: tuple[int, int], mode: str = "RGB") -> np.ndarray:
        """One of the folder's files, JPEG or PNG, resized: (channels, height, width), uint8.

        ``size`` is height and width, ``mode`` "RGB" or "L" (grey).
        """
        try:
            with Image.open(io.BytesIO(self.read(name)), formats=("JPEG", "PNG")) as picture:
                if picture.width * picture.height > LARGEST:
                    raise ValueError(f"it has {picture.width} x {picture.height} pixels")
                resized = picture.convert(mode).resize(size[::-1], Image.Resampling.BILINEAR)
        except FileNotFoundError:
            raise
        except (ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValueError(f"{self.home / self.name / name} is no JPEG or PNG image: {error}") from error
        return np.asarray(resized).reshape(*size, -1).transpose(2, 0, 1).copy()

    def state(self) -> tuple[str, str]:
        """The state ("ok", "missing" or "wrong content") and the path."""
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
            f"{whole} is not in the cache, and you have to bring it: get it from {self.address} and put "
            f"{self.name}{zipped} into the folder {self.home}"
        )


@lru_cache(maxsize=8)
def _inside(archive: Path, folder: str, changed: int) -> zipfile.Path:
    """A folder inside a zip, opened once for all its files, anew when the zip has changed."""
    try:
        return zipfile.Path(archive, folder)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{archive} is no zip: {error}") from error
