"""RGW against RLW."""

from __future__ import annotations

import pytest
import torch
from helpers.gradients import seeded

import mtlcore as mtl


def test_rgw_and_rlw_draw_alike() -> None:
    losses = torch.ones(4, dtype=torch.float64)
    same = [cls(generator=seeded(7)).weights(losses) for cls in (mtl.RLW, mtl.RGW)]
    torch.testing.assert_close(*same, rtol=0, atol=0)


def test_rgw_of_large_gradients_in_single_precision() -> None:
    """The squares of the entries are out of range, the norms are not."""
    large = torch.full((2, 3), 1e25)
    direction = mtl.RGW(generator=seeded(7)).direction(large)
    torch.testing.assert_close(direction, mtl.RGW(generator=seeded(7)).direction(large / 1e25) * 1e25)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.RGW(scale="median"),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
