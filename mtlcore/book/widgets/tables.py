"""Tables of the methods' updates for gradients in a plane, which a page without a kernel interpolates.

A rule that is homogeneous and independent of the axes gives the same weights for gradients that are rotated,
mirrored or scaled together. So two gradients need only the angle between them and their share of length, and
three on a grid of directions and lengths need one node for all that are alike. A table holds
c = w |g| / sum |g| for each task, the coefficient of its unit gradient, which stays bounded where the
weights w do not; for a rule that sees the Jacobian it holds the direction d / sum |g|, in axes along the
first gradient. Rules with memory are evaluated at their start.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.methods import Method
from mtlcore.methods._random import Randomised

Array = NDArray[np.float64]
Permutation = tuple[int, ...]

BEND = 2 * np.rad2deg(np.arccos(3 / 4))
ANGLES = np.sort([0, 0.5, *range(5, 185, 5), BEND, 87.5, 90.01, 177.5, 179.7])
"""Degrees from the first gradient to the second; two nodes each at 0, 90 and 180, where answers jump."""
WIDEST = 7 / 9
"""Greatest gap (|g1| - |g2|) / (|g1| + |g2|)."""
EDGE = WIDEST * 4 / 3
_OUTWARD = np.concatenate([np.array([0, 2, 3, 4, 5, 6, 8, 10, 12]) / 14, np.linspace(1, 2, 7)])
PLACES = np.concatenate([-_OUTWARD[:0:-1], _OUTWARD])
"""Where on the scale of ``place`` the gap of two lengths has its nodes."""
DIRECTIONS, LENGTHS = 24, np.array([0.5, 1.0, 2.0])
"""The grid on which three gradients move."""
SIGNALS = ("losses", "gramian", "jacobian", "norms", "response", "gains", "alignment")
"""Signals that can be computed from gradients alone; rules that see another one have no table."""
DRAWS = 32
LEVEL = 10.0


class Table(NamedTuple):
    """Weights or directions of a rule, k numbers each: ``two`` (angles, places, k) and ``three`` (nodes, k).

    ``three`` is None where three gradients in a plane do not determine the weights. ``alike`` are the orders
    of three tasks that make no difference to the rule. A rule that ignores its input has ``draws`` instead,
    its weights for 2 and for 3 tasks: one row, or many where they are random.
    """

    two: Array
    three: Array | None
    alike: list[Permutation]
    draws: tuple[Array, Array] | None = None


def gradients(polar: Any) -> Tensor:
    """(..., T, 2) vectors in float64 from pairs of an angle in degrees and a length."""
    angle, length = torch.as_tensor(np.asarray(polar, dtype=float)).unbind(-1)
    angle = angle.deg2rad()
    return torch.stack([length * angle.cos(), length * angle.sin()], -1)


def place(angle: Any, gap: Any) -> Any:
    """Where the gap of two lengths lies on a scale from -2 to 2 that stretches what needs it.

    Up to ``BEND``, 1 and -1 are where one gradient is the shortest vector of both's hull: there MGDA has its
    kinks. Beyond, they close in on equal lengths, as do the kinks of CAGrad.
    """
    edge = _edge(angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = np.sign(gap) * (1 + (np.abs(gap) - edge) / (WIDEST - edge))
    return np.clip(np.where(np.abs(gap) <= edge, gap / edge, beyond), -2, 2)


def shares(angle: float) -> Array:
    """Length of the first gradient as a share of the sum of both, at each of the ``PLACES``."""
    edge, outward = _edge(angle), np.abs(PLACES)
    gap = np.where(outward <= 1, outward * edge, edge + (outward - 1) * (WIDEST - edge))
    return (1 + np.sign(PLACES) * gap) / 2


def _edge(angle: Any) -> Any:
    half = np.deg2rad(np.clip(angle, ANGLES[1], ANGLES[-2])) / 2
    return np.minimum(np.tan(half) ** 2, EDGE * np.cos(half))


def answer(rule: Method, vectors: Tensor, level: float = LEVEL) -> Tensor:
    """Weights (T,), or the direction of a rule that sees the Jacobian, on the scale of the mean.

    A rule that sees losses is shown two of each task whose spread is the length of the task's gradient:
    that the one is proportional to the other is what SLAW rests on. The validation gradient is the
    training gradient, every task has one sample, and throw-away steps have length one.
    """
    rule.reset()
    if rule.sees == "jacobian":
        result = rule.direction(vectors)
    elif rule.sees == "losses":
        norms = vectors.norm(dim=1)
        rule.weights(level - norms)
        result = rule.weights(level + norms)
    else:
        result = rule.weights(_signal(rule, vectors)).flatten()
    return result.detach() / (len(vectors) if rule.scale == "sum" else 1)


def _signal(rule: Method, vectors: Tensor) -> Tensor:
    norms = vectors.norm(dim=1)
    units = vectors / norms[:, None]
    cosines = units @ units.T
    exact = cosines.round()  # right angles and opposite gradients
    gramian = exact.where((cosines - exact).abs() < 1e-12, cosines) * norms * norms[:, None]
    if rule.sees in ("gramian", "response"):
        return gramian
    if rule.sees == "norms":
        return norms
    alignment = gramian[getattr(rule, "main", 0)]
    if rule.sees == "gains":
        return alignment / norms
    return alignment[:, None] if rule.family == "samples" else alignment


def expected(rule: Method, vectors: Tensor, seeds: list[int]) -> Tensor:
    """Mean of :func:`answer` over the seeds; without seeds one call."""
    if not isinstance(rule, Randomised) or not seeds:
        return answer(rule, vectors)
    answers = []
    for seed in seeds:
        rule.seed(seed)
        answers.append(answer(rule, vectors))
    return torch.stack(answers).mean(0)


def fair_seeds(rule: Method, tasks: int) -> list[int]:
    """One seed for each outcome of the random draws, or ``DRAWS`` of them where there are more.

    The orders that PCGrad draws are equally likely, so its mean over these seeds is exact.
    """
    if not isinstance(rule, Randomised):
        return []
    seen: dict[tuple[float, ...], int] = {}
    for seed in range(4 * DRAWS):
        rule.seed(seed)
        seen.setdefault(tuple(answer(rule, PROBES[-1][:tasks]).round(decimals=9).tolist()), seed)
    return list(seen.values())[:DRAWS]


def turns(rule: Method) -> bool:
    """Whether the update rotates with the gradients, as a picture without axes assumes."""
    turn = gradients([(77, 1.0), (167, 1.0)])
    after = start(rule, [probe @ turn for probe in PROBES])
    before = start(rule)
    if rule.sees == "jacobian":
        before = [direction @ turn for direction in before]
    return all(map(torch.allclose, before, after))


def reads_size(rule: Method) -> bool:
    """Whether the weights depend on how large losses or their differences are; gradients do not show it."""
    if rule.sees != "losses":
        return False
    answers = []
    for vectors, level in ((PROBES[0], LEVEL), (PROBES[0], 2 * LEVEL), (2 * PROBES[0], LEVEL)):
        rule.seed(0)
        answers.append(answer(rule, vectors, level))
    return not all(torch.allclose(answers[0], other) for other in answers[1:])


def start(rule: Method, probes: Sequence[Tensor] | None = None) -> list[Tensor]:
    """Weights or directions for a few sets of gradients, each from the same seed."""
    answers = []
    for vectors in PROBES if probes is None else probes:
        rule.seed(0)
        answers.append(answer(rule, vectors))
    return answers


def is_blind(rule: Method) -> bool:
    """Whether the weights ignore the input."""
    two, *_, three = answers = start(rule)
    return all(torch.equal(each, two if len(each) == len(two) else three) for each in answers)


def tabulate(rule: Method) -> Table:
    """The table of a rule."""
    if is_blind(rule):
        return Table(np.zeros(0), None, [], draws=(_draws(rule, 2), _draws(rule, 3)))
    two, seeds = [], fair_seeds(rule, 2)
    swaps = rule.sees != "jacobian" and _is_alike(rule, PROBES[0], (1, 0), seeds)
    for angle in ANGLES:
        first = shares(angle)[: len(_OUTWARD) if swaps else None]
        lengths = np.stack([first, 1 - first], 1)
        pairs = gradients(np.stack([np.broadcast_to([0, angle], lengths.shape), lengths], -1))
        row = np.array([expected(rule, pair, seeds).numpy() for pair in pairs])
        row = row if rule.sees == "jacobian" else row * lengths
        two.append(np.concatenate([row, row[-2::-1, ::-1]]) if swaps else row)
    if not _is_settled(rule):
        return Table(np.array(two), None, [])
    seeds = fair_seeds(rule, 3)
    alike = [order for order in permutations(range(3)) if _is_alike(rule, PROBES[-1], order, seeds)]
    polar = nodes(alike)
    three = np.array([expected(rule, node, seeds).numpy() for node in gradients(polar)])
    lengths = polar[:, :, 1]
    total = lengths.sum(1, keepdims=True)
    return Table(np.array(two), three / total * (1 if rule.sees == "jacobian" else lengths), alike)


def nodes(alike: list[Permutation]) -> Array:
    """(nodes, 3, 2) angles and lengths of three gradients, one node for all that are alike.

    Nodes are in the order of their ``keys``; the first gradient points along the axis and the shortest
    has the least length.
    """
    every = np.arange(3**3 * DIRECTIONS**2)
    shape = (3, 3, 3, DIRECTIONS, DIRECTIONS)
    first, second, third, to_second, to_third = np.unravel_index(every, shape)
    lengths = np.stack([first, second, third], 1)
    steps = np.stack([np.zeros_like(to_second), to_second, to_third], 1)
    least = np.full_like(every, every.size)
    for order in map(list, alike):
        for mirror in (1, -1):
            least = np.minimum(least, keys(lengths[:, order], mirror * steps[:, order]))
    own = (least == every) & (lengths.min(1) == 0)
    return np.stack([steps[own] * (360 / DIRECTIONS), LENGTHS[lengths[own]]], 2)


def keys(lengths: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for three gradients (..., 3), given by steps of length and of angle, up to rotation."""
    turned = (steps[..., 1:] - steps[..., :1]) % DIRECTIONS
    size = (lengths[..., 0] * 3 + lengths[..., 1]) * 3 + lengths[..., 2]
    return (size * DIRECTIONS + turned[..., 0]) * DIRECTIONS + turned[..., 1]


