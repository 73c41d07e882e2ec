"""The registry of methods."""

from __future__ import annotations

import pytest

import mtlcore as mtl


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="nearest: PCGrad"):
        mtl.METHODS["PcGrad"]
