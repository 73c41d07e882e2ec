"""Writing into ``.grad``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mtlcore.signals.step import NonFiniteError

SMALL = 10_000
"""Gradients of fewer entries are looked at in one piece: most of the time would be that of calls."""


def check_finite(model: nn.Module, parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    """A NonFiniteError that names the first parameter whose gradient is not finite."""
    values = _values(gradients)
    sums = [g.sum() for g in values if g.numel() >= SMALL]
    small = [g.reshape(-1) for g in values if g.numel() < SMALL]
    if small:
        sums.append(torch.cat(small).sum())
    if not sums or torch.isfinite(torch.stack(sums).sum()):
        return
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    for p, g in zip(parameters, gradients, strict=True):  # a sum may overflow, so one by one
        if not are_finite([g]):
            raise NonFiniteError(
                f"the gradient of the parameter {names[p]!r} is not finite, though all losses are; nothing "
                "was written: lower the learning rate, or look for a square root or a division at zero"
            )


def are_finite(gradients: Sequence[Tensor | None]) -> bool:
    """Whether all gradients are finite; None is no gradient."""
    found = [values.isfinite().all() for values in _values(gradients)]
    return not found or bool(torch.stack(found).all())


def _values(gradients: Sequence[Tensor | None]) -> list[Tensor]:
    return [g.coalesce().values() if g.is_sparse else g for g in gradients if g is not None]


def add(parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    """Add gradients to ``.grad``, or make them ``.grad``; None is no gradient."""
    for p, g in zip(parameters, gradients, strict=True):
        if g is None:
            continue
        if p.grad is not None:
            p.grad = p.grad + g
        else:
            p.grad = g if g.dtype == p.dtype else g.to(p.dtype)
        for hook in (p._post_accumulate_grad_hooks or {}).values():
            hook(p)


def owned(gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The gradients, copied where they share memory: clipping, for one, changes ``.grad`` in place."""
    seen: set[int] = set()
    found: list[Tensor | None] = []
    for g in gradients:
        if g is not None and not g.is_sparse:
            memory = g.untyped_storage()
            whole = memory.nbytes() == g.numel() * g.element_size() and g.is_contiguous()
            if memory.data_ptr() in seen or not whole:
                g = g.clone()
            else:
                seen.add(memory.data_ptr())
        found.append(g)
    return found
