"""The batches of CIFAR-10: pickles of Python 2 with images and classes."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

NEEDED = {
    ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
"""All that a batch refers to."""


class _Unpickler(pickle.Unpickler):
    """Makes arrays, and nothing else that a pickle may ask for."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return NEEDED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def read_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read a batch of images of 32 x 32 pixels.

    Parameters
    ----------
    content : bytes
        The unpacked file. Check its hash first: numpy's own reader of pickled arrays trusts what it reads.

    Returns
    -------
    images : ndarray, shape (N, 3, 32, 32), uint8
        Red, green and blue.
    classes : ndarray, shape (N,), int64
        From 0 to 9.

    Raises
    ------
    ValueError
        If the file is no such batch.
    """
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        images = np.asarray(batch[b"data"])
        classes = np.asarray(batch[b"labels"], np.int64)
    except Exception as error:  # what damaged pickles raise has no common type
        raise ValueError(f"no batch of CIFAR-10: {error}") from error
    if (
        images.dtype != np.uint8
        or images.shape != (len(classes), 3072)
        or not np.isin(classes, range(10)).all()
    ):
        raise ValueError(
            f"no batch of CIFAR-10: data {images.dtype} {images.shape} and {len(classes)} labels, instead of "
            "N times 3072 bytes and N labels from 0 to 9"
        )
    return images.reshape(-1, 3, 32, 32), classes
