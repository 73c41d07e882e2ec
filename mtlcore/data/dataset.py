"""What the registry knows of a data set."""

from collections.abc import Callable
from dataclasses import dataclass

from mtlcore.batch import MultiTaskData
from mtlcore.data.brought import Brought
from mtlcore.data.cache import File


@dataclass(frozen=True)
class Dataset:
    """A data set that :func:`mtlcore.data.load` can make.

    ``make`` takes the options by keyword; ``files`` are what it reads from the cache.
    """

    name: str
    summary: str
    make: Callable[..., MultiTaskData]
    files: tuple[File | Brought, ...] = ()
