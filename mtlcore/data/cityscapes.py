"""CityScapes: photographs of streets with 7 classes and inverse depths, a manual download.

Source: random-weighting paper, Appendix C.1: 2,975 images for training and 500 for testing, 128 x 256
pixels, in the preprocessed files of the authors of MTAN (Liu et al. 2019). Details that the paper does not
specify, and our choices:

* It has no validation set: the last 475 training images are held out for it.
* The files contain inverse depths; the relative error is that of the inverse depth, as in the public code.
* Images are neither normalised nor augmented; they are stored as bytes.
"""

from functools import partial

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.formats.dense_maps import checks, hold_out, largest_file, make_scenes, read_part
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData

CLASSES = 7
FULL = (128, 256)
LARGEST = 1.0
"""Of the inverse depths; those of the official files are below 0.5."""
ADDRESS = "https://github.com/lorenmt/mtan (the README links cityscapes2.zip, 128 x 256; unpack it)"

COUNTS = {"train": 2975, "val": 500}
"""Number of images of each part."""

FOLDERS = {
    part: tuple(
        ManualFolder(
            "cityscapes", f"{part}/{kind}", ADDRESS, ".npy", count, alias, largest=largest_file(FULL)
        )
        for kind, alias in (("image", ""), ("label_7", f"{part}/label"), ("depth", ""))
    )
    for part, count in COUNTS.items()
}


def make(*, height: int = 128, width: int = 256, validation: int = 475) -> MultiTaskData:
    """Make the data set ``"cityscapes"``.

    Parameters
    ----------
    height : int, default 128
        Height of the resized images, in pixels.
    width : int, default 256
        Width of the resized images, in pixels.
    validation : int, default 475
        Number of the last training images that are held out for validation.

    Returns
    -------
    data : MultiTaskData
        Images (N, 3, height, width), uint8. Two tasks: classes (N, height, width) from 0 to 6, int64, -100
        where unlabelled; inverse depths (N, 1, height, width), float32, NaN where unlabelled.

    Raises
    ------
    ValueError
        If an option is out of range, or a folder or file is not as the official one.
    FileNotFoundError
        If a folder is not in the cache.

    References
    ----------
    Random-weighting paper, Appendix C.1.
    """
    check_options(height=height, width=width, validation=validation)
    train, test = (
        read_part(FOLDERS[part], FULL, (height, width), CLASSES, LARGEST) for part in ("train", "val")
    )
    return hold_out("cityscapes", train, test, validation, CLASSES)


DATASETS = (
    Dataset(
        "cityscapes",
        "streets: segmentation and inverse depth; manual download",
        make,
        FOLDERS["train"] + FOLDERS["val"],
        checks(FULL, CLASSES, LARGEST, **COUNTS),
    ),
    Dataset(
        "synthetic-streets",
        "random images of CityScapes' form",
        partial(make_scenes, "synthetic-streets", CLASSES, 2),
    ),
)
