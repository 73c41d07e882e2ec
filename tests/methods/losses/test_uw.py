"""UW against IMTL-L."""

from __future__ import annotations

import torch

from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.uw import UW


def test_uw_is_half_of_imtl_l_with_s_turned_round() -> None:
    losses, s = torch.rand(5, dtype=torch.float64) + 0.1, torch.randn(5, dtype=torch.float64)
    uw, imtll = UW(), IMTLL()
    uw.s.data, imtll.s.data = s.clone(), -s
    torch.testing.assert_close(uw.objective(losses), imtll.objective(losses) / 2)
    torch.testing.assert_close(uw.weights(losses), imtll.weights(losses) / 2)
