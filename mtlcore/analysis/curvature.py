"""How flat a minimum is: the largest Hessian eigenvalue, and the variance of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from torch.func import functional_call, grad, jvp

from mtlcore.models import MultiTaskModel
from mtlcore.tasks import Batch, Split, Task

Parameters = dict[str, Tensor]


def top_eigenvalue(
    model: MultiTaskModel,
    split: Split,
    tasks: Sequence[Task],
    *,
    batch_size: int = 500,
    tolerance: float = 1e-2,
    seed: int = 0,
) -> float:
    """Largest eigenvalue of the Hessian of the mean task loss, on all parameters and the whole split.

    Lanczos iteration (scipy's ARPACK) to a relative ``tolerance``, in evaluation mode. A product with the
    Hessian is one forward-mode pass over the gradient.
    """
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    sizes = [p.numel() for p in parameters.values()]

    def product(vector: np.ndarray) -> np.ndarray:
        flat = torch.from_numpy(vector.ravel()).to(next(iter(parameters.values())))
        pieces = zip(parameters.items(), flat.split(sizes), strict=True)
        direction = {name: v.view_as(p) for (name, p), v in pieces}
        total = torch.zeros_like(flat)
        for batch in split.batches(batch_size):
            gradient = grad(lambda p, batch=batch: _mean_loss(model, p, batch, tasks))
            row = jvp(gradient, (parameters,), (direction,))[1]
            share = len(batch.targets[0]) / len(split)
            total += share * torch.cat([row[name].flatten() for name in parameters])
        return total.double().cpu().numpy()

    operator = LinearOperator((sum(sizes),) * 2, matvec=product, dtype=np.float64)
    start = np.random.default_rng(seed).standard_normal(sum(sizes))
    with model.evaluating():
        (value,) = eigsh(
            operator, k=1, which="LA", v0=start, tol=tolerance, ncv=10, return_eigenvectors=False
        )
    return float(value)


def gradient_variance(
    model: MultiTaskModel, split: Split, tasks: Sequence[Task], *, batch_size: int
) -> float:
    r"""Variance of the mini-batch gradient of the mean task loss, :math:`E\|g_B - \bar g\|^2`.

    Over all whole mini-batches of the split, taken in order, on all parameters, in evaluation mode.

    Raises
    ------
    ValueError : the split holds fewer than two whole batches.
    """
    if len(split) < 2 * batch_size:
        raise ValueError(f"{len(split)} samples hold no two batches of {batch_size}")
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    gradients = []
    with model.evaluating():
        for batch in split.batches(batch_size):
            if len(batch.targets[0]) == batch_size:
                row = grad(lambda p, batch=batch: _mean_loss(model, p, batch, tasks))(parameters)
                gradients.append(torch.cat([g.flatten() for g in row.values()]).double())
    deviations = torch.stack(gradients) - torch.stack(gradients).mean(0)
    return deviations.square().sum(1).mean().item()


def _mean_loss(model: MultiTaskModel, parameters: Parameters, batch: Batch, tasks: Sequence[Task]) -> Tensor:
    outputs = functional_call(model, parameters, (batch.inputs,))
    losses = []
    for task, output, target in zip(tasks, outputs, batch.targets, strict=True):
        values, present = task.sample_losses(output, target)
        losses.append(values.sum() / present.sum())
    return torch.stack(losses).mean()
