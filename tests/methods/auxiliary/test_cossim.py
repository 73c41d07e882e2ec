"""CosSim against reference numbers."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import A, B, C, rows

import mtlcore as mtl


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (mtl.CosSim(), A, [1, 0]),
        (mtl.CosSim(weighted=True), A, [1, 0]),
        (mtl.CosSim(), B, [2, 1]),
        (mtl.CosSim(weighted=True), B, [1.7071067812, 0.7071067812]),
        (mtl.CosSim(), [[1, 0], [0, 2]], [1, 2]),
        (mtl.CosSim(weighted=True), [[1, 0], [0, 2]], [1, 0]),
        (mtl.CosSim(), [[0, 0], [1, 2]], [1, 2]),
        (mtl.CosSim(weighted=True), [[0, 0], [1, 2]], [0, 0]),
        (mtl.CosSim(), C, [1.5, -2, 1]),
        (mtl.CosSim(weighted=True), C, [1.1091089451, -0.4364357805, 0.2182178902]),
    ],
    ids=repr,
)
def test_reference_directions(method: mtl.METHODS, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.CosSim(lam=-1),
        lambda: mtl.CosSim(main=-4).weights(torch.eye(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
