"""Multi-MNIST, Multi-Fashion-MNIST and a mixed set, made from the official files.

Source: random-weighting paper, Section 5.1: two images of different classes, overlaid on 36 x 36 pixels,
120,000 for training and 20,000 for testing; the tasks are the class of each image. Details that the paper
does not specify, and our choices:

* The first 28 x 28 image is at the top left, the second at the bottom right. Where they overlap the brighter
  pixel counts (the sum clipped at 255 is an alternative).
* Images are drawn with replacement, those of test overlays from the official test images only.
* The paper has no validation set: we hold out the last 10,000 of the 60,000 training images for it, so that
  no validation overlay shares an image with a training overlay.
* In the mixed set the top-left image is from Fashion-MNIST and the bottom-right one from MNIST. Their classes
  always differ, so every pair is allowed.
"""

from functools import partial

import numpy as np

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.files import File
from mtlcore.data.formats.idx import read_idx
from mtlcore.data.formats.overlay import Pool, make_overlays
from mtlcore.tasks import MultiTaskData

VALIDATION_IMAGES = 10_000
"""Number of the last training images that are held out for validation overlays."""

OFFSET = 8
"""Offset of the second image, in pixels: 28 + 8 = 36."""


def _files(folder: str, address: str, sha256: tuple[str, str, str, str]) -> tuple[File, ...]:
    """Training images and labels, test images and labels."""
    names = (
        ("train-images-idx3-ubyte", 47_040_016),
        ("train-labels-idx1-ubyte", 60_008),
        ("t10k-images-idx3-ubyte", 7_840_016),
        ("t10k-labels-idx1-ubyte", 10_008),
    )
    return tuple(
        File(folder, name, f"{address}{name}.gz", size, pin)
        for (name, size), pin in zip(names, sha256, strict=True)
    )


MNIST = _files(
    "mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
FASHION = _files(
    "fashion-mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)


def read_pools(files: tuple[File, ...]) -> dict[str, Pool]:
    """Read the official files.

    Parameters
    ----------
    files : tuple of File
        :data:`MNIST` or :data:`FASHION`.

    Returns
    -------
    pools : dict of str to Pool
        Images (M, 28, 28), uint8, and classes (M,) of ``"train"``, ``"validation"`` and ``"test"``.
    """
    images, classes, test_images, test_classes = (read_idx(file.read()) for file in files)
    train = Pool(images, classes.astype(np.int64))
    return {
        "train": train[:-VALIDATION_IMAGES],
        "validation": train[-VALIDATION_IMAGES:],
        "test": Pool(test_images, test_classes.astype(np.int64)),
    }


def make(
    name: str,
    first: tuple[File, ...],
    second: tuple[File, ...],
    *,
    train: int = 120_000,
    validation: int = 10_000,
    test: int = 20_000,
    seed: int = 0,
) -> MultiTaskData:
    """Make one of the data sets.

    Parameters
    ----------
    name : str
        Name of the data set.
    first, second : tuple of File
        Files of the images at the top left and at the bottom right.
    train : int, default 120_000
        Number of training overlays.
    validation : int, default 10_000
        Number of validation overlays.
    test : int, default 20_000
        Number of test overlays.
    seed : int, default 0
        Seed of the pairs of images.

    Returns
    -------
    data : MultiTaskData
        Images (N, 1, 36, 36), uint8, and classes (N,) from 0 to 9 of the tasks ``"top-left"`` and
        ``"bottom-right"``.

    Raises
    ------
    ValueError
        If an option is out of range, or a file does not have the pinned content.
    FileNotFoundError
        If a file is not in the cache and cannot be downloaded.

    References
    ----------
    Random-weighting paper, Section 5.1.
    """
    sizes = {"train": train, "validation": validation, "test": test}
    check_options(seed=seed, **sizes)
    top_left = read_pools(first)
    bottom_right = top_left if second is first else read_pools(second)
    pools = {key: (top_left[key], bottom_right[key]) for key in sizes}
    return make_overlays(name, pools, sizes, OFFSET, seed)


DATASETS = (
    Dataset(
        "multi-mnist",
        "two handwritten digits on 36 x 36 pixels",
        partial(make, "multi-mnist", MNIST, MNIST),
        MNIST,
    ),
    Dataset(
        "multi-fashion",
        "two pieces of clothing on 36 x 36 pixels",
        partial(make, "multi-fashion", FASHION, FASHION),
        FASHION,
    ),
    Dataset(
        "multi-fashion-mnist",
        "a piece of clothing (top left) and a handwritten digit (bottom right) on 36 x 36 pixels",
        partial(make, "multi-fashion-mnist", FASHION, MNIST),
        FASHION + MNIST,
    ),
)
