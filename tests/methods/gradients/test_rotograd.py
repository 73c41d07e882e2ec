"""RotoGrad: reference numbers, rotations that stay rotations, and images."""

from __future__ import annotations

from functools import partial

import torch
from helpers.asserts import assert_exact
from helpers.gradients import vector
from helpers.networks import TASKS, batch, gradients_by_hand, make_model
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.methods.gradients.rotograd import RotoGrad


def test_rotograd_scaling_reference() -> None:
    method = RotoGrad()
    method.weights(vector(1, 0.2))  # the reference norms
    weights = method.weights(vector(3, 0.1))
    assert_exact(weights * vector(3, 0.1), 2.5857142857, 2.5857142857)


def test_reference_norms_are_taken_anew_after_the_burn_in() -> None:
    method = RotoGrad(burn_in=2)
    assert_exact(method.weights(vector(1, 1)), 1, 1)
    assert_exact(method.weights(vector(2, 4)), 5 / 3, 5 / 6)
    assert_exact(method.weights(vector(3, 1)), 2 / 3, 2)  # the third step sets the reference to (3, 1)
    assert_exact(method.weights(vector(6, 1)), 13 / 18, 13 / 3)


def test_first_step_of_the_rotations_is_the_objectives_gradient() -> None:
    r"""At R = I the gradient of mean_b |Rv - g|^2 by S, with R = exp(S - Sᵀ), is 2/N (v gᵀ - g vᵀ)."""
    gradients = torch.randn(2, 3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    method = RotoGrad(optimizer=partial(torch.optim.SGD, lr=0.5))
    method.skew.data = gradients.new_zeros(2, 3, 3)
    norms = gradients.flatten(1).norm(dim=1)
    common = (gradients * (gradients.mean(0).norm() / norms)[:, None, None]).mean(0)
    method._turn(gradients, norms)
    outer = common @ gradients.mT
    torch.testing.assert_close(method.skew.data, -0.5 * 2 / 7 * (outer - outer.mT))
    assert method.skew.any()


def test_rotations_undo_a_rotation_between_two_heads() -> None:
    """Two heads whose gradients differ by a rotation alone come to agree at the representation."""
    generator = torch.Generator().manual_seed(0)
    skew = 0.5 * torch.randn(4, 4, dtype=torch.float64, generator=generator)
    first = torch.randn(4, 30, dtype=torch.float64, generator=generator)
    heads = torch.stack([first, torch.matrix_exp(skew - skew.T) @ first])
    method = RotoGrad(optimizer=partial(torch.optim.Adam, lr=0.02))
    method.skew.data = heads.new_zeros(2, 4, 4)
    for _ in range(200):
        method._turn(method._rotations().mT @ heads, heads.flatten(1).norm(dim=1))
    turned = (method._rotations().mT @ heads).flatten(1)
    assert torch.cosine_similarity(heads[0].flatten(), heads[1].flatten(), dim=0) < 0.65
    assert torch.cosine_similarity(turned[0], turned[1], dim=0) > 0.99


def test_rotations_stay_rotations_and_bring_gradients_together() -> None:
    gradients = torch.randn(2, 4, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    method = RotoGrad(optimizer=partial(torch.optim.Adam, lr=0.02))
    norms = gradients.flatten(1).norm(dim=1)
    method.skew.data = gradients.new_zeros(2, 4, 4)

    def spread(rotations: Tensor) -> float:
        turned = (rotations @ gradients).flatten(1)
        return torch.cosine_similarity(turned[0], turned[1], dim=0).item()

    start = spread(torch.eye(4, dtype=torch.float64).expand(2, 4, 4))
    for _ in range(200):
        method._turn(gradients, norms)
    rotations = method._rotations()
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(4, dtype=torch.float64).expand(2, 4, 4))
    assert abs(spread(rotations) - start) > 0.01


def test_rotograd_in_a_network() -> None:
    model, data = make_model(), batch()
    first = mtl.Signals(model, data, TASKS)
    method = RotoGrad(optimizer=partial(torch.optim.SGD, lr=1.0))
    jacobian, _ = gradients_by_hand(model, data)
    weights = method.backward(first)
    grads = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(grads, weights @ jacobian)
    assert model.rotations.shape == (2, 4, 4)
    z = model.trunk(data.inputs)
    torch.testing.assert_close(model(data.inputs)[1], model.heads[1](z @ model.rotations[1].T))
    copy = make_model()
    copy.load_state_dict(model.state_dict())
    torch.testing.assert_close(copy(data.inputs)[0], model(data.inputs)[0])


def test_rotations_turn_channels_of_images() -> None:
    trunk = nn.Conv2d(1, 3, 2)
    model = mtl.MultiTaskModel(trunk, [nn.Sequential(nn.Flatten(), nn.Linear(12, 2)) for _ in range(2)])
    data = mtl.Batch(torch.randn(5, 1, 3, 3), (torch.randint(2, (5,)), torch.randint(2, (5,))))
    tasks = (mtl.Task.classification("a"), mtl.Task.classification("b"))
    for _ in range(2):
        RotoGrad().backward(mtl.Signals(model, data, tasks))
    assert model.rotations.shape == (2, 3, 3)
