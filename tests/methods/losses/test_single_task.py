"""What SingleTask refuses."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.SingleTask(main=3).weights(torch.ones(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
