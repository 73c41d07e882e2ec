"""Images with a label per pixel in ``.npy`` files, as in MTAN's versions of NYUv2 and CityScapes."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore.data._options import check_options
from mtlcore.data.dataset import NOT_CHECKED
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import UNLABELLED, MultiTaskData, Split, Task
from mtlcore.tasks.dense import UNIT, depth, normals, segmentation

Size = tuple[int, int]
"""Height and width."""


OVERSHOOT = 0.25
"""How far pixels may lie outside of [0, 1], since resizing overshoots at edges; they are clipped."""


def largest_file(full: Size) -> int:
    """Return the number of bytes that no ``.npy`` file of a data set exceeds.

    Parameters
    ----------
    full : tuple of int
        Height and width of the files' content.

    Returns
    -------
    size : int
        Three float64 numbers a pixel, and a header.
    """
    return 3 * 8 * full[0] * full[1] + 4096


def checks(full: Size, classes: int, largest_depth: float, **counts: int) -> dict[str, str]:
    """Say what :func:`read_part` checks.

    Parameters
    ----------
    full, classes, largest_depth : tuple of int, int, float
        As in :func:`read_part`.
    **counts : int
        Number of images of each part.

    Returns
    -------
    checks : dict of str to str
        For :class:`mtlcore.data.dataset.Dataset`.
    """
    height, width = full
    parts = " and ".join(f"{number:,} ({part})" for part, number in counts.items())
    return {
        "Files": f"{parts} files 0.npy, 1.npy, ... of each kind, in folders or in zips",
        "Size": f"a file has at most {largest_file(full):,} bytes, unpacked",
        "Zip": "its files are stored or deflated",
        "Arrays": f"finite numbers of shape ({height}, {width}), for images ({height}, {width}, 3), for "
        f"depths ({height}, {width}, 1), and as many as the file holds; no objects",
        "Images": f"values from 0 to 1, with {OVERSHOOT:g} more for what resizing does at edges",
        "Classes": f"whole numbers from -1 (no label) to {classes - 1}; -1 occurs in every part",
        "Depths": f"from 0 (no label) to {largest_depth:g}",
        "One value": "the labels of a part are not all the same",
        "Duplicates": "no image of a part twice",
        NOT_CHECKED: "the order of the images, which decides the validation split; labels of another image",
    }


def read_part(
    folders: Sequence[ManualFolder], full: Size, size: Size, classes: int, largest_depth: float
) -> Split:
    """Read one part of a data set and resize it.

    Images are averaged over the area of each new pixel and stored as bytes. Labels are those of the nearest
    pixel. Files in another convention are refused: pixels up to 255, depths in millimetres or with -1 for no
    label, normals stored as images, classes with 0 or 255 for no label.

    Parameters
    ----------
    folders : sequence of ManualFolder
        Three or four folders of files ``0.npy``, ``1.npy``, ...: images (H, W, 3) in [0, 1], classes (H, W)
        from -1 on, depths (H, W, 1) and, in the fourth, normals (H, W, 3) of length 1. A class of -1, a depth
        of 0 and a normal of zeros mean that a pixel has no label.
    full : tuple of int
        Height H and width W of the files' content.
    size : tuple of int
        Height and width of the result.
    classes : int
        Number of classes.
    largest_depth : float
        A depth that no pixel of the official files reaches, in their unit.

    Returns
    -------
    split : Split
        Images (N, 3, height, width), uint8, and the targets of each task: classes (N, height, width), int64,
        -100 where unlabelled; depths (N, 1, height, width) and normals (N, 3, height, width), float32, NaN
        where unlabelled.

    Raises
    ------
    FileNotFoundError
        If a folder is not in the cache.
    ValueError
        If a folder does not have the expected files, a file not the expected shape and values, two images are
        the same, or the labels of all pixels are.
    """
    shapes = ((*full, 3), full, (*full, 1), (*full, 3))
    names = [f"{i}.npy" for i in range(folders[0].count)]
    for folder in folders:
        if folder.names() != sorted(names):
            raise ValueError(f"{folder.home / folder.name}: its files are not called 0.npy to {names[-1]}")
    columns: list[list[Tensor]] = [[] for _ in folders]
    seen: dict[bytes, str] = {}
    for name in names:
        files = [_read(f, name, shape) for f, shape in zip(folders, shapes, strict=False)]
        forms = _forms(classes, largest_depth, *files)
        for folder, values, (fits, form) in zip(folders, files, forms, strict=True):
            if not fits:
                raise ValueError(
                    f"{folder.home / folder.name / name} should hold {form}, but its values go from "
                    f"{values.min():g} to {values.max():g}; get the official files from {folder.address}"
                )
        image, label, *maps = files
        twin = seen.setdefault(hashlib.sha256(image.tobytes()).digest(), name)
        if twin != name:
            raise ValueError(
                f"{folders[0].home / folders[0].name / name} is the same image as {twin}; get the official "
                f"files from {folders[0].address}"
            )
        found = [_as_bytes(image, size), _nearest(label[..., None], size)[:, 0].long()]
        found += [_nearest(values, size) for values in maps]
        for column, value in zip(columns, found, strict=True):
            column.append(value)
    images, labels, *rest = (torch.cat(column) for column in columns)
    if (labels >= 0).all():
        raise ValueError(
            f"{folders[1].home / folders[1].name} should hold the class -1 where a pixel has no label, but "
            f"no pixel has it; get the official files from {folders[1].address}"
        )
    split = _split(images, labels, *rest)
    for folder, target, missing in zip(folders[1:3], split.targets, (labels < 0, rest[0] == 0), strict=False):
        first = target.flatten()[(~missing).flatten().int().argmax()]
        if (missing | (target == first)).all():
            raise ValueError(
                f"{folder.home / folder.name} should hold different labels, but all pixels have the same "
                f"one or none; get the official files from {folder.address}"
            )
    return split


def _forms(
    classes: int, largest_depth: float, image: np.ndarray, label: np.ndarray, *maps: np.ndarray
) -> Iterator[tuple[bool, str]]:
    """For each file of an image: whether it is in the official convention, and the convention in words."""
    fits = image.min() >= -OVERSHOOT and image.max() <= 1 + OVERSHOOT
    yield bool(fits), "pixels from 0 to 1"
    fits = np.isin(label, range(-1, classes)).all()
    yield bool(fits), f"classes from -1 (no label) to {classes - 1}"
    depths, *directions = maps
    fits = depths.min() >= 0 and depths.max() <= largest_depth
    yield bool(fits), f"depths from 0 (no label) to {largest_depth:g}"
    for vectors in directions:
        fits = abs(vectors).max() <= 1.1
        if fits and vectors.any():
            lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1)
            fits = np.median(abs(lengths[lengths > 0] - 1)) <= UNIT
        yield bool(fits), "normals of length 1 with coordinates from -1 to 1, or zeros (no label)"


def _split(images: Tensor, labels: Tensor, depths: Tensor, *directions: Tensor) -> Split:
    """A split whose missing labels are -100 (classes) and NaN (depths, normals), as the tasks expect."""
    targets = [labels.masked_fill(labels < 0, UNLABELLED), depths.masked_fill(depths == 0, torch.nan)]
    targets += [n.masked_fill((n == 0).all(1, keepdim=True), torch.nan) for n in directions]
    return Split(images, tuple(targets))


def hold_out(name: str, train: Split, test: Split, validation: int, classes: int) -> MultiTaskData:
    """Make a data set whose last training images are held out for validation.

    Parameters
    ----------
    name : str
        Name of the data set.
    train, test : Split
        All training and all test images, with classes, depths and perhaps normals.
    validation : int
        Number of the last training images that become the validation split.
    classes : int
        Number of classes.

    Returns
    -------
    data : MultiTaskData
        The tasks are :func:`mtlcore.tasks.dense.segmentation`, :func:`mtlcore.tasks.dense.depth` and, if
        there are normals, :func:`mtlcore.tasks.dense.normals`.

    Raises
    ------
    ValueError
        If no training image is left.
    """
    kept = len(train) - validation
    if kept < 1:
        raise ValueError(
            f"validation must be less than {name}'s {len(train)} training images, not {validation}"
        )
    tasks: tuple[Task, ...] = (segmentation(classes), depth(), normals())
    return MultiTaskData(
        name,
        _part(train, slice(kept)),
        _part(train, slice(kept, None)),
        test,
        tasks[: train.tasks],
    )


def make_scenes(
    name: str,
    classes: int,
    kinds: int,
    *,
    height: int = 16,
    width: int = 16,
    validation: int = 8,
    images: int = 24,
    seed: int = 0,
) -> MultiTaskData:
    """Make random images of the same form as NYUv2 or CityScapes.

    Each image is a grid of 4 x 4 squares, each of one class; the class determines brightness, depth (bright
    is near) and normal. A tenth of the pixels is unlabelled.

    Parameters
    ----------
    name : str
        Name of the data set.
    classes : int
        Number of classes.
    kinds : {2, 3}
        Number of tasks: classes and depths, or normals as well.
    height, width : int, default 16
        Size of the images, in pixels.
    validation : int, default 8
        Number of validation images.
    images : int, default 24
        Number of training and validation images; there are half as many test images.
    seed : int, default 0
        Seed of the random numbers.

    Returns
    -------
    data : MultiTaskData
        As from :func:`hold_out`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, height=height, width=width, validation=validation, images=images)

    def split(stream: int, number: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        coarse = rng.integers(0, classes, (number, 4, 4))
        rows, columns = (np.arange(n) * 4 // n for n in (height, width))
        labels = coarse[:, rows][:, :, columns]
        bright = (labels[..., None] + 1) / (classes + 1) * (1, 0.7, 0.4)
        pixels = np.clip(bright + 0.05 * rng.standard_normal((*labels.shape, 3)), 0, 1)
        depths = 1 + 4 * (1 - labels / classes)
        angle = labels * (np.pi / classes)
        directions = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], 1)
        seen = rng.random(labels.shape) >= 0.1
        targets = [np.where(seen, labels, -1), (seen * depths)[:, None], seen[:, None] * directions]
        label, *maps = (torch.from_numpy(t) for t in targets[:kinds])
        image = torch.from_numpy(np.rint(255 * pixels).astype(np.uint8).transpose(0, 3, 1, 2).copy())
        return _split(image, label, *(m.float() for m in maps))

    return hold_out(name, split(0, images), split(1, images // 2), validation, classes)


def _part(split: Split, piece: slice) -> Split:
    """A slice of the samples of a split."""
    assert isinstance(split.inputs, Tensor)
    return Split(split.inputs[piece], tuple(y[piece] for y in split.targets))


def _read(folder: ManualFolder, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A file's array; ValueError if it has another shape, or contains anything but finite numbers."""
    array = folder.array(name)
    found = f"it has the shape {array.shape} and the type {array.dtype}"
    if array.shape == shape and array.dtype.kind in "fiu":
        if np.isfinite(array).all():
            return array
        found = "some are NaN or infinite"
    raise ValueError(
        f"{folder.home / folder.name / name} should hold finite numbers of shape {shape}, but {found}"
    )


def _channels_first(array: np.ndarray) -> Tensor:
    """An array (H, W, C) as a batch of one (1, C, H, W), float32."""
    return torch.from_numpy(np.moveaxis(array, -1, 0).astype(np.float32))[None]


def _nearest(values: np.ndarray, size: Size) -> Tensor:
    """Labels (H, W, C) resized to (1, C, height, width), each that of the nearest pixel."""
    return F.interpolate(_channels_first(values), size, mode="nearest-exact")


def _as_bytes(image: np.ndarray, size: Size) -> Tensor:
    """An image (H, W, 3) in [0, 1] resized to (1, 3, height, width), uint8, by means over areas."""
    resized = F.interpolate(_channels_first(image), size, mode="area")
    return resized.mul(255).round().clamp(0, 255).to(torch.uint8)
