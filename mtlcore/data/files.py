"""Files of the data sets: read from the cache or downloaded into it, and checked by hash."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pooch

DICTIONARY = 2**27
"""Largest number of bytes that an xz file may ask for before a byte is unpacked; ``xz -9`` asks for half."""


def cache_folder() -> Path:
    """Return the cache folder: the environment variable ``MTLCORE_DATA``, else the user's own cache.

    Returns
    -------
    folder : Path
        It may not exist yet.

    Raises
    ------
    ImportError
        If ``MTLCORE_DATA`` is not set and pooch is not installed.
    """
    named = os.environ.get("MTLCORE_DATA")
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("mtlcore")).expanduser()


@dataclass(eq=False)
class File:
    """A file of a data set, pinned by the size and the SHA-256 of its unpacked bytes.

    In the cache it may be unpacked, ``.gz`` or ``.xz``, in the data set's folder or at the top level. Two
    data sets may use one file name, so a file at the top level with other content is ignored. Existing files
    in the cache are never changed.

    Parameters
    ----------
    folder : str
        The data set's folder in the cache.
    name : str
        File name without ``.gz`` or ``.xz``.
    address : str
        URL of the download, a gzip file or an unpacked one.
    size : int
        Number of bytes, unpacked.
    sha256 : str
        SHA-256 of the unpacked bytes, in hexadecimal digits.
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
        """Find the file in the cache.

        Returns
        -------
        path : Path
            The first good copy; without one, the first bad copy; without any, where a download would go.
        content : bytes or ValueError or None
            The unpacked bytes of a good copy, the error of a bad one, or ``None`` without a copy.
        """
        bad: tuple[Path, ValueError] | None = None
        for path in self._places():
            try:
                return path, self._check(path, str(path), "delete it to download it again")
            except ValueError as fault:
                bad = bad or (path, fault)
        return bad or (self.home / f"{self.name}.gz", None)

    def read(self) -> bytes:
        """Return the unpacked bytes, from the cache or else from the address.

        Returns
        -------
        content : bytes
            Bytes with the pinned hash.

        Raises
        ------
        ValueError
            If the copy in the cache, or the download, does not have the pinned content.
        FileNotFoundError
            If the file is not in the cache and cannot be downloaded into it; the message has the answer of
            the server, or what is wrong with the folder.
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
                f"{self.folder}/{self.name} is not in the cache and cannot be {self._failed(error)}"
            ) from error

    def state(self) -> tuple[str, str]:
        """Return the state of the file in the cache.

        Returns
        -------
        state : {"ok", "missing", "wrong content"}
            Whether there is a good copy.
        path : str
            The path that :meth:`find` returns.
        """
        path, content = self.find()
        if isinstance(content, bytes):
            return "ok", str(path)
        return "wrong content" if content else "missing", str(path)

    def _places(self) -> list[Path]:
        """The paths in the cache at which there is a file of this name, packed or not."""
        stems = (self.home / self.name, cache_folder() / self.name)
        paths = [stem.with_name(stem.name + end) for stem in stems for end in ("", ".gz", ".xz")]
        return [path for path in paths if path.is_file()]

    def _download(self) -> bytes:
        """Download the file into the data set's folder; a bad download is not kept."""
        import pooch

        def fetch(address: str, path: str, pup: pooch.Pooch) -> None:
            # A file that packing made larger is larger by a few bytes in a thousand at most.
            with _Bounded(path, self.size + self.size // 100 + 1000, address) as file:
                pooch.HTTPDownloader(progressbar=True)(address, file, pup)
            self._check(Path(path), address, "nothing was kept: try again")

        name = f"{self.name}.gz"
        pup = pooch.create(self.home, "", registry={name: None}, urls={name: self.address})
        path = pup.fetch(name, downloader=fetch)  # pooch moves the file to its place after fetch returns
        return self._check(Path(path), path, "delete it to download it again")

    def _failed(self, error: OSError) -> str:
        """Why a download failed, and what to do: the rest of a sentence."""
        import requests

        found: Any = getattr(error, "response", None)
        reason = "" if found is None else f"status {found.status_code} {found.reason}"
        cause: BaseException | None = error
        while cause and not reason:  # what the system said is at the bottom of the chain
            reason = getattr(cause, "strerror", None) or ""
            cause = cause.__cause__ or cause.__context__
        said = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        if isinstance(error, requests.RequestException):
            remedy = f"put it, as it is, .gz or .xz, into the folder {self.home}"
            return f"downloaded from {self.address} ({said}); {remedy}"
        remedy = "make it writable and make room, or name another cache in MTLCORE_DATA"
        return f"written into the folder {self.home} ({said}); {remedy}"

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        """The unpacked bytes of a copy; ValueError, a sentence about ``what`` with a remedy, if it is bad."""
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
    """Return the unpacked content of a file; its first bytes tell whether it is gzip, xz or unpacked.

    Parameters
    ----------
    path : Path
        The file.
    limit : int
        Read at most this number of unpacked bytes.

    Returns
    -------
    content : bytes
        The first ``limit`` bytes.
    """
    with path.open("rb") as file:
        head = file.read(2)
        file.seek(0)
        if head == b"\x1f\x8b":
            return gzip.GzipFile(fileobj=file).read(limit)
        return _unpack_xz(file, limit) if head == b"\xfd7" else file.read(limit)


def _unpack_xz(file: BinaryIO, limit: int) -> bytes:
    """The first bytes of an xz file. Unlike ``lzma.open``, it refuses a header that asks for gigabytes."""
    data, packed = bytearray(), b""
    decoder = lzma.LZMADecompressor(memlimit=DICTIONARY)
    while len(data) < limit:
        if decoder.eof:
            packed = decoder.unused_data or file.read(io.DEFAULT_BUFFER_SIZE)
            if not packed:
                break
            decoder = lzma.LZMADecompressor(memlimit=DICTIONARY)  # two xz files in a row are one
        elif decoder.needs_input:
            packed = file.read(io.DEFAULT_BUFFER_SIZE)
            if not packed:
                raise EOFError("the end is missing")
        data += decoder.decompress(packed, limit - len(data))
        packed = b""
    return bytes(data)


class _Bounded(io.BufferedWriter):
    """A new file of at most ``limit`` bytes."""

    def __init__(self, path: str, limit: int, address: str) -> None:
        super().__init__(io.FileIO(path, "w"))
        self.limit, self.address = limit, address

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.limit:
            raise ValueError(
                f"{self.address} sends more than the {self.limit:,} bytes that the file may have; nothing "
                "was kept: try again"
            )
        return super().write(data)
