"""Registry entries: the class :class:`Dataset`."""

from collections.abc import Callable
from dataclasses import dataclass

from mtlcore.data.files import File
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData


@dataclass(frozen=True)
class Dataset:
    """A data set that :func:`mtlcore.data.load` can make.

    A module of :mod:`mtlcore.data` registers its data sets in a tuple ``DATASETS``.

    Parameters
    ----------
    name : str
        Name in the registry.
    summary : str
        One line for :func:`mtlcore.data.table`.
    make : callable
        Function from options, all by keyword, to :class:`mtlcore.tasks.MultiTaskData`.
    files : tuple of File or ManualFolder, default ()
        The files that ``make`` reads from the cache.
    """

    name: str
    summary: str
    make: Callable[..., MultiTaskData]
    files: tuple[File | ManualFolder, ...] = ()
