"""Jacobian-vector products: the derivative of every loss along one direction of the parameters."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

from mtlcore.models import MultiTaskModel
from mtlcore.signals.step import Step, at_least_single

Tangents = dict[Tensor, Tensor]
"""By parameter, its part of a direction, of the same shape."""


def tasks_forward(step: Step, tangents: Tangents) -> Tensor:
    """(T,) derivatives of the task losses along a direction of the shared parameters.

    One forward-mode pass through the trunk alone: the derivatives of the losses by the representation are
    known from the backward pass through the heads.
    """
    gradients, inputs = step.feature_grads, step.batch.inputs
    moved = _jvp(step, tangents, lambda model: model.features(inputs))
    rows = zip(gradients, (moved[i] for i in step.kept), strict=True)
    return torch.stack([(at_least_single(g) * v).sum() for g, v in rows])


def samples_forward(step: Step, tangents: Tangents) -> Tensor:
    """(T, N) derivatives of the sample losses, from a forward-mode pass through network and losses."""
    return torch.stack(_jvp(step, tangents, step.losses_of))


def tasks_double_backward(step: Step, tangents: Tangents) -> Tensor:
    """(T,) the same by two nested backward passes."""
    return samples_double_backward(step, tangents).sum(1) / step.counts


def samples_double_backward(step: Step, tangents: Tangents) -> Tensor:
    """(T, N) the same by two nested backward passes.

    With u (T, N) a variable of value zero, the vector-Jacobian product uᵀJ is linear in u, so the gradient of
    <uᵀJ, v> in u is Jv.
    """
    with _eager(), _math_attention():
        values = step.second_losses()
    dummy = torch.zeros_like(values, requires_grad=True)
    gradients = torch.autograd.grad(values, list(tangents), dummy, create_graph=True, allow_unused=True)
    pairs = [(g, v) for g, v in zip(gradients, tangents.values(), strict=True) if g is not None]
    if not pairs:
        return torch.zeros_like(values.detach())
    (result,) = torch.autograd.grad(torch.stack([(g * v).sum() for g, v in pairs]).sum(), dummy)
    step.passes.backward += 2
    return result


def samples_backward(step: Step, tangents: Tangents) -> Tensor:
    """(T, N) the same by one backward pass a sample and task, which is always possible."""
    values = step.second_losses()
    rows = []
    for value in values.flatten():
        gradients = torch.autograd.grad(value, list(tangents), retain_graph=True, allow_unused=True)
        pairs = zip(gradients, tangents.values(), strict=True)
        rows.append(sum((g * v).sum() for g, v in pairs if g is not None) + values.new_zeros(()))
    step.passes.backward += len(rows)
    return torch.stack(rows).detach().view_as(values)


def sample_norms(step: Step, shared_only: bool) -> Tensor:
    """(T, N) norms of the gradients of all samples, by one backward pass for each of them."""
    wanted = step.shared if shared_only else [*step.shared, *step.head_params]
    values = step.second_losses()
    norms = []
    for value in values.flatten():
        found = torch.autograd.grad(value, wanted, retain_graph=True, allow_unused=True)
        parts = [g.coalesce().values() if g.is_sparse else g for g in found if g is not None]
        norms.append(torch.stack([p.double().norm() for p in parts]).norm())
    step.passes.backward += len(norms)
    return torch.stack(norms).view_as(values)


def _jvp(
    step: Step, tangents: Tangents, question: Callable[[MultiTaskModel], Sequence[Tensor] | Tensor]
) -> list[Tensor]:
    """Jacobian-vector products of what a function of the model returns, for the batch of the step."""
    with torch.no_grad(), forward_ad.dual_level(), _Rules(), _eager(), _math_attention():
        duals = {
            name: forward_ad.make_dual(p.detach(), tangents[p].to(p.dtype)) if p in tangents else p.detach()
            for name, p in step.model.named_parameters()
        }
        pairs = [forward_ad.unpack_dual(x) for x in step.replay(question, duals)]
    step.passes.forward_mode += 1
    return [torch.zeros_like(x) if tangent is None else tangent for x, tangent in pairs]


@contextmanager
def _eager() -> Iterator[None]:
    """Compiled modules run as they were written: what a compiler made has no forward mode."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled, and importing it takes seconds
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


@contextmanager
def _math_attention() -> Iterator[None]:
    """Attention is computed from elementary operations: its fused kernels have no forward mode."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Rules(TorchFunctionMode):
    """Two rules of forward mode that torch does not have.

    For linear layers and convolutions that read data without a tangent, the tangent of the output is
    ``func(data, change of the weights)``. torch's own rule also adds ``func(zeros, weights)``, a second
    product as large as the first, for the zero tangent of the data.

    The row ``padding_idx`` of an embedding gets no gradient, so it has no tangent.
    """

    LINEAR_IN_THE_WEIGHTS = (F.linear, F.conv1d, F.conv2d, F.conv3d)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is F.embedding:
            given = inspect.signature(func).bind(*args, **kwargs)
            weight, tangent = forward_ad.unpack_dual(given.arguments["weight"])
            padding = given.arguments.get("padding_idx")
            if tangent is not None and padding is not None:
                tangent = tangent.index_fill(0, torch.tensor(padding % len(weight), device=weight.device), 0)
                given.arguments["weight"] = forward_ad.make_dual(weight, tangent)
            return func(*given.args, **given.kwargs)
        if func in self.LINEAR_IN_THE_WEIGHTS and len(args) >= 3:
            data, weights, options = args[0], [w for w in args[1:3] if w is not None], args[3:]
            here, change = zip(*map(forward_ad.unpack_dual, weights), strict=True)
            if forward_ad.unpack_dual(data).tangent is None and all(w is not None for w in change):
                bias = () if args[2] is not None else (None,)
                return forward_ad.make_dual(
                    func(data, *here, *bias, *options, **kwargs),
                    func(data, *change, *bias, *options, **kwargs),
                )
        return func(*args, **kwargs)
