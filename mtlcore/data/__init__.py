"""The data sets, by name."""

import inspect
from difflib import get_close_matches
from typing import Any

import pandas as pd

from mtlcore.data import (
    celeba,
    cityscapes,
    digits,
    molecules,
    mtregression,
    multi_mnist,
    nyuv2,
    office,
    pawsx,
    ud,
)
from mtlcore.data.dataset import Dataset
from mtlcore.tasks.batch import MultiTaskData

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        *digits.DATASETS,
        *multi_mnist.DATASETS,
        *mtregression.DATASETS,
        *molecules.DATASETS,
        *ud.DATASETS,
        *pawsx.DATASETS,
        *nyuv2.DATASETS,
        *cityscapes.DATASETS,
        *celeba.DATASETS,
        *office.DATASETS,
    )
}
"""The registry: name -> data set."""


def load(name: str, **options: Any) -> MultiTaskData:
    """Make a data set, reading or downloading the files that it needs.

    Parameters
    ----------
    name : a key of :data:`DATASETS`.
    options : of the data set; those that draw take ``seed`` (default 0), and many take ``train``,
        ``validation`` and ``test``, how many samples to make. The same options give the same data.

    Raises
    ------
    ValueError
        Unknown name or option, bad value, or a file without the pinned content.
    FileNotFoundError
        A file that is not in the cache and cannot be downloaded, or that you have to bring.
    """
    if name not in DATASETS:
        near = get_close_matches(str(name), DATASETS) or list(DATASETS)
        raise ValueError(f"unknown data set {name!r}; did you mean {' or '.join(near)}?")
    known = list(inspect.signature(DATASETS[name].make).parameters)
    for option in options:
        if option not in known:
            raise ValueError(f"data set {name!r} has no option {option!r}; it takes {', '.join(known)}")
    return DATASETS[name].make(**options)


def table() -> pd.DataFrame:
    """Every file of every data set: where it lies and whether its content is the pinned one.

    What has no pin is "ok" if its form is right: of a folder that you bring, the number of its files.

    One row a file, with the columns ``data set``, ``summary``, ``file``, ``state`` ("ok",
    "missing" or "wrong content"; "bundled" for a data set without files), ``path`` (where the file
    lies, or where a download, or you, would put it) and ``address``. Nothing is downloaded.
    """
    state = {file: file.state() for d in DATASETS.values() for file in d.files}
    rows = [(d.name, d.summary, "", "bundled", "", "") for d in DATASETS.values() if not d.files]
    rows += [
        (d.name, d.summary, f"{file.folder}/{file.name}", *state[file], file.address)
        for d in DATASETS.values()
        for file in d.files
    ]
    return pd.DataFrame(rows, columns=["data set", "summary", "file", "state", "path", "address"])
