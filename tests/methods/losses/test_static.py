"""What Static refuses."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.Static([1, float("nan")]),
        lambda: mtl.Static([1, 2], scale="sum"),
        lambda: mtl.Static([1, 2]).weights(torch.ones(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_equal_weights_are_one_over_the_number_of_tasks() -> None:
    assert mtl.Static().weights(torch.tensor([2.0, 5.0, 1.0, 7.0])).tolist() == [0.25] * 4
    assert mtl.Static(scale="sum").weights(torch.tensor([2.0, 5.0])).tolist() == [1, 1]
