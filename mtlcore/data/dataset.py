"""What the registry knows of a data set."""

from collections.abc import Callable
from dataclasses import dataclass

from mtlcore.data.cache import File
from mtlcore.data.manual_files import Brought
from mtlcore.tasks.batch import MultiTaskData


@dataclass(frozen=True)
class Dataset:
    """A data set that :func:`mtlcore.data.load` can make.

    ``make`` takes the options by keyword; ``files`` are what it reads from the cache.
    """

    name: str
    summary: str
    make: Callable[..., MultiTaskData]
    files: tuple[File | Brought, ...] = ()
