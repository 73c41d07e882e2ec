"""What a rule answers to gradients in the plane, tabulated so that a page with no kernel can look it up.

A rule that is homogeneous and knows no axes answers the same to gradients that are turned, mirrored or
scaled together. So two gradients need only the angle between them and their share of length, and three
on a grid of directions and lengths need one node for all that are alike. A table holds c = w |g| / sum |g|
for each task, the coefficient of its unit gradient, which stays bounded where the weights w do not;
for a rule that sees the Jacobian it holds the direction d / sum |g|, in axes along the first gradient.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.methods import Method
from mtlcore.methods.randomness import Randomised

Array = NDArray[np.float64]
Permutation = tuple[int, ...]

ANGLES = np.array([*range(0, 95, 5), 90.01, *range(95, 185, 5)])
"""Degrees from the first gradient to the second; two nodes at 90, where switches jump."""
SHARES = np.arange(2, 17) / 18
"""Length of the first gradient as a share of both."""
DIRECTIONS, LENGTHS = 24, np.array([0.5, 1.0, 2.0])
"""The grid on which three gradients move."""
SIGNALS = ("losses", "gramian", "jacobian")
"""What can be made of gradients alone; rules that see something else have no table."""
DRAWS = 32
LEVEL = 10.0


class Table(NamedTuple):
    """A rule's answers: ``two`` (angles, shares, k) and ``three`` (nodes, k), with k numbers an answer.

    ``draws`` are weights for 2 and for 3 tasks instead, where they are random and look at nothing.
    ``alike`` are the orders of three tasks that make no difference to the rule; ``fixed`` says that it
    answers with the same weights to all gradients.
    """

    two: Array
    three: Array
    alike: list[Permutation]
    fixed: bool = True
    draws: tuple[Array, Array] | None = None


def gradients(polar: Any) -> Tensor:
    """(T, 2) vectors in float64 from T pairs of an angle in degrees and a length."""
    angle, length = torch.as_tensor(np.asarray(polar, dtype=float)).T
    angle = angle.deg2rad()
    return torch.stack([length * angle.cos(), length * angle.sin()], 1)


def answer(rule: Method, vectors: Tensor) -> Tensor:
    """Weights (T,), or the direction (2,) of a rule that sees the Jacobian, on the scale of the mean.

    A rule that sees losses is shown two of each task whose spread is the length of the task's gradient:
    that the one is proportional to the other is what SLAW rests on.
    """
    rule.reset()
    if rule.sees == "jacobian":
        result = rule.direction(vectors)
    elif rule.sees == "gramian":
        result = rule.weights((vectors @ vectors.T).round(decimals=12))
    else:
        norms = vectors.norm(dim=1)
        rule.weights(LEVEL - norms)
        result = rule.weights(LEVEL + norms)
    return result.detach() / (len(vectors) if rule.scale == "sum" else 1)


def expected(rule: Method, vectors: Tensor, seeds: list[int]) -> Tensor:
    """Mean of the answers over the seeds; the answer itself where there are none."""
    if not isinstance(rule, Randomised) or not seeds:
        return answer(rule, vectors)
    answers = []
    for seed in seeds:
        rule.seed(seed)
        answers.append(answer(rule, vectors))
    return torch.stack(answers).mean(0)


def fair_seeds(rule: Method, tasks: int) -> list[int]:
    """One seed for each answer that chance can give, or ``DRAWS`` of them where there are more.

    The orders that PCGrad draws are equally likely, so its mean over these seeds is exact.
    """
    if not isinstance(rule, Randomised):
        return []
    seen: dict[tuple[float, ...], int] = {}
    for seed in range(4 * DRAWS):
        rule.seed(seed)
        seen.setdefault(tuple(answer(rule, _CONFLICT[:tasks]).round(decimals=9).tolist()), seed)
    return list(seen.values())[:DRAWS]


def tabulate(rule: Method) -> Table:
    """All that the explorer needs to know of a rule."""
    if _is_blind(rule):
        nothing = np.zeros(0)
        return Table(nothing, nothing, [], draws=(_draws(rule, 2), _draws(rule, 3)))
    seeds = fair_seeds(rule, 2)
    two = [
        [expected(rule, gradients([(0, share), (angle, 1 - share)]), seeds).numpy() for share in SHARES]
        for angle in ANGLES
    ]
    seeds = fair_seeds(rule, 3)
    alike = [
        order
        for order in permutations(range(3))
        if _is_alike(
            rule,
            expected(rule, _CONFLICT, seeds),
            expected(rule, _CONFLICT[list(order)], seeds),
            order,
        )
    ]
    polar = nodes(alike)
    three = [expected(rule, gradients(node), seeds).numpy() for node in polar]
    if rule.sees == "jacobian":
        total = polar[:, :, 1].sum(1, keepdims=True)
        return Table(np.array(two), np.array(three) / total, alike, fixed=False)
    lengths = np.stack([SHARES, 1 - SHARES], 1)
    shares = polar[:, :, 1] / polar[:, :, 1].sum(1, keepdims=True)
    fixed = not np.ptp(two, axis=(0, 1)).any()
    return Table(np.array(two) * lengths, np.array(three) * shares, alike, fixed)


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


def _is_blind(rule: Method) -> bool:
    """Whether a random rule answers without looking."""
    if not isinstance(rule, Randomised):
        return False
    answers = []
    for vectors in (_CONFLICT, _CONFLICT.flip(0)):
        rule.seed(0)
        answers.append(answer(rule, vectors))
    return torch.equal(*answers)


def _draws(rule: Method, tasks: int) -> Array:
    """``DRAWS`` weights or a few more, (draws, T): each with its tasks in all turns, so the mean is exact."""
    assert isinstance(rule, Randomised)
    rule.seed(0)
    drawn = [answer(rule, _CONFLICT[:tasks]).numpy() for _ in range(-(-DRAWS // tasks))]
    return np.concatenate([np.roll(drawn, turn, 1) for turn in range(tasks)])


def _is_alike(rule: Method, first: Tensor, second: Tensor, order: Permutation) -> bool:
    return torch.allclose(first if rule.sees == "jacobian" else first[list(order)], second)
