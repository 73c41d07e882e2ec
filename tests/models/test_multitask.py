"""What MultiTaskModel refuses."""

from __future__ import annotations

import pytest
from helpers.networks import plain
from torch import nn

import mtlcore as mtl


def test_a_parameter_in_two_heads_belongs_in_the_trunk() -> None:
    tied = nn.Linear(4, 3)
    with pytest.raises(ValueError, match="shared"):
        mtl.MultiTaskModel(plain(), [tied, tied])
