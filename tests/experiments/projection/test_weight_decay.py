"""What the decay takes off the parameters."""

import pytest
import torch

from mtlcore import CosSim, Orthogonal, Projection, Static
from mtlcore.experiments.projection.weight_decay import Decay

METHODS = [Static(scale="sum"), Projection(), Orthogonal(), CosSim(), CosSim(weighted=True)]


def parameters() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    made = [torch.nn.Parameter(torch.randn(*shape, generator=generator)) for shape in ((4, 3), (5,), (2,))]
    for p in made:
        p.grad = torch.randn(p.shape, generator=generator)
    return made


def decayed(decay: Decay, steps: int = 1) -> list[torch.nn.Parameter]:
    found = parameters()
    optimizer = torch.optim.SGD(found, lr=0.1)
    for _ in range(steps):
        decay(optimizer)
    return found


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_the_decay_of_a_variable(method) -> None:
    for p, after in zip(parameters(), decayed(Decay(method, 1.0, 3.0)), strict=True):
        theta, gradient = p.detach().flatten(), p.grad.flatten()
        if isinstance(method, Static):
            left = theta
        else:
            left = method.direction(torch.stack([gradient, theta])) - gradient
        assert torch.allclose(after.flatten(), theta - 0.1 * 3 * left, atol=1e-5)


def test_plain_decay_is_that_of_adamw() -> None:
    ours, theirs = decayed(Decay(Static(scale="sum"), 1.0, 0.5)), parameters()
    for p in theirs:
        p.grad = torch.zeros_like(p)
    torch.optim.AdamW(theirs, lr=0.1, weight_decay=0.5).step()
    assert all(torch.allclose(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_reference_is_an_average_from_zero() -> None:
    decay = Decay(Projection(), 0.1, 0.001)
    decayed(decay, steps=2)
    for reference, p in zip(decay.references, parameters(), strict=True):
        assert torch.allclose(reference, (0.1 + 0.09) * p.grad)


def test_no_strength_no_decay() -> None:
    found = decayed(Decay(Projection(), 1.0, 0.0))
    assert all(torch.equal(a, b) for a, b in zip(found, parameters(), strict=True))
