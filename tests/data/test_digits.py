"""Overlaid digits of scikit-learn."""

import numpy as np
import torch
from helpers.overlays import slow_overlay
from sklearn.datasets import load_digits

from mtlcore.data import digits, load

SMALL = {"train": 40, "validation": 30, "test": 20}


def test_digits() -> None:
    data = load("digits")
    assert [len(data.train), len(data.validation), len(data.test)] == [4000, 1000, 1000]
    assert data.train.inputs.shape == (4000, 1, 11, 11)
    assert data.train.inputs.dtype == torch.uint8
    assert data.train.inputs.max() == 255
    assert [task.main for task in data.tasks] == ["accuracy", "accuracy"]
    assert not (data.train.targets[0] == data.train.targets[1]).any()
    assert torch.bincount(data.train.targets[1]).min() > 300


def test_digits_splits_share_no_image() -> None:
    """Every overlay is one of a pair of images from its own split's part, and no part overlaps."""
    data = load("digits", **SMALL)
    parts = {key: set(range(1797)[part]) for key, part in digits.PARTS.items()}
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == 1797
    images, classes = load_digits().images, load_digits().target
    images = np.rint(images * 255 / 16)
    for key, part in parts.items():
        split = getattr(data, key)
        for picture, first, second in zip(split.inputs[:, 0].numpy(), *split.targets, strict=True):
            i = [k for k in part if classes[k] == first and (images[k][:3] == picture[:3, :8]).all()]
            j = [k for k in part if classes[k] == second and (images[k][5:] == picture[8:, 3:]).all()]
            assert any((slow_overlay(images[a], images[b], 3) == picture).all() for a in i for b in j)
