"""Digits somewhere on an image."""

import numpy as np
import torch

from mtlcore.data import load


def test_landmarks_lie_on_the_ink() -> None:
    data = load("placed-digits", images=30)
    assert data.train.inputs.shape == (30, 1, 40, 40)
    for image, points in zip(data.test.inputs[:, 0].numpy(), data.test.targets[1], strict=True):
        y, x = image.nonzero()
        places = (points.view(5, 2) * 40).round().int().tolist()
        assert all(image[row, column] > 0 for column, row in places[1:])
        left, right, top, bottom = places[1:]
        assert (left[0], right[0], top[1], bottom[1]) == (x.min(), x.max(), y.min(), y.max())
        centre = np.array([np.average(x, weights=image[y, x]), np.average(y, weights=image[y, x])])
        assert np.allclose(points[:2].numpy() * 40, centre, atol=1e-3)


def test_the_data_depend_on_the_seed_alone() -> None:
    one, again, other = (load("placed-digits", images=5, seed=seed).train.inputs for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_odd_is_the_main_task() -> None:
    data = load("placed-digits", images=400)
    assert [task.name for task in data.tasks] == ["odd", "landmarks"]
    assert 0.4 < data.train.targets[0].float().mean() < 0.6
