"""CityScapes: streets with 7 classes of things and inverse depths, from files that you bring.

Source: random-weighting paper, Appendix C.1: 2,975 images for training and 500 for testing, 128 x 256
pixels, in the preprocessed files of the authors of MTAN (Liu et al. 2019). What the paper leaves
open, and our reading:

* it has no validation set: the last 475 training images are kept for it;
* the depths of these files are inverse ones; the relative error is taken of them, as in the public code;
* no image is normalised or changed at random; images are kept as bytes.
"""

from functools import partial

from mtlcore.data.dataset import Dataset
from mtlcore.data.manual_files import Brought
from mtlcore.data.maps import hold_out, make_scenes, read_part
from mtlcore.data.overlay import check_options
from mtlcore.tasks.batch import MultiTaskData

CLASSES = 7
FULL = (128, 256)
ADDRESS = "https://github.com/lorenmt/mtan (the README links cityscapes2.zip, 128 x 256; unpack it)"

FOLDERS = {
    part: (
        Brought("cityscapes", f"{part}/image", ADDRESS, ".npy", count),
        Brought("cityscapes", f"{part}/label_7", ADDRESS, ".npy", count, also=f"{part}/label"),
        Brought("cityscapes", f"{part}/depth", ADDRESS, ".npy", count),
    )
    for part, count in (("train", 2975), ("val", 500))
}


def make(*, height: int = 128, width: int = 256, validation: int = 475) -> MultiTaskData:
    """Images (N, 3, height, width), uint8; classes (N, height, width), -100 where unlabelled; inverse
    depths (N, 1, height, width), float32, NaN where unlabelled.

    ``validation`` is how many of the last training images are kept for validation.
    """
    check_options(seed=0, height=height, width=width, validation=validation)
    train, test = (read_part(FOLDERS[part], FULL, (height, width), CLASSES) for part in ("train", "val"))
    return hold_out("cityscapes", train, test, validation, CLASSES)


DATASETS = (
    Dataset(
        "cityscapes",
        "streets: segmentation and inverse depth; you bring the files",
        make,
        FOLDERS["train"] + FOLDERS["val"],
    ),
    Dataset(
        "made-streets", "made images of CityScapes' form", partial(make_scenes, "made-streets", CLASSES, 2)
    ),
)
