"""CelebA: faces with 40 attributes and five landmarks, a manual download.

Source: Liu et al. (2015), 202,599 aligned images of 178 x 218 pixels, in the official parts of 162,770,
19,867 and 19,962 for training, validation and testing. Two data sets:

* ``celeba``: each attribute is a task, 64 x 64 pixels (random-weighting paper, Appendix C.2);
* ``celeba-landmarks``: the attribute "attractive" and the landmarks; 10,000 images of each part, drawn at
  random, 40 x 40 pixels, grey (Projection paper, Section 4.3 and Appendix B.2). A landmark's coordinates are
  fractions of the image's width and height, as in the public code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mtlcore.data._options import check_options
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.formats.image_tables import read_table
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData, Split, Task

if TYPE_CHECKING:
    import pandas as pd

ADDRESS = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
WIDTH, HEIGHT = 178, 218
"""Size of the aligned images in pixels, the unit of the landmarks in the official table."""

IMAGES = ManualFolder(
    "celeba", "img_align_celeba", ADDRESS, ".jpg", 202_599, largest=2**18, shape=(HEIGHT, WIDTH)
)
ATTRIBUTES = ManualFolder("celeba", "list_attr_celeba.txt", ADDRESS)
PARTITION = ManualFolder("celeba", "list_eval_partition.txt", ADDRESS)
LANDMARKS = ManualFolder("celeba", "list_landmarks_align_celeba.txt", ADDRESS)

PARTS = [162_770, 19_867, 19_962]
"""Number of images of each part: training, validation and test."""


def make(*, size: int = 64) -> MultiTaskData:
    """Make the data set ``"celeba"``.

    Parameters
    ----------
    size : int, default 64
        Height and width of the resized images, in pixels.

    Returns
    -------
    data : MultiTaskData
        Images (N, 3, size, size), uint8, and labels (N,), 0 or 1, of 40 tasks, measured by accuracy.

    Raises
    ------
    ValueError
        If ``size`` is out of range, or a file is not as the official one.
    FileNotFoundError
        If a file is not in the cache.

    References
    ----------
    Random-weighting paper, Appendix C.2.
    """
    check_options(size=size)
    attributes, partition = read_table(ATTRIBUTES, 40), _partition()
    _check_signs(attributes)

    def split(part: int) -> Split:
        names = partition.index[partition == part]
        labels = (_rows(ATTRIBUTES, attributes, names) > 0).astype(np.int64)
        return Split(_images(names, size, "RGB"), tuple(torch.from_numpy(y) for y in labels.T.copy()))

    return MultiTaskData(
        "celeba", split(0), split(1), split(2), tuple(Task.classification(name) for name in attributes)
    )


def make_landmarks(
    *, size: int = 40, images: int = 10_000, main: str = "Attractive", seed: int = 0
) -> MultiTaskData:
    """Make the data set ``"celeba-landmarks"``.

    Parameters
    ----------
    size : int, default 40
        Height and width of the resized images, in pixels.
    images : int, default 10_000
        Number of images of each split, drawn from the official parts.
    main : str, default "Attractive"
        The attribute, one of the 40 column names of the official table.
    seed : int, default 0
        Seed of the choice of images.

    Returns
    -------
    data : MultiTaskData
        Grey images (N, 1, size, size), uint8. Two tasks: the attribute with labels (N,), 0 or 1, one output
        (the log-odds), measured by the area under the ROC curve; and ``"landmarks"`` with targets (N, 10),
        float32, x and y of five points as fractions of width and height, measured by the mean squared error.

    Raises
    ------
    ValueError
        If an option is out of range, or a file is not as the official one.
    FileNotFoundError
        If a file is not in the cache.

    References
    ----------
    Projection paper, Section 4.3 and Appendix B.2.
    """
    check_options(seed=seed, size=size, images=images)
    attributes, landmarks, partition = read_table(ATTRIBUTES, 40), read_table(LANDMARKS, 10), _partition()
    if main not in attributes:
        raise ValueError(f"CelebA has no attribute {main!r}; it has {', '.join(attributes)}")
    _check_signs(attributes[[main]])
    _check_points(landmarks)

    def split(part: int) -> Split:
        names = partition.index[partition == part]
        if images > len(names):
            raise ValueError(f"a part of CelebA has {len(names):,} images, not {images:,}")
        drawn = np.random.default_rng([seed, part]).choice(len(names), images, replace=False)
        names = names[np.sort(drawn)]
        labels = (_rows(ATTRIBUTES, attributes[[main]], names)[:, 0] > 0).astype(np.int64)
        points = _rows(LANDMARKS, landmarks, names) / np.tile([WIDTH, HEIGHT], 5)
        targets = (torch.from_numpy(labels), torch.from_numpy(points.astype(np.float32)))
        return Split(_images(names, size, "L"), targets)

    tasks = (Task.logistic(main.lower()), Task.regression("landmarks"))
    return MultiTaskData("celeba-landmarks", split(0), split(1), split(2), tasks)


def make_faces(*, size: int = 16, attributes: int = 8, images: int = 120, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"synthetic-faces"``: random images of the same form as CelebA.

    Each colour channel is a grid of 4 x 4 blocks of random brightness; an attribute says whether one of these
    48 blocks is brighter than 128.

    Parameters
    ----------
    size : int, default 16
        Height and width of the images, in pixels.
    attributes : int, default 8
        Number of attributes (tasks), at most 48.
    images : int, default 120
        Number of training images; there are a quarter as many validation and test images.
    seed : int, default 0
        Seed of the random numbers.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, size=size, attributes=attributes, images=images)
    if attributes > 48:
        raise ValueError(f"synthetic-faces has at most 48 attributes, not {attributes}")

    def split(stream: int, number: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        blocks = rng.integers(0, 256, (number, 3, 4, 4))
        block = np.arange(size) * 4 // size  # of each row and column of pixels
        pixels = torch.from_numpy(blocks[:, :, block][..., block].astype(np.uint8))
        bright = (blocks.reshape(number, -1) > 128).astype(np.int64)
        return Split(pixels, tuple(torch.from_numpy(bright[:, k].copy()) for k in range(attributes)))

    tasks = tuple(Task.classification(f"attribute {k + 1}") for k in range(attributes))
    held_out = images // 4
    return MultiTaskData("synthetic-faces", split(0, images), split(1, held_out), split(2, held_out), tasks)


def _partition() -> pd.Series:
    """The part of every image: 0 (training), 1 (validation) or 2 (test)."""
    parts = read_table(PARTITION, 1, head=False).iloc[:, 0]
    place = PARTITION.home / PARTITION.name
    wrong = ~parts.isin((0, 1, 2)).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"line {row + 1} of {place} should give an image a part, 0, 1 or 2, not {parts.iloc[row]:g}"
        )
    found = np.bincount(parts.astype(int), minlength=3).tolist()
    if found != PARTS:
        raise ValueError(
            f"{place} is not the official table: its parts have {_listed(found)} images, not "
            f"{_listed(PARTS)}; get it again from {PARTITION.address}"
        )
    return parts


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"{n:,}" for n in numbers)


def _check_signs(attributes: pd.DataFrame) -> None:
    """ValueError if a value is neither -1 nor 1, or an attribute has one of the two only."""
    place, values = ATTRIBUTES.home / ATTRIBUTES.name, attributes.to_numpy(float)
    wrong = ~np.isin(values, (-1, 1))
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(
            f"line {row + 3} of {place} should hold -1 and 1 only, but it holds {values[row, column]:g}"
        )
    same = (values == values[:1]).all(0)
    if same.any():
        raise ValueError(
            f"{place} is not the official table: all values of {attributes.columns[same.argmax()]!r} are "
            f"{values[0, same.argmax()]:g}; get it again from {ATTRIBUTES.address}"
        )


def _check_points(landmarks: pd.DataFrame) -> None:
    """ValueError if the landmarks are shares, or of images before they were aligned, or far outside."""
    size, values = np.tile([WIDTH, HEIGHT], 5), landmarks.to_numpy(float)
    middle = np.median(values, axis=0)
    if not ((middle > 1) & (middle < size)).all():
        raise ValueError(
            f"{LANDMARKS.home / LANDMARKS.name} should hold pixels of aligned images, {WIDTH} x {HEIGHT}, "
            f"but the medians of its columns go from {middle.min():g} to {middle.max():g}"
        )
    outside = ((values < -size) | (values > 2 * size)).any(1)
    if outside.any():
        raise ValueError(
            f"line {int(outside.argmax()) + 3} of {LANDMARKS.home / LANDMARKS.name} has a point that is "
            "farther outside of its image than the image is wide or high"
        )


def _rows(file: ManualFolder, table: pd.DataFrame, names: pd.Index) -> np.ndarray:
    """The rows of the named images."""
    lost = names[~names.isin(table.index)]
    if len(lost):
        raise ValueError(
            f"CelebA's tables do not name the same images, {file.name} has no {lost[0]}; get them again from "
            f"{file.address}"
        )
    return table.loc[names].to_numpy()


def _images(names: pd.Index, size: int, mode: str) -> Tensor:
    """The named images (N, C, size, size), uint8."""
    if not names.isin(IMAGES.names()).all():
        raise ValueError(f"{PARTITION.name} names images that {IMAGES.name} does not hold")
    pixels = np.empty((len(names), len(mode), size, size), np.uint8)
    for row, name in zip(pixels, names, strict=True):
        row[:] = IMAGES.image(name, (size, size), mode)
    return torch.from_numpy(pixels)


FILES = (IMAGES, ATTRIBUTES, PARTITION)
CHECKS = {
    "Files": f"{IMAGES.count:,} .jpg files, in a folder or in a zip",
    "Size": f"an image file has at most {IMAGES.largest:,} bytes, a table at most {ATTRIBUTES.largest:,}",
    "Zip": "its files are stored or deflated",
    "Images": f"JPEG or PNG of {WIDTH} x {HEIGHT} pixels, the size of the aligned ones",
    "Encoding": "UTF-8, with or without a byte-order mark",
    "Columns": "40 attributes, 10 coordinates, one part; as many fields in every row",
    "Rows": "as many as the first line of the table says; no image twice, and each in every table",
    "Attributes": "-1 or 1, and both occur",
    "Parts": f"0, 1 or 2, with {_listed(PARTS)} images",
    "Landmarks": "finite numbers, in pixels of the aligned images, none far outside",
    NOT_CHECKED: "pixels, attributes or landmarks that were exchanged, and the same picture twice",
}
DATASETS = (
    Dataset("celeba", "faces: 40 attributes; manual download", make, FILES, CHECKS),
    Dataset(
        "celeba-landmarks",
        "small grey faces: one attribute and five landmarks; manual download",
        make_landmarks,
        (*FILES, LANDMARKS),
        CHECKS,
    ),
    Dataset("synthetic-faces", "random images with a few attributes", make_faces),
)
