"""SLGrad's toy: sizes, which labels are noisy, what the noise is, and clean validation and test labels."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl
from mtlcore.data.slgrad_toy import noisy_labels

READINGS = ["text", "code"]


def pair(reading: str, noise: float, **options: int) -> tuple[mtl.MultiTaskData, mtl.MultiTaskData]:
    """The data with and without noise."""
    noisy, clean = (mtl.load("slgrad-toy", reading=reading, noise=n, **options) for n in (noise, 0.0))
    return noisy, clean


def test_the_paper_s_sizes() -> None:
    data = mtl.load("slgrad-toy")
    for split, size in zip((data.train, data.validation, data.test), (1000, 200, 200), strict=True):
        assert split.inputs.shape == (size, 10)
        assert [y.shape for y in split.targets] == [(size, 1)] * 2
    assert [(task.name, task.main) for task in data.tasks] == [("main", "mse"), ("auxiliary", "mse")]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("noise", [0.0, 0.4, 0.7, 1.0])
def test_the_noisy_labels_are_those_that_differ_from_the_clean_ones(reading: str, noise: float) -> None:
    noisy, clean = pair(reading, noise, seed=3)
    mask = noisy_labels(noise=noise, seed=3)
    for t in range(2):
        assert torch.equal((noisy.train.targets[t] != clean.train.targets[t]).squeeze(1), mask[t])
    assert mask.sum(1).tolist() == [round(1000 * noise)] * 2
    assert noise in (0.0, 1.0) or not torch.equal(mask[0], mask[1])


@pytest.mark.parametrize("reading", READINGS)
def test_only_training_labels_are_noisy(reading: str) -> None:
    noisy, clean = pair(reading, 0.7)
    for one, other in ((noisy.validation, clean.validation), (noisy.test, clean.test)):
        assert torch.equal(one.inputs, other.inputs)
        assert all(map(torch.equal, one.targets, other.targets))
    assert torch.equal(noisy.train.inputs, clean.train.inputs)


def test_the_noise_of_the_text_has_variance_two() -> None:
    noisy, clean = pair("text", 0.7, train=20_000)
    mask = noisy_labels(noise=0.7, train=20_000)
    for t in range(2):
        added = (noisy.train.targets[t] - clean.train.targets[t])[mask[t]]
        assert added.var().item() == pytest.approx(2.0, rel=0.05)
        assert added.mean().item() == pytest.approx(0.0, abs=0.05)


def test_the_labels_of_the_code_are_absolute_values_or_a_constant() -> None:
    noisy, clean = pair("code", 0.4)
    text = mtl.load("slgrad-toy", noise=0.0)
    mask = noisy_labels(noise=0.4)
    for t in range(2):
        assert torch.equal(clean.train.targets[t], text.train.targets[t].abs())
        assert (noisy.train.targets[t][mask[t]] == -0.5).all()


def test_every_split_is_of_the_same_two_related_functions() -> None:
    data = mtl.load("slgrad-toy", noise=0.0, train=2_000)
    for t in range(2):
        x, y = data.train.inputs.double(), data.train.targets[t].double()
        open_ = y.abs().squeeze(1) < 0.999
        row = torch.linalg.lstsq(x[open_], torch.atanh(y[open_])).solution
        assert (torch.tanh(data.test.inputs.double() @ row) - data.test.targets[t]).abs().max() < 1e-3
    other = mtl.load("slgrad-toy", noise=0.0, train=2_000, seed=1)
    assert not torch.equal(other.train.targets[0], data.train.targets[0])


def test_more_samples_are_more_draws_of_the_same() -> None:
    few, many = (mtl.load("slgrad-toy", noise=0.4, train=n) for n in (100, 200))
    assert torch.equal(few.train.inputs, many.train.inputs[:100])
    assert torch.equal(few.test.targets[0], many.test.targets[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reading": "paper"}, "reading is 'text' or 'code', not 'paper'"),
        ({"noise": -0.1}, "noise is a share from 0 to 1, not -0.1"),
        ({"noise": 40}, "noise is a share from 0 to 1, not 40"),
        ({"noise": float("nan")}, "noise is a share from 0 to 1, not nan"),
        ({"train": 0}, "train must be a whole number of at least 1, not 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    ],
)
def test_bad_options(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mtl.load("slgrad-toy", **options)
