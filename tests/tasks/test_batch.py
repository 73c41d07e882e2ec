"""Batches and splits."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl


def test_a_split_needs_as_many_labels_as_inputs() -> None:
    with pytest.raises(ValueError, match="as many labels"):
        mtl.Split(torch.ones(3, 2), (torch.ones(3), torch.ones(2)))


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
