"""Two digits: what is tested is what seed 0 chooses; the public code's images."""

import numpy as np
import pytest
import torch

import mtlcore as mtl
from mtlcore.experiments.slgrad._images import choose
from mtlcore.experiments.slgrad.digits import CHOSEN, PIXELS, raster
from mtlcore.tasks import Split


@pytest.mark.parametrize("pixels", PIXELS)
def test_the_tested_rates_are_those_that_the_choosing_seed_chooses(pixels: str) -> None:
    rows = mtl.results("slgrad-digits", "laptop")
    assert choose(rows[rows["pixels"] == pixels]) == CHOSEN


def test_the_raster_is_that_of_numpy() -> None:
    images = torch.arange(2 * 36 * 36, dtype=torch.float32).reshape(2, 1, 36, 36)
    cut = raster(Split(images, (torch.zeros(2), torch.zeros(2)))).inputs
    for image, found in zip(images, cut, strict=True):
        assert np.array_equal(found[0], np.resize(image[0], (28, 28)))
