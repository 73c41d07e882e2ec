"""A handwritten digit somewhere on a grey image: is it odd, and where is its ink?

A stand-in for faces with landmarks that needs no download: images of 40 x 40 pixels, a binary task, and
the coordinates of five points. The 8 x 8 digits of scikit-learn are enlarged three times and placed at
random; the parts of :mod:`mtlcore.data.digits` keep the splits apart.
"""

import numpy as np
import torch

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.data.digits import PARTS
from mtlcore.tasks import MultiTaskData, Split, Task

SIZE, ENLARGED = 40, 3
"""Height and width of an image, and the factor of the digit's, in pixels."""


def make(*, images: int = 1000, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"placed-digits"``.

    Parameters
    ----------
    images : int, default 1000
        Number of images of each split.
    seed : int, default 0
        Seed of digits and places.

    Returns
    -------
    data : MultiTaskData
        Grey images (N, 1, 40, 40), uint8. Two tasks: ``"odd"`` with labels (N,), 0 or 1, one output (the
        log-odds), measured by the area under the ROC curve; and ``"landmarks"`` with targets (N, 10),
        float32, x and y as fractions of the image: the centre of the digit's ink, and the ink that is
        farthest to the left, right, top and bottom. Measured by the mean squared error.

    Raises
    ------
    ValueError
        If an option is out of range.

    Examples
    --------
    >>> data = mtl.load("placed-digits", images=20)
    >>> data.train.inputs.shape, [target.shape for target in data.train.targets]
    (torch.Size([20, 1, 40, 40]), [torch.Size([20]), torch.Size([20, 10])])
    """
    from sklearn.datasets import load_digits  # imported here because it takes most of a second

    check_options(seed=seed, images=images)
    bundle = load_digits()
    ink = np.rint(bundle.images * (255 / 16)).astype(np.uint8)
    ink = ink.repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2)
    free = SIZE - ink.shape[1]

    def split(stream: int, part: slice) -> Split:
        rng = np.random.default_rng([seed, stream])
        drawn = rng.integers(part.start, part.stop, images)
        pixels = np.zeros((images, 1, SIZE, SIZE), np.uint8)
        for image, digit, (row, column) in zip(
            pixels[:, 0], ink[drawn], rng.integers(0, free + 1, (images, 2)), strict=True
        ):
            image[row : row + len(digit), column : column + len(digit)] = digit
        points = np.stack([_landmarks(image) for image in pixels[:, 0]])
        odd = torch.from_numpy(bundle.target[drawn].astype(np.int64) % 2)
        return Split(torch.from_numpy(pixels), (odd, torch.from_numpy(points)))

    train, validation, test = (split(stream, part) for stream, part in enumerate(PARTS.values()))
    tasks = (Task.logistic("odd"), Task.regression("landmarks"))
    return MultiTaskData("placed-digits", train, validation, test, tasks)


def _landmarks(image: np.ndarray) -> np.ndarray:
    """Coordinates (10,) of five points, x before y, as fractions of the image."""
    y, x = image.nonzero()
    ends = [x.argmin(), x.argmax(), y.argmin(), y.argmax()]
    weights = image[y, x].astype(float)
    centre = [np.average(x, weights=weights), np.average(y, weights=weights)]
    points = [*centre, *(value for end in ends for value in (x[end], y[end]))]
    return np.asarray(points, np.float32) / SIZE


DATASETS = (Dataset("placed-digits", "a digit somewhere: odd or even, and five landmarks; bundled", make),)
