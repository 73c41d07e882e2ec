"""CelebA: faces with 40 attributes and five landmarks, from files that you bring.

Source: Liu et al. (2015), 202,599 aligned images of 178 x 218 pixels, in the official parts of 162,770,
19,867 and 19,962 for training, validation and testing. Two problems of it:

* ``celeba``: each attribute is a task, 64 x 64 pixels (random-weighting paper, Appendix C.2);
* ``celeba-landmarks``: is the face attractive, and where are its landmarks; 10,000 images of each part,
  drawn at random, 40 x 40 pixels, grey (Projection paper, Section 4.3 and Appendix B.2). A landmark's
  coordinates are shares of the image's width and height, as in the public code.
"""

import io

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtlcore.data.dataset import Dataset
from mtlcore.data.manual_files import Brought
from mtlcore.data.overlay import check_options
from mtlcore.tasks.batch import MultiTaskData, Split
from mtlcore.tasks.task import Task

ADDRESS = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
IMAGES = Brought("celeba", "img_align_celeba", ADDRESS, ".jpg", 202_599)
ATTRIBUTES = Brought("celeba", "list_attr_celeba.txt", ADDRESS)
PARTITION = Brought("celeba", "list_eval_partition.txt", ADDRESS)
LANDMARKS = Brought("celeba", "list_landmarks_align_celeba.txt", ADDRESS)

WIDTH, HEIGHT = 178, 218
"""Of the aligned images, in which the landmarks are given."""


def make(*, size: int = 64) -> MultiTaskData:
    """Images (N, 3, size, size), uint8, and 40 tasks with labels (N,) 0 or 1, each measured by accuracy."""
    check_options(seed=0, size=size)
    attributes, partition = _table(ATTRIBUTES), _partition()
    _check_signs(attributes)

    def split(part: int) -> Split:
        names = partition.index[partition == part]
        labels = (_rows(attributes, names) > 0).astype(np.int64)
        return Split(_images(names, size, "RGB"), tuple(torch.from_numpy(y) for y in labels.T.copy()))

    return MultiTaskData(
        "celeba", split(0), split(1), split(2), tuple(Task.classification(name) for name in attributes)
    )


def make_landmarks(
    *, size: int = 40, images: int = 10_000, main: str = "Attractive", seed: int = 0
) -> MultiTaskData:
    """Grey images (N, 1, size, size), uint8; one attribute, labels (N,) 0 or 1; landmarks (N, 10), float32.

    ``images`` of each part are drawn with ``seed``. The attribute has one output, a log-odds, and is measured
    by the area under the curve of true against false positives; the landmarks by their mean squared error.
    """
    check_options(seed=seed, size=size, images=images)
    attributes, landmarks, partition = _table(ATTRIBUTES), _table(LANDMARKS), _partition()
    if main not in attributes:
        raise ValueError(f"CelebA has no attribute {main!r}; it has {', '.join(attributes)}")
    _check_signs(attributes[[main]])

    def split(part: int) -> Split:
        names = partition.index[partition == part]
        if images > len(names):
            raise ValueError(f"a part of CelebA has {len(names):,} images, not {images:,}")
        drawn = np.random.default_rng([seed, part]).choice(len(names), images, replace=False)
        names = names[np.sort(drawn)]
        labels = (_rows(attributes[[main]], names)[:, 0] > 0).astype(np.int64)
        places = _rows(landmarks, names) / np.tile([WIDTH, HEIGHT], 5)
        targets = (torch.from_numpy(labels), torch.from_numpy(places.astype(np.float32)))
        return Split(_images(names, size, "L"), targets)

    tasks = (Task.logistic(main.lower()), Task.regression("landmarks"))
    return MultiTaskData("celeba-landmarks", split(0), split(1), split(2), tasks)


def make_faces(*, size: int = 16, attributes: int = 8, images: int = 120, seed: int = 0) -> MultiTaskData:
    """Made images of the same form: an attribute is the brightness of one of 48 blocks, 16 a colour."""
    check_options(seed=seed, size=size, attributes=attributes, images=images)
    if attributes > 48:
        raise ValueError(f"made faces have 48 attributes at most, not {attributes}")

    def split(stream: int, number: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        blocks = rng.integers(0, 256, (number, 3, 4, 4))
        place = np.arange(size) * 4 // size
        pixels = torch.from_numpy(blocks[:, :, place][..., place].astype(np.uint8))
        bright = (blocks.reshape(number, -1) > 128).astype(np.int64)
        return Split(pixels, tuple(torch.from_numpy(bright[:, k].copy()) for k in range(attributes)))

    tasks = tuple(Task.classification(f"attribute {k + 1}") for k in range(attributes))
    return MultiTaskData("made-faces", split(0, images), split(1, images // 4), split(2, images // 4), tasks)


def _table(file: Brought) -> pd.DataFrame:
    """A row an image: the second line of the file names the columns, all but the first."""
    text = file.read().decode("ascii", "replace")
    try:
        table = pd.read_csv(io.StringIO(text), sep=r"\s+", skiprows=1, index_col=0, header=0)
        return table.apply(pd.to_numeric)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{file.home / file.name} is not the official table: {error}") from error


def _partition() -> pd.Series:
    """0, 1 or 2 (training, validation, test) of every image."""
    text = PARTITION.read().decode("ascii", "replace")
    table = pd.read_csv(io.StringIO(text), sep=r"\s+", header=None, index_col=0)
    if table.shape[1] != 1 or set(table[1]) != {0, 1, 2}:
        raise ValueError(f"{PARTITION.home / PARTITION.name} should give every image a part, 0, 1 or 2")
    return table[1]


def _check_signs(attributes: pd.DataFrame) -> None:
    if not np.isin(attributes.to_numpy(), (-1, 1)).all():
        raise ValueError(f"{ATTRIBUTES.home / ATTRIBUTES.name} should hold -1 and 1 only")


def _rows(table: pd.DataFrame, names: pd.Index) -> np.ndarray:
    if not names.isin(table.index).all():
        raise ValueError("CelebA's tables do not name the same images; get them again")
    return table.loc[names].to_numpy()


def _images(names: pd.Index, size: int, mode: str) -> Tensor:
    if not names.isin(IMAGES.names()).all():
        raise ValueError(f"{PARTITION.name} names images that {IMAGES.name} does not hold")
    pixels = np.empty((len(names), len(mode), size, size), np.uint8)
    for row, name in zip(pixels, names, strict=True):
        row[:] = IMAGES.image(name, (size, size), mode)
    return torch.from_numpy(pixels)


FILES = (IMAGES, ATTRIBUTES, PARTITION)
DATASETS = (
    Dataset("celeba", "faces: 40 attributes; you bring the files", make, FILES),
    Dataset(
        "celeba-landmarks",
        "small grey faces: one attribute and five landmarks; you bring the files",
        make_landmarks,
        (*FILES, LANDMARKS),
    ),
    Dataset("made-faces", "made images with a few attributes", make_faces),
)
