"""Registry entries: the class :class:`Dataset`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mtlcore.data.files import File
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData

NOT_CHECKED = "Not checked"
"""The key of :attr:`Dataset.checks` under which stands what is accepted although it may be wrong."""


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
    checks : mapping of str to str, optional
        For files without a pinned hash: what is checked, and what is accepted. What is under
        :data:`NOT_CHECKED` is not noticed. The book lists them; for each there is a test with a damaged file.
    """

    name: str
    summary: str
    make: Callable[..., MultiTaskData]
    files: tuple[File | ManualFolder, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
