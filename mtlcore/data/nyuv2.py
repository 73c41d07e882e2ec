"""NYUv2: photographs of rooms with 13 classes, depths and surface normals, a manual download.

Source: the preprocessed files of the authors of MTAN (Liu et al. 2019), 288 x 384 pixels, which the
random-weighting paper uses (Section 5.2): 795 images for training and 654 for testing. SLAW
(Section 4.2) uses the same photographs at 120 x 160; we resize these files. Details that the papers do not
specify, and our choices:

* They have no validation set: the last 95 training images are held out for it, not random ones, because
  consecutive images show the same room.
* Images are neither normalised nor augmented.
* Images are stored as bytes, which changes a value in [0, 1] by at most 1/510.
"""

from functools import partial

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.formats.dense_maps import checks, hold_out, largest_file, make_scenes, read_part
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData

CLASSES = 13
FULL = (288, 384)
DEEPEST = 20.0
"""Metres; the camera sees no farther than 10."""
ADDRESS = "https://github.com/lorenmt/mtan (the README links nyuv2.zip; unpack it)"

COUNTS = {"train": 795, "val": 654}
"""Number of images of each part."""

FOLDERS = {
    part: tuple(
        ManualFolder("nyuv2", f"{part}/{kind}", ADDRESS, ".npy", count, largest=largest_file(FULL))
        for kind in ("image", "label", "depth", "normal")
    )
    for part, count in COUNTS.items()
}


def make(*, height: int = 288, width: int = 384, validation: int = 95) -> MultiTaskData:
    """Make the data set ``"nyuv2"``.

    Parameters
    ----------
    height : int, default 288
        Height of the resized images, in pixels.
    width : int, default 384
        Width of the resized images, in pixels.
    validation : int, default 95
        Number of the last training images that are held out for validation.

    Returns
    -------
    data : MultiTaskData
        Images (N, 3, height, width), uint8. Three tasks: classes (N, height, width) from 0 to 12, int64, -100
        where unlabelled; depths (N, 1, height, width) in metres and unit normals (N, 3, height, width),
        float32, NaN where unlabelled.

    Raises
    ------
    ValueError
        If an option is out of range, or a folder or file is not as the official one.
    FileNotFoundError
        If a folder is not in the cache.

    References
    ----------
    Random-weighting paper, Section 5.2. SLAW paper, Section 4.2.
    """
    check_options(height=height, width=width, validation=validation)
    train, test = (
        read_part(FOLDERS[part], FULL, (height, width), CLASSES, DEEPEST) for part in ("train", "val")
    )
    return hold_out("nyuv2", train, test, validation, CLASSES)


DATASETS = (
    Dataset(
        "nyuv2",
        "rooms: segmentation, depth and surface normals; manual download",
        make,
        FOLDERS["train"] + FOLDERS["val"],
        checks(FULL, CLASSES, DEEPEST, **COUNTS) | {"Normals": "of length 1, or zeros (no label)"},
    ),
    Dataset(
        "synthetic-rooms",
        "random images of NYUv2's form",
        partial(make_scenes, "synthetic-rooms", CLASSES, 3),
    ),
)
