"""The IDX format of the MNIST family: a magic number, the dimensions, then the bytes."""

import math

import numpy as np


def read_idx(data: bytes) -> np.ndarray:
    """The array of bytes (uint8, of the file's own shape) that an unpacked IDX file holds.

    The header is big-endian: two zero bytes, the entry type (8: unsigned byte), the number of
    dimensions, then each dimension as a 32-bit integer.

    Raises
    ------
    ValueError
        Not such a file, or fewer or more bytes than its header promises.
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
