"""MultiMNIST and its relatives: the official counts, and every overlay from its own images."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.overlays import slow_overlay

from mtlcore.data import load
from mtlcore.data.multi_mnist import FASHION, MNIST, read_pools

SMALL = {"train": 40, "validation": 30, "test": 20}
OVERLAYS = ["multi-mnist", "multi-fashion", "multi-fashion-mnist"]


def test_official_label_counts(real_files: None) -> None:
    """The counts that the data's authors publish."""
    mnist, fashion = read_pools(MNIST), read_pools(FASHION)
    train = np.concatenate([mnist["train"].classes, mnist["validation"].classes])
    assert np.bincount(train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(mnist["test"].classes).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    train = np.concatenate([fashion["train"].classes, fashion["validation"].classes])
    assert np.bincount(train).tolist() == [6000] * 10
    assert np.bincount(fashion["test"].classes).tolist() == [1000] * 10
    for pools in (mnist, fashion):
        shapes = {key: pool.images.shape for key, pool in pools.items()}
        assert shapes == {
            "train": (50_000, 28, 28),
            "validation": (10_000, 28, 28),
            "test": (10_000, 28, 28),
        }


@pytest.mark.parametrize("name", OVERLAYS)
def test_official_overlays(real_files: None, name: str) -> None:
    data = load(name, **SMALL)
    assert data.name == name
    assert [task.name for task in data.tasks] == ["top-left", "bottom-right"]
    for key, n in SMALL.items():
        split = getattr(data, key)
        assert split.inputs.shape == (n, 1, 36, 36)
        assert split.inputs.dtype == torch.uint8
        assert [(y.shape, y.dtype) for y in split.targets] == [((n,), torch.int64)] * 2
        batch = split.read(slice(0, 8))
        assert batch.inputs.dtype == torch.float32
        assert 0.5 < batch.inputs.max() <= 1
    if name == "multi-mnist":  # strokes are sparse: most of the two free corners is background
        assert (data.train.inputs[:, :, :4, :4] == 0).float().mean() > 0.9


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("multi-mnist", "mnist", "mnist"),
        ("multi-fashion", "fashion-mnist", "fashion-mnist"),
        ("multi-fashion-mnist", "fashion-mnist", "mnist"),
    ],
)
def test_overlays_come_from_their_own_images(
    fake_cache: SimpleNamespace, name: str, first: str, second: str
) -> None:
    """Pixels, labels and pools of every split, from the number that each image carries."""
    data = load(name, train=400, validation=200, test=150)
    pools = {"train": range(200), "validation": range(200, 300), "test": range(80)}
    for key, pool in pools.items():
        split = getattr(data, key)
        i, j = fake_cache.number(split.inputs)
        part = "t10k" if key == "test" else "train"
        for side, numbers, source in ((0, i, first), (1, j, second)):
            assert set(numbers) <= set(pool)
            assert len(set(numbers)) > 0.6 * len(pool), "the whole pool is drawn from"
            labels = fake_cache.arrays[source, f"{part}-labels-idx1-ubyte"]
            assert (split.targets[side].numpy() == labels[numbers]).all()
        for k in range(5):
            top_left = fake_cache.arrays[first, f"{part}-images-idx3-ubyte"][i[k]]
            bottom_right = fake_cache.arrays[second, f"{part}-images-idx3-ubyte"][j[k]]
            assert (split.inputs[k, 0].numpy() == slow_overlay(top_left, bottom_right, 8)).all()
        same = (split.targets[0] == split.targets[1]).float().mean()
        assert same > 0 if name == "multi-fashion-mnist" else same == 0
