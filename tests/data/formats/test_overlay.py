"""Overlays of two images, and the pairs that are drawn."""

import numpy as np
from helpers.overlays import slow_overlay
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mtlcore.data.formats.overlay import Pool, draw_pairs, overlay


@given(
    arrays(np.uint8, (2, 5, 5)),
    arrays(np.uint8, (2, 5, 5)),
    st.integers(1, 6),
)
def test_overlay_is_the_brighter_pixel(first: np.ndarray, second: np.ndarray, offset: int) -> None:
    made = overlay(first, second, offset)
    for k in range(2):
        assert (made[k] == slow_overlay(first[k], second[k], offset)).all()


def test_pairs_are_uniform_over_the_other_classes() -> None:
    """Classes of unequal size, one of them empty."""
    pool = Pool(np.zeros((6, 1, 1), np.uint8), np.array([2, 0, 2, 3, 0, 2]))
    n = 120_000
    i, j = draw_pairs(pool, pool, n, np.random.default_rng(0))
    for a in range(6):
        others = np.flatnonzero(pool.classes != pool.classes[a])
        assert np.isclose((i == a).mean(), 1 / 6, atol=0.01)
        share = np.bincount(j[i == a], minlength=6) / (i == a).sum()
        assert np.allclose(share[others], 1 / len(others), atol=0.015)
        assert share[pool.classes == pool.classes[a]].sum() == 0


def test_pairs_of_two_pools_are_uniform() -> None:
    first = Pool(np.zeros((3, 1, 1), np.uint8), np.array([0, 0, 1]))
    second = Pool(np.zeros((2, 1, 1), np.uint8), np.array([0, 1]))
    i, j = draw_pairs(first, second, 60_000, np.random.default_rng(0))
    assert np.allclose(np.bincount(2 * i + j) / 60_000, 1 / 6, atol=0.01)
