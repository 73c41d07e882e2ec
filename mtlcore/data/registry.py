"""The registry of data sets, collected from the modules of this package."""

from __future__ import annotations

import inspect
import pkgutil
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlcore._names import nearest
from mtlcore._optional import needed_by
from mtlcore.data.dataset import Dataset
from mtlcore.tasks import MultiTaskData

if TYPE_CHECKING:
    import pandas as pd


def _collect() -> dict[str, Dataset]:
    """Every data set that a module of this package lists under ``DATASETS``, by name."""
    folder = str(Path(__file__).parent)
    names = (info.name for info in pkgutil.iter_modules([folder], f"{__package__}."))
    modules = [import_module(name) for name in names if name != __name__]
    return {dataset.name: dataset for module in modules for dataset in getattr(module, "DATASETS", ())}


DATASETS: dict[str, Dataset] = _collect()
"""Name -> data set."""


def load(name: str, **options: Any) -> MultiTaskData:
    """Make a data set, and download files that it needs and that are not in the cache.

    Parameters
    ----------
    name : str
        A key of :data:`DATASETS`.
    **options : Any
        Options of the data set. Data sets that draw random numbers take ``seed`` (default 0), and many take
        ``train``, ``validation`` and ``test``, the numbers of samples. The same options give the same data.

    Returns
    -------
    data : MultiTaskData
        Training, validation and test split, and the tasks.

    Raises
    ------
    ValueError
        If the name or an option is unknown, if an option has a bad value, or if a file does not have the
        pinned content.
    FileNotFoundError
        If a file is not in the cache and cannot be downloaded, or has to be downloaded by hand.
    ImportError
        If the data set needs an optional package that is not installed; the message names the extra.

    Examples
    --------
    >>> data = mtl.load("mtregression", tasks=3, train=100)
    >>> data.train.inputs.shape
    torch.Size([100, 250])
    >>> [task.name for task in data.tasks]
    ['1', '2', '3']
    """
    name = _present_name(name)
    known = list(inspect.signature(DATASETS[name].make).parameters)
    for option in options:
        if option not in known:
            raise ValueError(f"data set {name!r} has no option {option!r}; it takes {', '.join(known)}")
    with needed_by(f"data set {name!r}", extra="data"):
        return DATASETS[name].make(**options)


def _present_name(name: str) -> str:
    """The registered name for a name, also for one that starts with ``made-`` as until version 0.3."""
    if isinstance(name, str) and name.startswith("made-"):
        present = f"synthetic-{name.removeprefix('made-')}"
        if present in DATASETS:
            warnings.warn(f"data set {name!r} is now called {present!r}", DeprecationWarning, stacklevel=3)
            return present
    return nearest(name, DATASETS, "data set")


def table() -> pd.DataFrame:
    """List every file of every data set: where it is, and whether its content is as expected.

    Nothing is downloaded. Files with a pinned hash are read and hashed. Of a manual download, which has no
    pinned hash, the number of files is checked.

    Returns
    -------
    table : DataFrame
        One row per file, with the columns ``data set``, ``summary``, ``file``, ``state`` (``"ok"``,
        ``"missing"`` or ``"wrong content"``; ``"bundled"`` for a data set without files), ``path`` (where the
        file is, or where a download would put it) and ``address``.

    Raises
    ------
    ImportError
        If pandas or pooch is not installed.
    """
    with needed_by("the table of data sets", extra="data"):
        import pandas as pd

        state = {file: file.state() for d in DATASETS.values() for file in d.files}
    rows = [(d.name, d.summary, "", "bundled", "", "") for d in DATASETS.values() if not d.files]
    rows += [
        (d.name, d.summary, f"{file.folder}/{file.name}", *state[file], file.address)
        for d in DATASETS.values()
        for file in d.files
    ]
    return pd.DataFrame(rows, columns=["data set", "summary", "file", "state", "path", "address"])
