"""Batches and splits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mtlcore as mtl

X, Y = torch.ones(3, 2), torch.ones(3)


def test_a_split_needs_as_many_labels_as_inputs() -> None:
    with pytest.raises(ValueError, match=r"as many labels .*\[3, 3\] inputs and \[3, 2\] labels"):
        mtl.Split(X, (Y, Y[:2]))
    with pytest.raises(ValueError, match=r"\[3\] inputs and \[3, 3\] labels"):
        mtl.Split((X,), (Y, Y))


INPUTS = {
    "dict": ({"ids": X, "mask": X}, "not a dict with the keys 'ids', 'mask'; stack .*mtlcore.models.bert"),
    "list": ([X, X], "one tensor, or a tuple with one tensor for each task, not a list of Tensor; stack"),
    "array": (X.numpy(), "not a ndarray; stack"),
    "tuple of dicts": (({"a": X}, X), "not a tuple of Tensor, dict; stack"),
    "nothing": (None, "not a NoneType"),
}
TARGETS = {
    "dict": ({"a": Y, "b": Y}, "a tuple with one tensor for each task, .*not a dict with the keys 'a', 'b'"),
    "tensor": (Y, "not a Tensor"),
    "arrays": ((Y.numpy(), Y), "not a tuple of Tensor, ndarray"),
    "list of numbers": ([1.0, np.float32(2)], "not a list of float, float32"),
    "generator": ((y for y in (Y, Y)), "not a generator"),
}


@pytest.mark.parametrize("kind", [mtl.Batch, mtl.Split])
@pytest.mark.parametrize("case", INPUTS)
def test_inputs_are_tensors(kind: type, case: str) -> None:
    given, words = INPUTS[case]
    with pytest.raises(TypeError, match=f"^the inputs of a {kind.__name__} are .*{words}") as error:
        kind(given, (Y, Y))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [mtl.Batch, mtl.Split])
@pytest.mark.parametrize("case", TARGETS)
def test_targets_are_tensors(kind: type, case: str) -> None:
    given, words = TARGETS[case]
    with pytest.raises(TypeError, match=f"^the targets of a {kind.__name__} are .*{words}$"):
        kind(X, given)


@pytest.mark.parametrize("kind", [mtl.Batch, mtl.Split])
def test_a_list_of_targets_becomes_a_tuple(kind: type) -> None:
    made = kind((X, X), [Y, Y])
    assert isinstance(made.targets, tuple) and made.targets[0] is Y
    assert isinstance(made.to("cpu").targets, tuple)


def test_images_are_read_as_floats_between_zero_and_one() -> None:
    split = mtl.Split(torch.tensor([[0], [51], [255]], dtype=torch.uint8), (torch.arange(3),))
    assert split.read(slice(None)).inputs.flatten().tolist() == pytest.approx([0, 0.2, 1])


def test_shuffled_batches_hold_every_sample_once() -> None:
    split = mtl.Split(torch.arange(10.0)[:, None], (torch.arange(10),))
    batches = list(split.batches(4, torch.Generator().manual_seed(0)))
    assert [len(b.inputs) for b in batches] == [4, 4, 2]
    order = torch.cat([b.targets[0] for b in batches])
    assert order.tolist() != list(range(10))
    assert sorted(order.tolist()) == list(range(10))
    for b in batches:
        assert torch.equal(b.inputs[:, 0], b.targets[0].float())
