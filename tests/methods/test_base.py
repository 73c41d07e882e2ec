"""What all methods share."""

from __future__ import annotations

import pytest
import torch
from helpers.gradients import A, C, rows

import mtlcore as mtl


def test_state_of_another_number_of_tasks() -> None:
    slaw = mtl.SLAW()
    slaw.weights(torch.ones(2))
    with pytest.raises(ValueError, match="2 tasks and now sees 3"):
        slaw.weights(torch.ones(3))
    smoothed = mtl.Projection(smoothing=0.5)
    smoothed.direction(rows(A))
    with pytest.raises(ValueError, match="reset"):
        smoothed.direction(rows(C))
