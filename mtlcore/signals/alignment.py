"""Inner products of one direction with the gradients of all tasks or samples.

There are three ways: a forward-mode pass, two nested backward passes, or one backward pass for each gradient.
The first two are cheap and cannot see everything: custom functions may have no forward-mode rule or a wrong
one, hooks and ``torch.no_grad`` change gradients without changing values. So the first time that a model is
seen, each way is compared with one backward pass, and the first that agrees is taken from then on.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from mtlcore.signals import forward_mode
from mtlcore.signals.forward_mode import Tangents
from mtlcore.signals.step import Gradients, Step
from mtlcore.signals.trunk import dense, largest, powers

Way = Callable[[Step, Tangents], Tensor]

_KNOWN: WeakKeyDictionary[nn.Module, dict[tuple[bool, bool], Way]] = WeakKeyDictionary()
"""The way for a model, by whether it is for samples, and whether the model is in training mode."""

_TOLERANCE = {torch.float64: 1e-5, torch.float32: 0.05}
"""By how much a comparison may fail; a parameter that a way does not see costs about 1."""


def along(step: Step, direction: Tensor, samples: bool) -> Tensor:
    """Inner products of a direction with the gradients of T tasks, (T,), or of T x N samples, (T, N).

    In float64, and with directions of any length.
    """
    shared, heads, factor = _tangents(step, direction)
    if samples:
        return _way(step, samples=True)(step, shared | heads).double() * factor
    values = torch.zeros(len(step.tasks), dtype=torch.float64, device=direction.device)
    if shared:
        values = _way(step, samples=False)(step, shared).double()
    for t, (head, gradients) in enumerate(zip(step.heads, step.head_grads, strict=True)):
        for p, g in zip(head, gradients, strict=True):
            if p in heads and g is not None:
                values[t] += (g * heads[p]).sum()
    return values * factor


def _tangents(step: Step, direction: Tensor) -> tuple[Tangents, Tangents, Tensor | float]:
    """The parts of a direction on the shared parameters, (D,) or (P,), and on those of the heads.

    They are the direction over a power of two, the last result, so that products with them are in range.
    """
    shared = sum(step.sizes)
    total = shared + sum(p.numel() for p in step.head_params)
    if direction.dim() != 1 or len(direction) not in (shared, total):
        raise ValueError(
            f"a direction has {shared} entries (shared parameters) or {total} (all), "
            f"not shape {tuple(direction.shape)}"
        )
    direction, factor = direction.detach(), None
    parameters: list[Tensor] = [*step.shared, *(step.head_params if len(direction) == total else [])]
    if parameters:
        size = largest(direction)
        if not torch.isfinite(size):
            raise ValueError("the direction is not finite")
        factor = powers(size, min((p.dtype for p in parameters), key=lambda kind: kind.itemsize))
    pieces = (direction if factor is None else direction / factor).split([p.numel() for p in parameters])
    tangents = {p: v.view_as(p).to(p.dtype) for p, v in zip(parameters, pieces, strict=True)}
    of_trunk: Tangents = {p: tangents.pop(p) for p in step.shared}
    return of_trunk, tangents, 1.0 if factor is None else factor


def _tasks_backward(step: Step, tangents: Tangents) -> Tensor:
    """(T,) from the Jacobian: T backward passes, or none where it is there already."""
    return step.jacobian.double() @ torch.cat([tangents[p].flatten() for p in step.shared]).double()


def _way(step: Step, samples: bool) -> Way:
    """The way that gives the right numbers for this model."""
    backward = forward_mode.samples_backward if samples else _tasks_backward
    if any(p._backward_hooks for p in (*step.shared, *step.head_params)):  # they may change any gradient
        return backward
    known, key = _KNOWN.setdefault(step.model, {}), (samples, step.model.training)
    if key not in known:
        way = _find(step, samples)
        if way is None:
            return backward
        known[key] = way
    return known[key]


def _find(step: Step, samples: bool) -> Way | None:
    """Compare the ways with one backward pass; None where its gradient is zero or not finite.

    With u = sum_i a_i g_i for random signs a, a way has to give sum_i a_i <g_i, v> = <u, v>. The part of v on
    a parameter p is u_p / |u_p|^2, so that each parameter adds 1 to the product, however small its gradient.
    Gradients below a thousandth of the largest one count less, since they may be rounding alone.
    """
    ways: tuple[Way, ...] = (forward_mode.tasks_forward, forward_mode.tasks_double_backward)
    last: Way = _tasks_backward
    if samples:
        ways = (forward_mode.samples_forward, forward_mode.samples_double_backward)
        last = forward_mode.samples_backward
    passes = dict(vars(step.passes))
    signs, expected, tangents = _test(step, samples)
    if not tangents:
        return None
    reason = ""
    try:
        for way in ways:
            try:
                found = (signs * way(step, tangents).double()).sum()
            except torch.OutOfMemoryError:
                raise
            except (RuntimeError, NotImplementedError) as error:  # no rule for some layer
                reason = reason or str(error).strip().splitlines()[0]
                continue
            kind = torch.promote_types(step.features[0].dtype, torch.bfloat16)
            if abs(found - expected) <= _TOLERANCE.get(kind, 0.5):
                break
            reason = reason or f"it gives {found:.6g} where a backward pass gives {expected:.6g}"
        else:
            way = last
    finally:
        vars(step.passes).update(passes)  # the comparison is made once and does not count
    if way is not ways[0]:
        what = "sample" if samples else "task"
        instead = "two nested backward passes are" if way is ways[1] else f"one backward pass a {what} is"
        warnings.warn(
            f"forward-mode differentiation does not work for this model, so {instead} used instead (same "
            f"numbers): {reason}",
            stacklevel=7,  # the caller of Signals.alignment
        )
    return way


def _test(step: Step, samples: bool) -> tuple[Tensor, float, Tangents]:
    """Random signs, the direction of the comparison, and the inner product that is expected."""
    shape = (len(step.tasks), step.sample_losses.shape[1]) if samples else (len(step.tasks),)
    coins = torch.randint(2, shape, generator=torch.Generator().manual_seed(0))
    signs = (2.0 * coins - 1).double().to(step.sample_losses.device)
    gradients: dict[Tensor, Tensor | None]
    if samples:
        signs = signs * step.labelled
        shared, heads = step.samples_backward(signs, keep=True)
        of_heads: Gradients = [g for head in heads for g in head]
        gradients = dict(zip([*step.shared, *step.head_params], [*shared, *of_heads], strict=True))
    else:
        gradients = dict(zip(step.shared, step.combination(signs, keep=True), strict=True))
    found = {p: dense(g.detach()).double() for p, g in gradients.items() if g is not None}
    squares = {p: float(g.square().sum()) for p, g in found.items()}
    if not all(map(math.isfinite, squares.values())):
        return signs, math.nan, {}
    least = 1e-6 * max(squares.values(), default=0.0)
    tangents = {p: (g / (squares[p] + least)).to(p.dtype) for p, g in found.items() if squares[p] > 0}
    tangents = {p: v for p, v in tangents.items() if v.isfinite().all()}
    expected = sum(float((found[p] * v.double()).sum()) for p, v in tangents.items())
    return signs, expected, tangents
