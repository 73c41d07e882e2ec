"""Sharpness and gradient noise, against dense linear algebra."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

import mtlcore as mtl
from mtlcore.analysis.curvature import gradient_spread, gradient_variance, top_eigenvalue

TASKS = (mtl.Task.classification("a"), mtl.Task.regression("b"))


def problem() -> tuple[mtl.MultiTaskModel, mtl.Split]:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5))
    model = mtl.MultiTaskModel(trunk, [nn.Linear(4, 3), nn.Linear(4, 1)])
    x = torch.randn(40, 3)
    return model, mtl.Split(x, (torch.randint(3, (40,)), x[:, :1] ** 2))


def mean_loss(model: mtl.MultiTaskModel, split: mtl.Split, flat: Tensor) -> Tensor:
    names, sizes = zip(*((n, p.numel()) for n, p in model.named_parameters()), strict=True)
    shapes = [p.shape for p in model.parameters()]
    pieces = {n: v.view(s) for n, v, s in zip(names, flat.split(sizes), shapes, strict=True)}
    first, second = functional_call(model, pieces, (split.inputs,))
    cross = nn.functional.cross_entropy(first, split.targets[0])
    return (cross + nn.functional.mse_loss(second, split.targets[1])) / 2


def flat_parameters(model: mtl.MultiTaskModel) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("batch_size", [7, 40])
def test_top_eigenvalue(batch_size: int) -> None:
    model, split = problem()
    model.eval()
    hessian = torch.autograd.functional.hessian(lambda v: mean_loss(model, split, v), flat_parameters(model))
    model.train()
    value = top_eigenvalue(model, split, TASKS, batch_size=batch_size, tolerance=1e-4)
    assert value == pytest.approx(torch.linalg.eigvalsh(hessian)[-1].item(), rel=1e-3)
    assert model.training


def test_gradient_variance() -> None:
    model, split = problem()
    model.eval()
    rows = []
    for start in (0, 15):
        part = slice(start, start + 15)
        batch = mtl.Split(split.inputs[part], tuple(y[part] for y in split.targets))
        flat = flat_parameters(model).requires_grad_()
        rows.append(torch.autograd.grad(mean_loss(model, batch, flat), flat)[0])
    expected = ((rows[0] - rows[1]) / 2).square().sum().item()  # of two values about their mean
    assert gradient_variance(model, split, TASKS, batch_size=15) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="no two batches"):
        gradient_variance(model, split, TASKS, batch_size=21)


def test_gradient_spread() -> None:
    model, split = problem()
    model.eval()
    parameters = [*model.parameters()]
    spreads = []
    for part in (slice(0, 15), slice(15, 30)):
        first, second = model(split.inputs[part])
        cross = nn.functional.cross_entropy(first, split.targets[0][part])
        square = nn.functional.mse_loss(second, split.targets[1][part])
        rows = []
        for loss in (cross, square):
            pieces = torch.autograd.grad(
                loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            rows.append(torch.cat([piece.flatten() for piece in pieces]))
        spreads.append((rows[0] - rows[1]).square().sum() / 2)  # of two points about their mean
    model.train()
    value = gradient_spread(model, split, TASKS, batch_size=15)
    assert value == pytest.approx(torch.stack(spreads).mean().item(), rel=1e-5)
    assert model.training
    with pytest.raises(ValueError, match="no batch of 41"):
        gradient_spread(model, split, TASKS, batch_size=41)
