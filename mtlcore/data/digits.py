"""Two handwritten digits on 11 x 11 pixels, from the 8 x 8 digits of scikit-learn.

A small version of Multi-MNIST: nothing to download, seconds to train. The 1,797 images are divided in their
given order, so that no two splits share an image: 1,200 for training overlays, 297 for validation overlays
and 300 for test overlays.
"""

import numpy as np

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.formats.overlay import Pool, make_overlays
from mtlcore.tasks import MultiTaskData

PARTS = {"train": slice(0, 1200), "validation": slice(1200, 1497), "test": slice(1497, 1797)}
"""The images from which the overlays of each split are made."""

OFFSET = 3
"""Offset of the second image, in pixels: 8 + 3 = 11."""


def make(*, train: int = 4000, validation: int = 1000, test: int = 1000, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"digits"``.

    Parameters
    ----------
    train : int, default 4000
        Number of training overlays.
    validation : int, default 1000
        Number of validation overlays.
    test : int, default 1000
        Number of test overlays.
    seed : int, default 0
        Seed of the pairs of images.

    Returns
    -------
    data : MultiTaskData
        Images (N, 1, 11, 11), uint8, and classes (N,) from 0 to 9 of the tasks ``"top-left"`` and
        ``"bottom-right"``.

    Raises
    ------
    ValueError
        If an option is out of range.

    Examples
    --------
    >>> data = mtl.load("digits", train=100, seed=1)
    >>> data.train.inputs.shape, data.train.inputs.dtype
    (torch.Size([100, 1, 11, 11]), torch.uint8)
    """
    from sklearn.datasets import load_digits  # imported here because it takes most of a second

    sizes = {"train": train, "validation": validation, "test": test}
    check_options(seed=seed, **sizes)
    bundle = load_digits()
    images, classes = bundle.images, bundle.target
    pool = Pool(np.rint(images * (255 / 16)).astype(np.uint8), classes.astype(np.int64))
    parts = {key: pool[part] for key, part in PARTS.items()}
    return make_overlays("digits", {k: (p, p) for k, p in parts.items()}, sizes, OFFSET, seed)


DATASETS = (Dataset("digits", "two handwritten digits on 11 x 11 pixels, bundled", make),)
