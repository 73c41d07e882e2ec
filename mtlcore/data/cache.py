"""Files of the data sets: found in the cache or downloaded, and always checked."""

import gzip
import hashlib
import lzma
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch


def cache_folder() -> Path:
    """The cache: the environment variable ``MTLCORE_DATA``, else the user's own cache folder."""
    return Path(os.environ.get("MTLCORE_DATA") or pooch.os_cache("mtlcore")).expanduser()


@dataclass(eq=False)
class File:
    """A file of a data set, pinned by the size and the SHA-256 of its unpacked bytes.

    It may lie in the cache as it is, ``.gz`` or ``.xz``, in the data set's folder or directly in
    the cache. Two data sets may use one file name, so a file directly in the cache that has other
    content is passed over. What already lies in the cache is never changed.
    """

    folder: str
    name: str
    address: str
    size: int
    sha256: str

    @property
    def home(self) -> Path:
        """The data set's folder in the cache, where downloads go."""
        return cache_folder() / self.folder

    def find(self) -> tuple[Path, bytes | ValueError | None]:
        """The first good copy in the cache, with its unpacked bytes.

        Without one: the first bad copy and what is wrong with it, or, when there is none either,
        the path of the copy that a download would make and None.
        """
        bad: tuple[Path, ValueError] | None = None
        for path in self._places():
            try:
                return path, self._check(path, str(path), "delete it to download it again")
            except ValueError as fault:
                bad = bad or (path, fault)
        return bad or (self.home / f"{self.name}.gz", None)

    def read(self) -> bytes:
        """The unpacked bytes, from the cache or else from the address.

        Raises
        ------
        ValueError
            The copy in the cache, or the download, does not have the pinned content.
        FileNotFoundError
            The file is not in the cache and cannot be downloaded into it.
        """
        path, content = self.find()
        if isinstance(content, bytes):
            return content
        if content and path.parent == self.home:
            raise content
        try:
            return self._download()
        except OSError as error:
            raise content or FileNotFoundError(
                f"{self.folder}/{self.name} is not in the cache and cannot be downloaded from "
                f"{self.address} ({type(error).__name__}); put it, as it is, .gz or .xz, into the "
                f"folder {self.home}"
            ) from error

    def state(self) -> tuple[str, str]:
        """The state ("ok", "missing" or "wrong content") and the path that :meth:`find` gives."""
        path, content = self.find()
        if isinstance(content, bytes):
            return "ok", str(path)
        return "wrong content" if content else "missing", str(path)

    def _places(self) -> list[Path]:
        stems = (self.home / self.name, cache_folder() / self.name)
        paths = [stem.with_name(stem.name + end) for stem in stems for end in ("", ".gz", ".xz")]
        return [path for path in paths if path.is_file()]

    def _download(self) -> bytes:
        def fetch(address: str, path: str, pup: pooch.Pooch) -> None:
            pooch.HTTPDownloader(progressbar=True)(address, path, pup)
            self._check(Path(path), address, "nothing was kept: try again")

        name = f"{self.name}.gz"
        pup = pooch.create(self.home, "", registry={name: None}, urls={name: self.address})
        path = pup.fetch(name, downloader=fetch)  # put in place only when fetch has returned
        return self._check(Path(path), path, "delete it to download it again")

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        try:
            data = unpack(path, self.size + 1)
            digest = hashlib.sha256(data).hexdigest()
            if digest == self.sha256:
                return data
            more = " or more" if len(data) > self.size else ""
            found = f"it has {len(data):,} bytes{more} with SHA-256 {digest}"
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            found = f"it cannot be unpacked ({error})"
        raise ValueError(
            f"{what} is corrupted, truncated or another file: unpacked it should have "
            f"{self.size:,} bytes with SHA-256 {self.sha256}, but {found}; {remedy}, or put a good "
            f"copy of {self.address} into the folder {self.home}"
        )


def unpack(path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes of content; the first bytes tell the container."""
    with path.open("rb") as file:
        head = file.read(2)
    opener: Any = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open}.get(head, open)
    with opener(path, "rb") as stream:
        return stream.read(limit)
