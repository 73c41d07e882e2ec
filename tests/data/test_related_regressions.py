"""Two regressions whose relation is chosen."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl

SIZES = {"train": 300, "validation": 30, "test": 20}
RELATIONS = ("same", "similar", "unrelated")


def test_shapes_names_and_types() -> None:
    data = mtl.load("related-regressions", **SIZES)
    assert [task.name for task in data.tasks] == ["main", "auxiliary"]
    for split, samples in zip((data.train, data.validation, data.test), SIZES.values(), strict=True):
        assert split.inputs.shape == (samples, 2, 250) and split.inputs.dtype == torch.float32
        assert [y.shape for y in split.targets] == [(samples, 100)] * 2


def test_the_seed_0_is_the_public_code_s_and_the_trivial_error_that_of_its_notebook() -> None:
    """A constant has an error of 0.541, where the paper's curves for large weights end (0.543 to 0.545)."""
    data = mtl.load("related-regressions")
    constant = data.train.targets[0].mean(0)
    assert (data.test.targets[0] - constant).square().mean().item() == pytest.approx(0.541, abs=5e-4)


@pytest.mark.parametrize("inputs", ["uniform", "normal"])
def test_the_relation_changes_the_auxiliary_targets_alone(inputs: str) -> None:
    first, *others = (mtl.load("related-regressions", auxiliary=a, inputs=inputs, **SIZES) for a in RELATIONS)
    for other in others:
        assert torch.equal(other.train.inputs, first.train.inputs)
        assert torch.equal(other.train.targets[0], first.train.targets[0])
        assert not torch.equal(other.train.targets[1], first.train.targets[1])


def test_tasks_share_inputs_in_held_out_splits_only() -> None:
    data = mtl.load("related-regressions", auxiliary="same", **SIZES)
    for split in (data.validation, data.test):
        assert torch.equal(split.inputs[:, 0], split.inputs[:, 1])
        assert torch.equal(*split.targets)
    assert not (data.train.inputs[:, 0] == data.train.inputs[:, 1]).all(1).any()


def test_similar_is_near_and_unrelated_is_not() -> None:
    """Of two functions with correlation r, signs of outputs for normal inputs agree in 1 - arccos(r)/pi."""
    agreement = {}
    for relation in RELATIONS:
        data = mtl.load("related-regressions", auxiliary=relation, inputs="normal", **SIZES)
        main, auxiliary = data.test.targets
        agreement[relation] = (main.sign() == auxiliary.sign()).float().mean().item()
    assert agreement["same"] == 1
    assert agreement["similar"] == pytest.approx(0.893, abs=0.02)  # r = 10 / sqrt(10**2 + 3.5**2)
    assert agreement["unrelated"] == pytest.approx(0.5, abs=0.03)


def test_inputs() -> None:
    uniform = mtl.load("related-regressions", **SIZES).train.inputs
    assert uniform.min() >= 0 and uniform.max() < 1 and uniform.mean().item() == pytest.approx(0.5, abs=0.01)
    normal = mtl.load("related-regressions", inputs="normal", **SIZES).train.inputs
    assert normal.std().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"auxiliary": "simlar"}, "nearest: similar"),
        ({"inputs": "gaussian"}, "no distribution of the inputs"),
        ({"train": 1001}, "train must be at most 1000"),
        ({"train": 0}, "train must be a whole number of at least 1"),
    ],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mtl.load("related-regressions", **options)