_CONFLICT = gradients([(0, 1.0), (131, 1.3), (247, 0.7)])
_AGREEMENT = gradients([(0, 0.7), (40, 1.2), (75, 1.7)])
PROBES = (_CONFLICT[:2], _AGREEMENT[:2], _AGREEMENT, _CONFLICT.flip(0), _CONFLICT)


def _is_settled(rule: Method) -> bool:
    """Whether the weights for three gradients in a plane are continuous as one of them leaves the plane.

    A rule that inverts the Gramian fails: there it has no inverse. So does one that takes its least
    eigenvalue, which comes from nothing.
    """
    lifted = torch.cat([_AGREEMENT, torch.tensor([[0.0], [0.0], [1e-2]])], 1)
    flat, other = start(rule, [_AGREEMENT, lifted])
    return torch.allclose(flat, other[: len(flat)], atol=1e-3)


def _draws(rule: Method, tasks: int) -> Array:
    """The weights (1, T), or ``DRAWS`` of them or a few more where they are random.

    Each draw comes with its tasks in all turns, so the mean is exact.
    """
    rule.seed(0)
    if not isinstance(rule, Randomised):
        return answer(rule, PROBES[-1][:tasks]).numpy()[None]
    drawn = [answer(rule, PROBES[-1][:tasks]).numpy() for _ in range(-(-DRAWS // tasks))]
    return np.concatenate([np.roll(drawn, turn, 1) for turn in range(tasks)])


def _is_alike(rule: Method, vectors: Tensor, order: Permutation, seeds: list[int]) -> bool:
    before, after = (expected(rule, each, seeds) for each in (vectors, vectors[list(order)]))
    return torch.allclose(before if rule.sees == "jacobian" else before[list(order)], after)
