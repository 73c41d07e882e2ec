"""OL-AUX against reference numbers."""

from __future__ import annotations

import pytest
from helpers.asserts import assert_exact
from helpers.gradients import vector

from mtlcore.methods.auxiliary.olaux import OLAux


def test_olaux_reference() -> None:
    method = OLAux(lr=0.1, beta=2, every=2)
    for dots in ((1, 1, -1), (1, 0.5, -2)):
        assert_exact(method.weights(vector(*dots)), 1, 1, 1)
    assert_exact(method.w, 1, 1.3, 0.4)


def test_olaux_options() -> None:
    turned, kept = OLAux(lr=0.1, beta=-2, every=1), OLAux(lr=10, every=1, nonnegative=True)
    turned.weights(vector(1, 1, -1))
    assert_exact(turned.w, 1, 0.8, 1.2)
    kept.weights(vector(1, -1, 2))
    assert_exact(kept.w, 1, 0, 21)
    logarithms = OLAux(lr=0.1, every=1, log=True)
    logarithms.weights(vector(1, 4, 6), vector(1, 2, 3))
    assert_exact(logarithms.w, 1, 1.2, 1.2)
    with pytest.raises(ValueError, match="positive"):
        logarithms.weights(vector(1, 4, 6), vector(1, 0, 3))
