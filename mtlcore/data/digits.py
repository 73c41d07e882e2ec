"""Two handwritten digits on 11 x 11 pixels, from the real 8 x 8 digits that scikit-learn brings.

The task of Multi-MNIST for a first contact: nothing to download, seconds to train. The 1,797
images are divided in their own order, so that the splits share none: 1,200 for training overlays,
then 297 for validation and 300 for test ones.
"""

import numpy as np

from mtlcore.data.dataset import Dataset
from mtlcore.data.overlay import Pool, check_options, make_overlays
from mtlcore.tasks.batch import MultiTaskData

PARTS = {"train": slice(0, 1200), "validation": slice(1200, 1497), "test": slice(1497, 1797)}
"""The images that each split is made from."""

OFFSET = 3
"""Pixels between the two images: 8 + 3 = 11."""


def make(*, train: int = 4000, validation: int = 1000, test: int = 1000, seed: int = 0) -> MultiTaskData:
    """Overlays with images (N, 1, 11, 11), uint8, and classes (N,) from 0 to 9 for both tasks."""
    from sklearn.datasets import load_digits  # here, because it takes most of a second

    sizes = {"train": train, "validation": validation, "test": test}
    check_options(seed=seed, **sizes)
    bundle = load_digits()
    images, classes = bundle.images, bundle.target
    pool = Pool(np.rint(images * (255 / 16)).astype(np.uint8), classes.astype(np.int64))
    parts = {key: pool[part] for key, part in PARTS.items()}
    return make_overlays("digits", {k: (p, p) for k, p in parts.items()}, sizes, OFFSET, seed)


DATASETS = (Dataset("digits", "two handwritten digits on 11 x 11 pixels, bundled", make),)
