"""The IDX format of the MNIST family: a magic number, the dimensions, then the bytes."""

import math

import numpy as np


def read_idx(data: bytes) -> np.ndarray:
    """Read the content of an IDX file of unsigned bytes.

    Parameters
    ----------
    data : bytes
        The unpacked file. Its header is big-endian: two zero bytes, the type (8: unsigned byte), the number
        of dimensions, then each dimension as a 32-bit integer.

    Returns
    -------
    array : ndarray, uint8
        Of the shape that the header gives.

    Raises
    ------
    ValueError
        If it is no such file, or has fewer or more bytes than its header says.
    """
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise ValueError(f"not an IDX file of unsigned bytes: it starts with {data[:4]!r}")
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise ValueError(f"truncated IDX file: a header of {start} bytes but {len(data)} in all")
    shape = tuple(int(n) for n in np.frombuffer(data[4:start], ">u4"))
    if len(data) != start + math.prod(shape):
        raise ValueError(
            f"truncated or overlong IDX file: {shape} needs {start + math.prod(shape):,} bytes, "
            f"but it has {len(data):,}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
