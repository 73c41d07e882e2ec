"""NYUv2: rooms with 13 classes of things, depths and surface normals, from files that you bring.

Source: the preprocessed files of the authors of MTAN (Liu et al. 2019), 288 x 384 pixels, which the
random-weighting paper uses (Section 5.2): 795 images for training and 654 for testing. SLAW
(Section 4.2) takes the same photographs at 120 x 160; so do we, from these files. What the papers leave
open, and our reading:

* they have no validation set: the last 95 training images are kept for it, because neighbouring images
  show one room;
* no image is normalised or changed at random;
* images are kept as bytes, which moves a pixel by at most 1/510.
"""

from functools import partial

from mtlcore.data.dataset import Dataset
from mtlcore.data.manual_files import Brought
from mtlcore.data.maps import hold_out, make_scenes, read_part
from mtlcore.data.overlay import check_options
from mtlcore.tasks.batch import MultiTaskData

CLASSES = 13
FULL = (288, 384)
ADDRESS = "https://github.com/lorenmt/mtan (the README links nyuv2.zip; unpack it)"

FOLDERS = {
    part: tuple(
        Brought("nyuv2", f"{part}/{kind}", ADDRESS, ".npy", count)
        for kind in ("image", "label", "depth", "normal")
    )
    for part, count in (("train", 795), ("val", 654))
}


def make(*, height: int = 288, width: int = 384, validation: int = 95) -> MultiTaskData:
    """Images (N, 3, height, width), uint8; classes (N, height, width), -100 where unlabelled; depths
    (N, 1, height, width) in metres and unit normals (N, 3, height, width), float32, NaN where unlabelled.

    ``validation`` is how many of the last training images are kept for validation.
    """
    check_options(seed=0, height=height, width=width, validation=validation)
    train, test = (read_part(FOLDERS[part], FULL, (height, width), CLASSES) for part in ("train", "val"))
    return hold_out("nyuv2", train, test, validation, CLASSES)


DATASETS = (
    Dataset(
        "nyuv2",
        "rooms: segmentation, depth and surface normals; you bring the files",
        make,
        FOLDERS["train"] + FOLDERS["val"],
    ),
    Dataset("made-rooms", "made images of NYUv2's form", partial(make_scenes, "made-rooms", CLASSES, 3)),
)
