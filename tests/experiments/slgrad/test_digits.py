"""The public code's images of two digits."""

import numpy as np
import torch

from mtlcore.experiments.slgrad.digits import raster
from mtlcore.tasks import Split


def test_the_raster_is_that_of_numpy() -> None:
    images = torch.arange(2 * 36 * 36, dtype=torch.float32).reshape(2, 1, 36, 36)
    cut = raster(Split(images, (torch.zeros(2), torch.zeros(2)))).inputs
    for image, found in zip(images, cut, strict=True):
        assert np.array_equal(found[0], np.resize(image[0], (28, 28)))
