"""HydaLearn's toy examples: sizes, functions, noise, and labels by chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mtlcore as mtl


@pytest.mark.parametrize(
    ("auxiliary", "sizes", "width", "outputs"),
    [("helpful", (10_000, 2_000, 2_000), 75, 25), ("unhelpful", (1_000, 200, 200), 25, 5)],
)
def test_the_paper_s_sizes(auxiliary: str, sizes: tuple[int, ...], width: int, outputs: int) -> None:
    data = mtl.load("hydalearn-toy", auxiliary=auxiliary)
    for split, size in zip((data.train, data.validation, data.test), sizes, strict=True):
        assert split.inputs.shape == (size, width)
        assert [y.shape for y in split.targets] == [(size, outputs)] * 2
    assert [task.name for task in data.tasks] == ["main", "auxiliary"]
    assert [(task.main, task.higher_is_better) for task in data.tasks] == [("mae", False)] * 2


@pytest.mark.parametrize(("scale", "least", "most"), [("unit", 0.9, 1.0), ("moderate", 0.5, 0.75)])
def test_standard_normal_inputs_saturate_tanh(scale: str, least: float, most: float) -> None:
    data = mtl.load("hydalearn-toy", scale=scale, noise=0.0)
    main, other = data.train.targets
    assert least < main.square().mean() < most
    assert least < (other / 10).square().mean() < most


def test_the_noise_is_in_units_of_sigma() -> None:
    sizes = {"train": 400, "validation": 2, "test": 2}
    noisy, clean = (mtl.load("hydalearn-toy", noise=noise, **sizes) for noise in (0.1, 0.0))
    for y, exact, sigma in zip(noisy.train.targets, clean.train.targets, (1, 10), strict=True):
        assert (y - exact).std().item() == pytest.approx(0.1 * sigma, rel=0.05)


def test_helpful_targets_go_together_and_useless_ones_do_not() -> None:
    sizes = {"train": 2_000, "validation": 2, "test": 2}
    for auxiliary, least, most in (("helpful", 0.4, 0.9), ("unhelpful", -0.05, 0.05)):
        one, other = mtl.load("hydalearn-toy", auxiliary=auxiliary, **sizes).train.targets
        correlation = np.corrcoef(one.flatten(), other.flatten())[0, 1]
        assert least < correlation < most
    assert other.min() >= one.min() and other.max() <= one.max()


def test_the_splits_are_of_the_same_functions_and_the_seed_of_others() -> None:
    options = {"scale": "moderate", "noise": 0.0, "train": 500, "validation": 10, "test": 10}
    data = mtl.load("hydalearn-toy", **options)
    x, y = data.train.inputs.double(), torch.atanh(data.train.targets[0].double().clamp(-0.9999, 0.9999))
    matrix = torch.linalg.lstsq(x, y).solution
    found = torch.tanh(data.test.inputs.double() @ matrix)
    assert (found - data.test.targets[0]).abs().mean() < 0.01
    other = mtl.load("hydalearn-toy", **options, seed=1)
    assert (torch.tanh(other.test.inputs.double() @ matrix) - other.test.targets[0]).abs().mean() > 0.3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auxiliary": "harmful"}, "auxiliary is 'helpful' or 'unhelpful', not 'harmful'"),
        ({"scale": "large"}, "scale is 'unit' or 'moderate', not 'large'"),
        ({"noise": -0.1}, "noise is a finite number of at least 0, not -0.1"),
    ],
)
def test_bad_options(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mtl.load("hydalearn-toy", **options)
