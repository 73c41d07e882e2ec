"""Writing into ``.grad``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from mtlcore.signals.step import NonFiniteError


def check_finite(model: nn.Module, parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    """A NonFiniteError that names the first parameter whose gradient is not finite."""
    values = [g.coalesce().values() if g.is_sparse else g for g in gradients if g is not None]
    if not values or torch.isfinite(get_total_norm(values)):  # their norm may overflow though they do not
        return
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    for p, g in zip(parameters, gradients, strict=True):
        if g is not None and not torch.isfinite(g.coalesce().values() if g.is_sparse else g).all():
            raise NonFiniteError(
                f"the gradient of the parameter {names[p]!r} is not finite, though all losses are; nothing "
                "was written: lower the learning rate, or look for a square root or a division at zero"
            )


def add(parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    """Add gradients to ``.grad``; None is no gradient.

    Each ``.grad`` has memory of its own, since clipping changes it in place.
    """
    seen: set[int] = set()
    for p, g in zip(parameters, gradients, strict=True):
        if g is None:
            continue
        if p.grad is None:
            p.grad = _own(g if g.dtype == p.dtype else g.to(p.dtype), seen)
        else:
            p.grad = p.grad + g
        for hook in (p._post_accumulate_grad_hooks or {}).values():
            hook(p)


def _own(gradient: Tensor, seen: set[int]) -> Tensor:
    """The gradient, or a copy if its memory is not its own alone."""
    if gradient.is_sparse:
        return gradient
    memory = gradient.untyped_storage()
    whole = memory.nbytes() == gradient.numel() * gradient.element_size() and gradient.is_contiguous()
    if memory.data_ptr() in seen or not whole:
        return gradient.clone()
    seen.add(memory.data_ptr())
    return gradient
