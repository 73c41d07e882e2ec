"""Sharpness of a minimum: the largest eigenvalue of the Hessian, and the noise of the gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from torch.func import functional_call, grad, jacrev, jvp

from mtlcore.models import MultiTaskModel
from mtlcore.tasks import Batch, Split, Task

Parameters = dict[str, Tensor]
"""Parameters of a model by name."""


def top_eigenvalue(
    model: MultiTaskModel,
    split: Split,
    tasks: Sequence[Task],
    *,
    batch_size: int = 500,
    tolerance: float = 1e-2,
    seed: int = 0,
) -> float:
    """Compute the largest eigenvalue of the Hessian of the mean task loss over a split.

    The Hessian is that with respect to all parameters, in evaluation mode.

    Parameters
    ----------
    model : MultiTaskModel
        The network. All its operations need a second derivative.
    split : Split
        The samples.
    tasks : sequence of Task
        T tasks; the loss is the mean of their T mean losses.
    batch_size : int, default 500
        Number of samples of a forward pass. The result does not depend on it, where every sample is labelled
        for all tasks.
    tolerance : float, default 1e-2
        Relative tolerance of the eigenvalue.
    seed : int, default 0
        Seed of the start vector.

    Returns
    -------
    eigenvalue : float
        The algebraically largest one.

    Notes
    -----
    Lanczos iteration (ARPACK in scipy). Each Hessian-vector product is a Jacobian-vector product of the
    gradient: forward mode over reverse mode, once over the split.

    Examples
    --------
    >>> from mtlcore.analysis.curvature import top_eigenvalue
    >>> model = mtl.models.mlp((1,), outputs=(1,))  # squared loss of w x + b at x = 2
    >>> split = mtl.Split(torch.tensor([[2.0]]), (torch.tensor([[0.0]]),))
    >>> round(top_eigenvalue(model, split, [mtl.Task.regression("a")]), 3)  # of 2 [[4, 2], [2, 1]]
    10.0
    """
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    sizes = [p.numel() for p in parameters.values()]

    def hessian_vector_product(vector: np.ndarray) -> np.ndarray:
        flat = torch.from_numpy(vector.ravel()).to(next(iter(parameters.values())))
        pieces = zip(parameters.items(), flat.split(sizes), strict=True)
        direction = {name: v.view_as(p) for (name, p), v in pieces}
        total = torch.zeros_like(flat)
        for batch in split.batches(batch_size):
            gradient = grad(lambda p, batch=batch: _mean_loss(model, p, batch, tasks))
            tangent = jvp(gradient, (parameters,), (direction,))[1]
            fraction = len(batch.targets[0]) / len(split)
            total += fraction * torch.cat([tangent[name].flatten() for name in parameters])
        return total.double().cpu().numpy()

    operator = LinearOperator((sum(sizes),) * 2, matvec=hessian_vector_product, dtype=np.float64)
    start = np.random.default_rng(seed).standard_normal(sum(sizes))
    with model.evaluating():
        (value,) = eigsh(
            operator, k=1, which="LA", v0=start, tol=tolerance, ncv=10, return_eigenvectors=False
        )
    return float(value)


def gradient_variance(
    model: MultiTaskModel, split: Split, tasks: Sequence[Task], *, batch_size: int
) -> float:
    r"""Compute the variance of the mini-batch gradient of the mean task loss, :math:`E\|g_B - \bar g\|^2`.

    The mean is over all whole mini-batches of the split, in its order. The gradient is that with respect to
    all parameters, in evaluation mode.

    Parameters
    ----------
    model : MultiTaskModel
        The network.
    split : Split
        The samples.
    tasks : sequence of Task
        T tasks; the loss is the mean of their T mean losses.
    batch_size : int
        Number of samples of a mini-batch.

    Returns
    -------
    variance : float
        Mean squared distance of the gradients from their mean.

    Raises
    ------
    ValueError
        If the split has fewer than two whole mini-batches.
    """
    if len(split) < 2 * batch_size:
        raise ValueError(f"{len(split)} samples hold no two batches of {batch_size}")
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    gradients = []
    with model.evaluating():
        for batch in split.batches(batch_size):
            if len(batch.targets[0]) == batch_size:
                gradient = grad(lambda p, batch=batch: _mean_loss(model, p, batch, tasks))(parameters)
                gradients.append(torch.cat([g.flatten() for g in gradient.values()]).double())
    deviations = torch.stack(gradients) - torch.stack(gradients).mean(0)
    return deviations.square().sum(1).mean().item()


def gradient_spread(model: MultiTaskModel, split: Split, tasks: Sequence[Task], *, batch_size: int) -> float:
    r"""Compute how far the task gradients of a mini-batch are apart, :math:`E \sum_i \|g_i - \bar g\|^2`.

    Random weights make noise in proportion to it. The mean is over all whole mini-batches of the split, in
    its order. The gradients are those with respect to all parameters, in evaluation mode.

    Parameters
    ----------
    model : MultiTaskModel
        The network.
    split : Split
        The samples.
    tasks : sequence of Task
        T tasks.
    batch_size : int
        Number of samples of a mini-batch.

    Returns
    -------
    spread : float
        Sum over the tasks of the squared distance between task gradient and mean gradient.

    Raises
    ------
    ValueError
        If the split has no whole mini-batch.
    """
    if len(split) < batch_size:
        raise ValueError(f"{len(split)} samples hold no batch of {batch_size}")
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    spreads = []
    with model.evaluating():
        for batch in split.batches(batch_size):
            if len(batch.targets[0]) == batch_size:
                by_task = jacrev(lambda p, batch=batch: _losses(model, p, batch, tasks))(parameters)
                gradients = torch.cat([g.flatten(1) for g in by_task.values()], 1).double()
                spreads.append((gradients - gradients.mean(0)).square().sum())
    return torch.stack(spreads).mean().item()


def _mean_loss(model: MultiTaskModel, parameters: Parameters, batch: Batch, tasks: Sequence[Task]) -> Tensor:
    """Mean over the tasks of the mean loss of the labelled samples."""
    return _losses(model, parameters, batch, tasks).mean()


def _losses(model: MultiTaskModel, parameters: Parameters, batch: Batch, tasks: Sequence[Task]) -> Tensor:
    """Mean loss of the labelled samples for each task, (T,)."""
    outputs = functional_call(model, parameters, (batch.inputs,))
    losses = []
    for task, output, target in zip(tasks, outputs, batch.targets, strict=True):
        values, present = task.sample_losses(output, target)
        losses.append(values.sum() / present.sum())
    return torch.stack(losses)
