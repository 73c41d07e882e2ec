"""Office-31 and Office-Home: object recognition in several visual domains, a manual download.

Source: random-weighting paper, Appendix C.3: each domain is a task with images of its own; 4,110 images in 3
domains and 31 classes (Saenko et al. 2010), and about 15,500 in 4 domains and 65 classes (Venkateswara et
al. 2017). The paper uses random splits of 60, 20 and 20% without details; we split each domain separately.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch

from mtlcore.data._options import check_options
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.manual_files import LEAST_PIXELS, PIXELS_A_BYTE, ManualFolder
from mtlcore.tasks import MultiTaskData, Split, Task

_31 = "https://faculty.cc.gatech.edu/~judy/domainadapt/ (domain_adaptation_images.tar.gz; unpack it)"
_HOME = "https://www.hemanthdv.org/officeHomeDataset.html (OfficeHomeDataset_10072016.zip; unpack it)"

OFFICE_31 = {
    name: ManualFolder("office-31", f"{name}/images", _31, ".jpg", count, pixels=2**21)
    for name, count in (("amazon", 2817), ("dslr", 498), ("webcam", 795))
}
OFFICE_HOME = {
    name: ManualFolder("office-home", name, _HOME, ".jpg", count, pixels=2**25)
    for name, count in (("Art", 2427), ("Clipart", 4365), ("Product", 4439), ("Real World", 4357))
}
"""Domain -> folder. In both data sets it contains one folder of images per class."""


def make(
    name: str, domains: Mapping[str, ManualFolder], classes: int, *, size: int = 224, seed: int = 0
) -> MultiTaskData:
    """Make one of the data sets.

    Parameters
    ----------
    name : str
        Name of the data set.
    domains : mapping of str to ManualFolder
        :data:`OFFICE_31` or :data:`OFFICE_HOME`.
    classes : int
        Number of classes.
    size : int, default 224
        Height and width of the resized images, in pixels.
    seed : int, default 0
        Seed of the splits.

    Returns
    -------
    data : MultiTaskData
        One input per task (domain): images (N, 3, size, size), uint8. Classes (N,), numbered in the
        alphabetical order of their names.

    Raises
    ------
    FileNotFoundError
        If the folder of a domain is not in the cache.
    ValueError
        If a domain has other files or classes than the official one, or an option is out of range.

    References
    ----------
    Random-weighting paper, Appendix C.3.
    """
    check_options(seed=seed, size=size)
    images, labels = [], []
    for folder in domains.values():
        files = folder.names()
        kinds = sorted({file.partition("/")[0] for file in files})
        if len(kinds) != classes:
            raise ValueError(f"{folder.home / folder.name} has {len(kinds)} classes, not {classes}")
        images.append(np.stack([folder.image(file, (size, size)) for file in files]))
        labels.append(np.array([kinds.index(file.partition("/")[0]) for file in files]))
    return _divide(name, list(domains), images, labels, seed)


def make_objects(*, size: int = 16, classes: int = 4, images: int = 60, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"synthetic-objects"``: random images in three domains.

    The class of an image is the position of a bright vertical stripe; the domains are tinted red, green and
    blue.

    Parameters
    ----------
    size : int, default 16
        Height and width of the images, in pixels.
    classes : int, default 4
        Number of classes.
    images : int, default 60
        Number of images of the first domain; the others have a half and a third as many.
    seed : int, default 0
        Seed of the images and of the splits.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, size=size, classes=classes, images=images)
    rng = np.random.default_rng([seed, 1])
    pictures, labels = [], []
    for tint, number in enumerate((images, images // 2, images // 3)):
        label = rng.integers(0, classes, number)
        pixels = rng.integers(0, 100, (number, 3, size, size))
        pixels[:, tint] += 50
        column = (label * size // classes)[:, None] + np.arange(size // classes)
        pixels[np.arange(number)[:, None], :, :, column] += 100
        pictures.append(pixels.astype(np.uint8))
        labels.append(label)
    return _divide("synthetic-objects", ["red", "green", "blue"], pictures, labels, seed)


def _divide(
    name: str, domains: Sequence[str], images: Sequence[np.ndarray], labels: Sequence[np.ndarray], seed: int
) -> MultiTaskData:
    """Split each domain at random: 60% for training, 20% for validation, 20% for testing."""
    orders = [np.random.default_rng([seed, k]).permutation(len(y)) for k, y in enumerate(labels)]
    parts = [np.split(order, [int(0.6 * len(order)), int(0.8 * len(order))]) for order in orders]

    def split(part: int) -> Split:
        rows = [pieces[part] for pieces in parts]
        return Split(
            tuple(torch.from_numpy(x[row]) for x, row in zip(images, rows, strict=True)),
            tuple(torch.from_numpy(y[row].astype(np.int64)) for y, row in zip(labels, rows, strict=True)),
        )

    tasks = tuple(Task.classification(domain) for domain in domains)
    return MultiTaskData(name, split(0), split(1), split(2), tasks)


def _checks(domains: Mapping[str, ManualFolder], classes: int) -> dict[str, str]:
    counts = ", ".join(f"{folder.count:,} ({name})" for name, folder in domains.items())
    folder = next(iter(domains.values()))
    return {
        "Files": f"{counts} .jpg files, in folders or in zips",
        "Size": f"a file has at most {folder.largest:,} bytes, unpacked",
        "Zip": "its files are stored or deflated",
        "Classes": f"{classes} folders in every domain",
        "Images": f"JPEG or PNG of at most {folder.pixels:,} pixels, and, above {LEAST_PIXELS:,}, at most "
        f"{PIXELS_A_BYTE} pixels a byte",
        NOT_CHECKED: "pixels, images in the folder of another class, and the same picture twice",
    }


DATASETS = (
    Dataset(
        "office-31",
        "31 classes of objects in 3 visual domains; manual download",
        partial(make, "office-31", OFFICE_31, 31),
        tuple(OFFICE_31.values()),
        _checks(OFFICE_31, 31),
    ),
    Dataset(
        "office-home",
        "65 classes of objects in 4 visual domains; manual download",
        partial(make, "office-home", OFFICE_HOME, 65),
        tuple(OFFICE_HOME.values()),
        _checks(OFFICE_HOME, 65),
    ),
    Dataset("synthetic-objects", "random images in 3 domains", make_objects),
)
