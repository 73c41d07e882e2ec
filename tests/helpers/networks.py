"""A small network with two tasks, its batches, and its gradients computed by plain autograd."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.book.toys import Point
from mtlcore.tasks import UNLABELLED


def points(*targets: tuple) -> tuple[mtl.MultiTaskModel, mtl.Batch, tuple]:
    """A point model whose tasks are half squared distances to targets."""
    tasks = tuple(
        mtl.Task(
            str(i),
            lambda z, y: 0.5 * ((z - y) ** 2).sum(1)[:, None].expand_as(y),
            mtl.Metrics.whole("nothing", lambda z, y: 0.0, False),
        )
        for i, _ in enumerate(targets)
    )
    rows = tuple(torch.tensor([t], dtype=torch.float64) for t in targets)
    return rows, tasks


def quadratic_step(normalise: bool) -> Tensor:
    rows, tasks = points((0, 0), (3, 0))
    target, _ = points((0.1, 0), (0, 0))
    model = mtl.MultiTaskModel(Point([1, 1]), [nn.Identity(), nn.Identity()])
    held_out = mtl.Batch(torch.zeros(1, 0), target)
    signals = mtl.Signals(model, mtl.Batch(torch.zeros(1, 0), rows), tasks, held_out)
    return signals.gains(0.1, normalise=normalise)[0]


TASKS = (mtl.Task.classification("shape"), mtl.Task.regression("size"))
N = 12


def plain() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4), nn.Tanh())


def with_noise() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))


def without_forward_mode() -> nn.Module:
    """torch has no forward-mode rule for weight normalisation."""
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(5, 4)), nn.Tanh())


def make_model(
    trunk: Callable[[], nn.Module] = plain, dtype: torch.dtype = torch.float64
) -> mtl.MultiTaskModel:
    torch.manual_seed(0)
    return mtl.MultiTaskModel(trunk(), [nn.Linear(4, 3), nn.Linear(4, 2)]).to(dtype)


def batch(dtype: torch.dtype = torch.float64) -> mtl.Batch:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(N, 5, generator=generator, dtype=dtype)
    labels = torch.randint(3, (N,), generator=generator)
    values = torch.randn(N, 2, generator=generator, dtype=dtype)
    return mtl.Batch(x, (labels, values))


def masked() -> mtl.Batch:
    whole = batch()
    labels, values = (y.clone() for y in whole.targets)
    labels[:7] = UNLABELLED
    values[3] = torch.nan
    values[5, 0] = torch.nan
    return mtl.Batch(whole.inputs, (labels, values))


def two_inputs() -> mtl.Batch:
    whole = batch()
    return mtl.Batch((whole.inputs, whole.inputs.flip(0) + 1), whole.targets)


def losses_by_hand(model: mtl.MultiTaskModel, data: mtl.Batch) -> list[Tensor]:
    """Mean loss of each task, computed the ordinary way."""
    first, second = model(data.inputs)
    labels, values = data.targets
    cross = nn.functional.cross_entropy(first, labels, ignore_index=UNLABELLED)
    rows = [
        ((o - y)[~y.isnan()] ** 2).mean() for o, y in zip(second, values, strict=True) if not y.isnan().all()
    ]
    return [cross, torch.stack(rows).mean()]


def gradients_by_hand(model: mtl.MultiTaskModel, data: mtl.Batch) -> tuple[Tensor, list[list[Tensor]]]:
    """Jacobian on the shared parameters, and each head's own gradient."""
    losses = losses_by_hand(model, data)
    shared = list(model.shared_parameters())
    jacobian = []
    heads = []
    for loss, head in zip(losses, model.head_parameters(), strict=True):
        row = torch.autograd.grad(loss, [*shared, *head], retain_graph=True)
        jacobian.append(torch.cat([g.flatten() for g in row[: len(shared)]]))
        heads.append(list(row[len(shared) :]))
    return torch.stack(jacobian), heads


batches = pytest.mark.parametrize(
    "data", [batch(), masked(), two_inputs()], ids=["whole", "masked", "two inputs"]
)


def sample_alignment_by_hand(model: mtl.MultiTaskModel, data: mtl.Batch, direction: Tensor) -> Tensor:
    """One sample's loss differentiated at a time; for layers that treat samples alone."""
    result = torch.zeros(2, N, dtype=torch.float64)
    for n in range(N):
        inputs = (
            tuple(x[n : n + 1] for x in data.inputs)
            if isinstance(data.inputs, tuple)
            else data.inputs[n : n + 1]
        )
        outputs = model(inputs)
        for t, task in enumerate(TASKS):
            target = data.targets[t][n : n + 1]
            if not task.labelled(target).any():
                continue
            loss = task.sample_losses(outputs[t], target)[0].sum()
            row = torch.autograd.grad(loss, list(model.trunk.parameters()), retain_graph=True)
            result[t, n] = torch.cat([g.flatten() for g in row]) @ direction
    return result


def flat_grad(model: mtl.MultiTaskModel) -> Tensor:
    return torch.cat([p.grad.flatten() for p in model.shared_parameters()])


def toy(separate: bool = False, samples: int = 60) -> mtl.MultiTaskData:
    """A regression and a classification task on five inputs."""
    generator = torch.Generator().manual_seed(0)

    def split() -> mtl.Split:
        x = torch.randn(samples, 5, generator=generator)
        labels, values = (x[:, 0] > x[:, 1]).long(), x[:, :2] ** 2
        if separate:
            half = samples // 2
            return mtl.Split((x, x[:half] + 1), (labels, values[:half]))
        return mtl.Split(x, (labels, values))

    tasks = (mtl.Task.classification("sign"), mtl.Task.regression("square"))
    return mtl.MultiTaskData("toy", split(), split(), split(), tasks)


def toy_network() -> mtl.MultiTaskModel:
    torch.manual_seed(3)
    trunk = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2))
    return mtl.MultiTaskModel(trunk, [nn.Linear(16, 2), nn.Linear(16, 2)])
