"""Jacobian-vector products: the derivative of every loss along one direction of the parameters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

from mtlcore.models import MultiTaskModel
from mtlcore.signals.step import Step
from mtlcore.signals.trunk import flat

Tangents = dict[Tensor, Tensor]
"""By parameter, its part of the direction, of the same shape."""


def along(step: Step, direction: Tensor, samples: bool) -> Tensor:
    """Inner products of a direction with the gradients of T tasks, (T,), or of T x N samples, (T, N).

    One forward-mode pass; where a layer has no forward-mode rule, two nested backward passes, and a warning.
    """
    shared, heads = _tangents(step, direction)
    try:
        return _along_samples(step, shared | heads) if samples else _along_tasks(step, shared, heads)
    except NotImplementedError as error:
        # The warning points at the caller of Signals.alignment.
        warnings.warn(
            f"no forward-mode rule for a layer of this model, so two nested backward passes are "
            f"used instead (same numbers): {str(error).splitlines()[0]}",
            stacklevel=3,
        )
        values = _double_backward(step, shared | heads)
    return values if samples else values.sum(1) / step.entries[1].sum(1)


def _tangents(step: Step, direction: Tensor) -> tuple[Tangents, Tangents]:
    """The parts of a direction on the shared parameters, (D,) or (P,), and on those of the heads."""
    shared = sum(step.sizes)
    total = shared + sum(p.numel() for p in step.head_params)
    if direction.dim() != 1 or len(direction) not in (shared, total):
        raise ValueError(
            f"a direction has {shared} entries (shared parameters) or {total} (all), "
            f"not shape {tuple(direction.shape)}"
        )
    if not torch.isfinite(direction).all():
        raise ValueError("the direction is not finite")
    parameters: list[Tensor] = [*step.shared, *(step.head_params if len(direction) == total else [])]
    pieces = direction.detach().split([p.numel() for p in parameters])
    tangents = {p: v.view_as(p) for p, v in zip(parameters, pieces, strict=True)}
    return {p: tangents.pop(p) for p in step.shared}, tangents


def _along_tasks(step: Step, shared: Tangents, heads: Tangents) -> Tensor:
    """(T,) from a forward-mode pass through the trunk alone.

    By the chain rule <grad L_t, v> = <dL_t/dz, dz/dtheta v> + <dL_t/dpsi_t, v_t>, and all factors but
    dz/dtheta v are known from the backward pass through the heads.
    """
    moved = jvp(step, _Features(step.model), shared)
    values = torch.stack([(g * v).sum() for g, v in zip(step.feature_grads, moved, strict=True)])
    for t, (head, gradients) in enumerate(zip(step.heads, step.head_grads, strict=True)):
        for p, g in zip(head, gradients, strict=True):
            values[t] += (g * heads[p]).sum() if p in heads else 0
    return values


def _along_samples(step: Step, tangents: Tangents) -> Tensor:
    """(T, N) from a forward-mode pass through the whole network and the losses."""
    return torch.stack(jvp(step, step.model, tangents, lambda outputs: step.evaluate(outputs)[0]))


def jvp(
    step: Step,
    module: nn.Module,
    tangents: Tangents,
    then: Callable[[tuple[Tensor, ...]], Iterable[Tensor]] = tuple,
) -> list[Tensor]:
    """Jacobian-vector products of a module's outputs, or of ``then(outputs)``, for the batch of the step."""
    with torch.no_grad(), forward_ad.dual_level(), _FirstLayers():
        duals = {
            name: forward_ad.make_dual(p.detach(), tangents[p]) if p in tangents else p.detach()
            for name, p in module.named_parameters()
        }
        pairs = [forward_ad.unpack_dual(x) for x in then(step.call(module, duals, step.batch))]
    step.passes.forward_mode += 1
    return [torch.zeros_like(x) if tangent is None else tangent for x, tangent in pairs]


def _double_backward(step: Step, tangents: Tangents) -> Tensor:
    """(T, N) the same products by two nested backward passes.

    With u (T, N) a variable of value zero, the vector-Jacobian product uᵀJ is linear in u, so the gradient of
    <uᵀJ, v> in u is Jv.
    """
    values = step.replay()
    dummy = torch.zeros_like(values, requires_grad=True)
    gradients = torch.autograd.grad(values, list(tangents), dummy, create_graph=True, materialize_grads=True)
    inner = torch.stack([(g * v).sum() for g, v in zip(gradients, tangents.values(), strict=True)]).sum()
    (result,) = torch.autograd.grad(inner, dummy)
    step.passes.forward += 1
    step.passes.backward += 2
    return result


def sample_norms(step: Step, shared_only: bool) -> Tensor:
    """(T, N) norms of the gradients of all samples, by one backward pass for each of them."""
    wanted = step.shared if shared_only else [*step.shared, *step.head_params]
    values = step.replay()
    rows = [
        torch.autograd.grad(value, wanted, retain_graph=True, materialize_grads=True)
        for value in values.flatten()
    ]
    step.passes.forward += 1
    step.passes.backward += len(rows)
    return torch.stack([flat(row).norm() for row in rows]).view_as(values)


class _Features(nn.Module):
    """A model without its heads, from the inputs to the representation."""

    def __init__(self, model: MultiTaskModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return self.model.features(inputs)


class _FirstLayers(TorchFunctionMode):
    """A shortcut in forward mode for linear layers and convolutions that read data without a tangent.

    There the tangent of the output is ``func(data, change of the weights)``. torch's own rule also adds
    ``func(zeros, weights)``, a second product as large as the first, for the zero tangent of the data.
    """

    LINEAR_IN_THE_WEIGHTS = (F.linear, F.conv1d, F.conv2d, F.conv3d)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in self.LINEAR_IN_THE_WEIGHTS and len(args) >= 3:
            data, weights, options = args[0], [w for w in args[1:3] if w is not None], args[3:]
            here, change = zip(*map(forward_ad.unpack_dual, weights), strict=True)
            if forward_ad.unpack_dual(data).tangent is None and all(w is not None for w in change):
                bias = () if args[2] is not None else (None,)
                return forward_ad.make_dual(
                    func(data, *here, *bias, *options), func(data, *change, *bias, *options)
                )
        return func(*args, **(kwargs or {}))
