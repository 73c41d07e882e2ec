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
