"""SLAW: reference numbers, Equations 6 to 9, constant losses and float32."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import EXACT, assert_exact
from helpers.gradients import seeded

import mtlcore as mtl


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (
            mtl.SLAW(beta=0.5, init="zero"),
            [
                [1.8181818182, 0.1818181818],
                [1.8181818182, 0.1818181818],
                [1.8982278301, 0.1017721699],
            ],
        ),
        (mtl.SLAW(), [[1, 1], [1.8181818182, 0.1818181818], [1.9083269391, 0.0916730609]]),
    ],
    ids=["as printed", "as released"],
)
def test_slaw_reference(method: mtl.SLAW, expected: list) -> None:
    for losses, weights in zip([(1, 10), (2, 20), (3, 50)], expected, strict=True):
        assert_exact(method.weights(torch.tensor(losses, dtype=torch.float64)), weights)


def test_slaw_is_equations_6_to_9() -> None:
    """The single recursion for the variance is the paper's difference of moments."""
    method, beta = mtl.SLAW(beta=0.9, init="zero"), 0.9
    losses = torch.rand(50, 3, dtype=torch.float64, generator=seeded(1)) + 1
    a = b = torch.zeros(3, dtype=torch.float64)
    for step in losses:
        weights = method.weights(step)
        a, b = beta * a + (1 - beta) * step**2, beta * b + (1 - beta) * step
        inverse = 1 / (a - b**2).sqrt()
        torch.testing.assert_close(weights, 3 * inverse / inverse.sum(), **EXACT)


def test_slaw_constant_losses_keep_equal_weights_and_the_printed_start_does_not() -> None:
    released, printed = mtl.SLAW(), mtl.SLAW(init="zero")
    for _ in range(50):
        losses = torch.tensor([1.0, 10.0], dtype=torch.float64)
        weights = released.weights(losses), printed.weights(losses)
    assert_exact(weights[0], [1, 1])
    assert_exact(weights[1], [20 / 11, 2 / 11])


def test_slaw_takes_no_spread_below_its_floor() -> None:
    for floor, second in ((1e-5, 1e-5), (0.25, 0.25), (2.0, 1.0)):  # deviations of 0 and 1
        method = mtl.SLAW(floor=floor)
        method.weights(torch.tensor([5.0, 1.0], dtype=torch.float64))
        weights = method.weights(torch.tensor([5.0, 3.0], dtype=torch.float64))
        assert_exact(weights, [2 / (1 + second), 2 * second / (1 + second)])


def test_slaw_float32_spread_far_below_the_level() -> None:
    method = mtl.SLAW()
    noise = torch.randn(200, 2, generator=seeded(0)) * torch.tensor([1e-3, 2e-3])
    for step in 1000 + noise:
        weights = method.weights(step)
    assert torch.isfinite(weights).all()
    assert weights[0] > weights[1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.SLAW(beta=1),
        lambda: mtl.SLAW(init="ones"),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
