"""Rules that balance gradients: reference numbers, independent solvers, degenerate cases, identities."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from test_methods import EXACT, OPPOSITE, A, B, C, close, jacobians, rows
from test_signals import TASKS, batch, gradients_by_hand, make
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods import _minnorm as minnorm
from mtlcore.methods._minnorm import min_norm, roots
from mtlcore.methods._random import orders
from mtlcore.methods.auxiliary.orthogonal import Orthogonal
from mtlcore.methods.base import Method
from mtlcore.methods.gradients.cagrad import CAGrad
from mtlcore.methods.gradients.graddrop import GradDrop, shares
from mtlcore.methods.gradients.gradvac import GradVac
from mtlcore.methods.gradients.imtlg import IMTLG
from mtlcore.methods.gradients.mgda import MGDA

H = [[3, 0], [0, 0.1]]
IDENTICAL = [[1, 2], [1, 2]]
ZERO = [[1, 0], [0, 0]]
ASCENDS = [[1, 0, 0], [0, 1, 0], [0.35, 0.35, 0.5 * 0.02**0.5]]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vaccinated(target: float, beta: float) -> GradVac:
    method = GradVac(beta, generator=seeded(0))
    method.targets = torch.full((2, 2), target, dtype=torch.float64)
    return method


# Reference numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (MGDA(), A, [0.6, 0.4]),
        (MGDA(scale="sum"), A, [1.2, 0.8]),
        (MGDA(), B, [1, 0]),
        (MGDA(), C, [0.3861386139, 0.4356435644, 0.1782178218]),
        (MGDA(), H, [0.0011098779, 0.9988901221]),
        (MGDA(), ZERO, [0, 1]),
        (IMTLG(), A, [0.5857864376, 0.4142135624]),
        (IMTLG(), C, [0.3746450258, 0.4394974310, 0.1858575432]),
        (IMTLG(), H, [0.0322580645, 0.9677419355]),
        (IMTLG(), ASCENDS, [-1.5, -1.5, 4]),
        (IMTLG(sign_fix=True), ASCENDS, [1.5, 1.5, -4]),
        (IMTLG(), OPPOSITE, [0, 0]),
        (IMTLG(), IDENTICAL, [0.5, 0.5]),
        (IMTLG(), ZERO, [1, 0]),
        (IMTLG(scale="sum"), ZERO, [2, 0]),
        (CAGrad(), OPPOSITE, [0.5, 0.5]),
        (CAGrad(c=1), ZERO, [0.5, 0.5]),
        (CAGrad(c=0.5), [[3, 4]], [1.2]),
        (CAGrad(c=0.5, rescale=2), [[3, 4]], [1]),
        (CAGrad(c=0.5, rescale=0), [[3, 4]], [1.5]),
    ],
    ids=repr,
)
def test_reference_weights(method: Method, gradients: list, expected: list) -> None:
    close(method.weights(rows(gradients) @ rows(gradients).T), expected)


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (MGDA(), A, [0.2, 0.4]),
        (MGDA(), B, [1, 0]),
        (MGDA(), C, [0.0396039604, 0.0792079208, 0.1782178218]),
        (MGDA(), OPPOSITE, [0, 0]),
        (MGDA(), ZERO, [0, 0]),
        (MGDA(), IDENTICAL, [1, 2]),
        (IMTLG(), A, [0.1715728753, 0.4142135624]),
        (IMTLG(), C, [0.0280763664, 0.0677823446, 0.1858575432]),
        (IMTLG(), H, [0.0967741935, 0.0967741935]),
        (IMTLG(), ASCENDS, [-0.1, -0.1, 0.2828427125]),
        (IMTLG(sign_fix=True), ASCENDS, [0.1, 0.1, -0.2828427125]),
        (CAGrad(c=0.5), A, [0.2, 0.4]),
        (CAGrad(c=0.8, rescale=0), A, [0.3483239697, 0.6966479395]),
        (CAGrad(c=0.8), A, [0.2123926645, 0.4247853290]),
        (CAGrad(c=0.8, scale="sum"), A, [0.4247853290, 0.8495706580]),
        (CAGrad(c=0.8), C, [0.0117420480, 0.0234840961, 0.2032520325]),
        (CAGrad(c=0.5), C, [-0.0080880229, -0.1252453104, 0.2666666667]),
        (CAGrad(), H, [1.2931034483, 0.5606321041]),
        (CAGrad(c=0), C, [1 / 6, -1 / 3, 1 / 3]),
        (CAGrad(c=0.5), IDENTICAL, [1.2, 2.4]),
        (CAGrad(c=0.5, rescale=2), IDENTICAL, [1, 2]),
        (CAGrad(c=0.5), OPPOSITE, [0, 0]),
        (CAGrad(c=0.5), ZERO, [0.5, 0]),
        (GradVac(), A, [0.5, 1.5]),
        (GradVac(scale="mean"), A, [0.25, 0.75]),
        (vaccinated(0.5, 0.5), A, [0.7886751346, 1.7886751346]),
        (vaccinated(0.5, 0.5), H, [3.0577350269, 1.8320508076]),
        (GradVac(), OPPOSITE, [0, 0]),
        (GradVac(), IDENTICAL, [2, 4]),
        (GradVac(), ZERO, [1, 0]),
        (Orthogonal(), A, [1, 1]),
        (Orthogonal(), B, [1, 1]),
        (Orthogonal(), C, [1, -1, 1]),
        (Orthogonal(lam=0.1), A, [1, 0.1]),
        (Orthogonal(), IDENTICAL, [1, 2]),
        (Orthogonal(main=1), ZERO, [1, 0]),
        (GradDrop(), [[3, -4]], [3, -4]),
        (GradDrop(), IDENTICAL, [2, 4]),
        (GradDrop(scale="mean"), IDENTICAL, [1, 2]),
        (GradDrop(leak=1), C, [0.5, -1, 1]),
    ],
    ids=repr,
)
def test_reference_directions(method: Method, gradients: list, expected: list) -> None:
    close(method.direction(rows(gradients)), expected)


def test_cagrad_reference_weights_of_the_worst_case() -> None:
    """The weights of g_w themselves, from what CAGrad adds to the mean."""
    for gradients, expected in (
        (A, [0.7348399725, 0.2651600275]),
        (C, [0.3763932023, 0.6236067977, 0]),
    ):
        added = CAGrad(c=0.8, rescale=0).weights(rows(gradients) @ rows(gradients).T) - 1 / len(gradients)
        close(added / added.sum(), expected)


def drop(gradients: Tensor, draws: Tensor, leaks: Tensor) -> Tensor:
    return (shares(gradients, draws, leaks) * gradients).sum(0)


@pytest.mark.parametrize(
    ("gradients", "draw", "leak", "expected"),
    [
        (A, 0.3, 0, [1, 1]),
        (A, 0.7, 0, [-1, 1]),
        (C, 0.3, 0, [1.5, 1, 1]),
        (C, 0.7, 0, [-1, -2, 1]),
        (C, 0.7, 0.5, [-0.25, -1.5, 1]),
        ([[0, 1], [0, -1]], 0.5, 0, [0, -1]),
    ],
)
def test_graddrop_reference(gradients: list, draw: float, leak: float, expected: list) -> None:
    g = rows(gradients)
    close(drop(g, torch.full_like(g[0], draw), torch.full_like(g[:, 0], leak)), expected)


def test_gradvac_reference_targets() -> None:
    for method, gradients, off_diagonal in (
        (GradVac(), A, -0.0070710678),
        (vaccinated(0.5, 0.5), A, -0.1035533906),
        (vaccinated(0.5, 0.5), H, 0.25),
    ):
        start = float(method.targets[0, 0]) if len(method.targets) else 0.0
        method.direction(rows(gradients))
        close(method.targets, [[start, off_diagonal], [off_diagonal, start]])


# The solver --------------------------------------------------------------------------------------


@st.composite
def problems(draw_: st.DrawFn, most: int = 6) -> Tensor:
    """Gradients of every awkward kind."""
    tasks, size = draw_(st.integers(1, most)), draw_(st.integers(1, 7))
    kind = draw_(st.sampled_from(["plain", "acute", "wild", "duplicated", "rank one", "zero"]))
    generator = seeded(draw_(st.integers(0, 2**31)))
    gradients = torch.randn(tasks, size, generator=generator, dtype=torch.float64)
    scale = 10 ** (16 * torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 8)
    return {
        "plain": lambda: gradients,
        "acute": lambda: gradients + 2 * torch.randn(size, generator=generator, dtype=torch.float64),
        "wild": lambda: scale * gradients,
        "duplicated": lambda: torch.cat([gradients, gradients[:2]]),
        "rank one": lambda: gradients[:, :1] * gradients[:1],
        "zero": lambda: torch.cat([gradients, torch.zeros_like(gradients[:1])]),
    }[kind]()


def nearest_by_enumeration(gradients: Tensor) -> float:
    """Least norm over the hull: the best of the affine hulls' nearest points that lie in it."""
    best = math.inf
    for size in range(1, len(gradients) + 1):
        for chosen in itertools.combinations(range(len(gradients)), size):
            g = gradients[list(chosen)].numpy()
            edges = (g[1:] - g[0]).T
            steps = np.linalg.lstsq(edges, -g[0], rcond=None)[0] if size > 1 else np.zeros(0)
            weights = np.r_[1 - steps.sum(), steps]
            if (weights >= 0).all():
                best = min(best, float(np.linalg.norm(weights @ g)))
    return best


def assert_nearest(weights: Tensor, gradients: Tensor, slack: float = 1e-12) -> None:
    """On the simplex, and no gradient has a smaller product with d than d itself."""
    assert (weights >= 0).all()
    assert abs(weights.sum() - 1) < 1e-14
    d, norms = weights @ gradients, gradients.norm(dim=1)
    assert (gradients @ d >= d @ d - slack * norms * norms.min() - 1e-300).all()


@given(problems())
def test_min_norm_against_enumeration(gradients: Tensor) -> None:
    weights = min_norm(roots(gradients @ gradients.T))
    assert_nearest(weights, gradients, 1e-10)
    least = nearest_by_enumeration(gradients)
    norm, rounding = float((weights @ gradients).norm()), 1e-10 * float(weights @ gradients.norm(dim=1))
    assert norm**2 <= least**2 * (1 + 1e-7) + rounding**2


@given(problems(), st.integers(0, 2**31))
def test_min_norm_does_not_depend_on_its_start(gradients: Tensor, seed: int) -> None:
    start = torch.rand(len(gradients), generator=seeded(seed)) < 0.5
    start[seed % len(gradients)] = True
    found = min_norm(gradients, start) @ gradients
    slack = 1e-9 * float(gradients.norm(dim=1).max())
    torch.testing.assert_close(found, min_norm(gradients) @ gradients, rtol=1e-6, atol=slack)


@pytest.mark.parametrize(
    ("tasks", "size", "decades"), [(200, 1000, 0), (200, 1000, 16), (200, 150, 0), (200, 20, 16), (128, 1, 8)]
)
@pytest.mark.parametrize("shift", [0, 1])
def test_min_norm_of_many(tasks: int, size: int, decades: int, shift: int) -> None:
    generator = seeded(tasks + size)
    gradients = torch.randn(tasks, size, generator=generator, dtype=torch.float64) + shift
    gradients *= 10 ** (decades * (torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 0.5))
    assert_nearest(min_norm(roots(gradients @ gradients.T)), gradients)


def test_min_norm_hard_cases() -> None:
    """Answers known beforehand: duplicates, one line, great and small, a zero."""
    twice = rows([[2, 0], [2, 0], [0, 1], [0, 1]])
    close(min_norm(roots(twice @ twice.T)) @ twice, [0.4, 0.8])
    line = rows([[3], [1], [2]])
    close(min_norm(roots(line @ line.T)), [0, 1, 0])
    around = rows([[-1], [1], [2]])
    close(min_norm(roots(around @ around.T)) @ around, [0])
    far = rows([[1e8, 0], [0, 1e-8]])
    w = min_norm(roots(far @ far.T))
    torch.testing.assert_close(w @ far, rows([[1e-24, 1e-8]])[0], rtol=1e-9, atol=0)
    against = rows([[1e4, 1], [-1e4, 1], [0, 2]])
    norm = (min_norm(roots(against @ against.T)) @ against).norm()
    assert float(norm) == pytest.approx(1, rel=1e-7)
    close(min_norm(rows([[1, 0], [0, 0], [0, 0]])), [0, 0.5, 0.5])


def test_min_norm_stops_whatever_it_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even least squares that are all noise keep it from ending."""
    solved, generator = [], seeded(0)

    def noise(columns: Tensor, target: Tensor) -> tuple[Tensor, bool]:
        solved.append(columns)
        return torch.randn(columns.shape[1], generator=generator, dtype=torch.float64), False

    monkeypatch.setattr(minnorm, "_least_squares", noise)
    min_norm(torch.randn(30, 40, generator=generator, dtype=torch.float64))
    assert len(solved) <= 10 * 30 + 1


@given(problems())
def test_roots_have_the_inner_products(gradients: Tensor) -> None:
    gramian = gradients @ gradients.T
    norms = gradients.norm(dim=1)
    error = (roots(gramian) @ roots(gramian).T - gramian).abs()
    assert (error <= 1e-13 * torch.outer(norms, norms)).all()


# MGDA --------------------------------------------------------------------------------------------


@given(problems())
def test_mgda_invariants(gradients: Tensor) -> None:
    d = MGDA().direction(gradients)
    assert_nearest(MGDA().weights(gradients @ gradients.T), gradients, 1e-10)
    assert d.norm() <= gradients.norm(dim=1).min() * (1 + 1e-9)
    order = torch.arange(len(gradients) - 1, -1, -1)
    slack = 1e-7 * float(gradients.norm(dim=1).min())
    torch.testing.assert_close(MGDA().direction(gradients[order]), d, rtol=1e-7, atol=slack)


@given(jacobians(least=2, most=2))
def test_mgda_of_two_is_the_clipped_fraction(gradients: Tensor) -> None:
    first, second = gradients
    share = ((second - first) @ second / (first - second).norm() ** 2).clip(0, 1)
    weights = MGDA().weights(gradients @ gradients.T)
    torch.testing.assert_close(weights, torch.stack([share, 1 - share]), rtol=1e-7, atol=1e-12)


def test_mgda_on_features_is_one_pass() -> None:
    """MGDA-UB: weights from the gradients at z, and one pass back through the trunk."""
    model, data = make(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    weights = MGDA(level="features").backward(signals)
    assert weights is not None
    torch.testing.assert_close(weights, MGDA().weights(signals.gramian("features")))
    assert signals.passes.backward == 1
    filled = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(filled, weights @ jacobian)


# IMTL-G ------------------------------------------------------------------------------------------


@given(jacobians(least=2))
def test_imtlg_projects_alike(gradients: Tensor) -> None:
    if len(gradients) > gradients.shape[1]:
        return
    weights = IMTLG().weights(gradients @ gradients.T)
    units = gradients / gradients.norm(dim=1, keepdim=True)
    projections = units @ (weights @ gradients)
    assert abs(weights.sum() - 1) < 1e-12 * weights.abs().sum()
    slack = 1e-7 * (weights.abs() @ gradients.norm(dim=1))
    assert (projections - projections.mean()).abs().max() <= slack
    turned = IMTLG(sign_fix=True).direction(gradients)
    assert (units @ turned >= -slack).all()


@given(jacobians(least=2, most=2))
def test_imtlg_of_two_weighs_by_inverse_norms(gradients: Tensor) -> None:
    """Identity 2: whatever the angle, and with the shares of SLAW's Equation 4."""
    if torch.nn.functional.cosine_similarity(*gradients, dim=0) < -1 + 1e-9:
        return
    inverse = 1 / gradients.norm(dim=1)
    torch.testing.assert_close(IMTLG().weights(gradients @ gradients.T), inverse / inverse.sum())


@pytest.mark.parametrize("angle", [0, 1e-12, 1e-8, 1e-4, 1, 3])
def test_imtlg_of_two_nearly_parallel(angle: float) -> None:
    gradients = rows([[1, 0], [2 * math.cos(angle), 2 * math.sin(angle)]])
    close(IMTLG().weights(gradients @ gradients.T), [2 / 3, 1 / 3])


@given(jacobians(least=3), st.integers(0, 2**31))
def test_imtlg_keeps_its_line_when_tasks_are_scaled(gradients: Tensor, seed: int) -> None:
    if len(gradients) > gradients.shape[1]:
        return
    scale = 10 ** (4 * torch.rand(len(gradients), 1, generator=seeded(seed), dtype=torch.float64) - 2)
    one, other = IMTLG().direction(gradients), IMTLG().direction(scale * gradients)
    assert torch.nn.functional.cosine_similarity(one, other, dim=0).abs() > 1 - 1e-9


# CAGrad ------------------------------------------------------------------------------------------


def dual_value(weights: Tensor, gradients: Tensor, c: float) -> Tensor:
    """What CAGrad's dual minimises over the simplex."""
    worst, mean = weights @ gradients, gradients.mean(0)
    return worst @ mean + c * mean.norm() * worst.norm()


@given(problems(), st.sampled_from([0.1, 0.4, 0.8, 1, 2]))
def test_cagrad_is_optimal_to_its_dual(gradients: Tensor, c: float) -> None:
    """The worst product of the primal answer meets the value of the dual one: nothing is better."""
    mean, norms = gradients.mean(0), gradients.norm(dim=1)
    weights = CAGrad(c, rescale=0).weights(gradients @ gradients.T)
    d, added = weights @ gradients, weights - 1 / len(gradients)
    slack = 1e-9 * float(mean.norm() * norms.max()) + 1e-300
    assert (added >= -1e-12 * weights.abs().max()).all()
    if added.sum() <= 1e-12:  # no direction helps all tasks, so the dual is nowhere negative
        draws = torch.distributions.Dirichlet(torch.full((len(gradients),), 0.3).double()).sample((300,))
        assert min(dual_value(w, gradients, c) for w in draws) >= -slack
        return
    assert abs((d - mean).norm() - c * mean.norm()) <= 1e-9 * mean.norm()
    assert dual_value(added / added.sum(), gradients, c) - (gradients @ d).min() <= slack
    assert (gradients @ d).min() >= (gradients @ mean).min() - slack
    if c >= 1:
        assert (gradients @ d).min() >= -slack


def slsqp(objective: object, tasks: int) -> float:
    """The least value over the simplex, by a general solver from several starts."""
    starts = [np.full(tasks, 1 / tasks), *(0.9 * np.eye(tasks) + 0.1 / tasks)]
    found = [
        minimize(
            lambda w: float(objective(torch.from_numpy(w))),
            start,
            method="SLSQP",
            bounds=[(0, 1)] * tasks,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-15, "maxiter": 500},
        )
        for start in starts
    ]
    return min(run.fun for run in found if abs(run.x.sum() - 1) < 1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_solvers_against_slsqp(seed: int) -> None:
    tasks = 2 + seed % 5
    gradients = torch.randn(tasks, 8, generator=seeded(seed), dtype=torch.float64) + 0.3
    nearest = MGDA().direction(gradients)
    assert float(nearest @ nearest) == pytest.approx(
        slsqp(lambda w: (w @ gradients) @ (w @ gradients), tasks), abs=1e-7
    )
    for c in (0.2, 0.5, 0.9):
        value = (gradients @ CAGrad(c, rescale=0).direction(gradients)).min()
        assert float(value) == pytest.approx(
            slsqp(lambda w, c=c: dual_value(w, gradients, c), tasks), abs=1e-7
        )


@pytest.mark.parametrize(
    ("tasks", "size", "decades"), [(200, 1000, 0), (200, 1000, 16), (128, 130, 0), (64, 20, 8)]
)
@pytest.mark.parametrize("c", [0.4, 1])
def test_cagrad_of_many(tasks: int, size: int, decades: int, c: float) -> None:
    generator = seeded(tasks)
    gradients = torch.randn(tasks, size, generator=generator, dtype=torch.float64) + 0.5
    gradients *= 10 ** (decades * (torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 0.5))
    weights = CAGrad(c, rescale=0).weights(gradients @ gradients.T)
    mean, d, added = gradients.mean(0), weights @ gradients, weights - 1 / tasks
    assert abs((d - mean).norm() / (c * mean.norm()) - 1) < 1e-9
    gap = dual_value(added / added.sum(), gradients, c) - (gradients @ d).min()
    assert gap <= 1e-9 * float(mean.norm() * gradients.norm(dim=1).max())


@given(problems(), st.sampled_from([0, 1, 2]))
def test_cagrad_without_radius_is_the_mean(gradients: Tensor, rescale: int) -> None:
    torch.testing.assert_close(
        CAGrad(c=0, rescale=rescale).weights(gradients @ gradients.T),
        mtl.Static().weights(torch.ones(len(gradients), dtype=torch.float64)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_cagrad_far_out_points_where_mgda_does(seed: int) -> None:
    """Identity 5, the end of its range."""
    gradients = torch.randn(4, 6, generator=seeded(seed), dtype=torch.float64) + 1
    far, nearest = CAGrad(c=1e6).direction(gradients), MGDA().direction(gradients)
    assert torch.nn.functional.cosine_similarity(far, nearest, dim=0) > 1 - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_cagrad_is_mgda_of_shifted_gradients(seed: int) -> None:
    """Identity 5, from the answer back: lambda is c|g_0| / |g_w|, and d lambda times the nearest point."""
    gradients, c = torch.randn(4, 6, generator=seeded(seed), dtype=torch.float64), 0.6
    mean, d = gradients.mean(0), CAGrad(c, rescale=0).direction(gradients)
    added = CAGrad(c, rescale=0).weights(gradients @ gradients.T) - 1 / 4
    factor = added.sum()
    shifted = gradients + mean / factor
    torch.testing.assert_close(MGDA().weights(shifted @ shifted.T), added / factor, rtol=0, atol=1e-9)
    torch.testing.assert_close(factor * MGDA().direction(shifted), d, rtol=0, atol=1e-9)


def test_cagrad_where_no_direction_helps_answers_with_the_mean() -> None:
    """Weights stay of the order of one, so that float32 gradients are not torn apart."""
    around = rows([[1, 0], [-1, 1], [-1, -2]])
    for c in (1, 1.5):
        close(CAGrad(c).weights(around @ around.T), [1 / 3] * 3)
    edge = rows([[1, 0], [-1, 0], [0, 1]])
    close(CAGrad().weights(edge @ edge.T), [1 / 3] * 3)
    still = rows([[0, 0], [0, 0]])
    close(CAGrad().weights(still @ still.T), [0.5, 0.5])
    three = rows([[-1, 0], [3, 0], [0, 0]])
    close(CAGrad(0.4, rescale=0).direction(three), [0.4, 0])


# GradVac -----------------------------------------------------------------------------------------


@given(jacobians(), st.integers(0, 2**31))
def test_gradvac_without_targets_is_pcgrad(gradients: Tensor, seed: int) -> None:
    """Identity 3, in the same order; and variable by variable."""
    vac, pc = GradVac(beta=0, generator=seeded(seed)), mtl.PCGrad(generator=seeded(seed))
    for _ in range(2):
        gramian = gradients @ gradients.T
        torch.testing.assert_close(vac.weights(gramian), pc.weights(gramian), rtol=1e-7, atol=1e-9)
    sizes = [1, gradients.shape[1] - 1]
    vac = GradVac(beta=0, per="variable", generator=seeded(seed))
    pieces = [
        mtl.PCGrad(generator=seeded(seed)).direction(g) if g.numel() else g.sum(0)
        for g in gradients.split(sizes, 1)
    ]
    slack = 1e-9 * float(gradients.norm())
    torch.testing.assert_close(vac.direction(gradients, sizes), torch.cat(pieces), rtol=1e-7, atol=slack)


def gradvac_word_for_word(gradients: Tensor, order: Tensor, targets: Tensor, beta: float) -> Tensor:
    """Algorithm 1 of Wang et al.; the targets change in place."""
    total = torch.zeros_like(gradients[0])
    for i, others in enumerate(order.tolist()):
        g = gradients[i].clone()
        for j in others:
            a, b = g.norm(), gradients[j].norm()
            rho, target = g @ gradients[j] / (a * b), targets[i, j].clone()
            if rho < target:
                turn = target * (1 - rho**2).sqrt() - rho * (1 - target**2).sqrt()
                g = g + a * turn / (b * (1 - target**2).sqrt()) * gradients[j]
            targets[i, j] = (1 - beta) * target + beta * rho
        total += g
    return total


@pytest.mark.parametrize("per", ["whole", "variable"])
@pytest.mark.parametrize("seed", range(5))
def test_gradvac_is_its_algorithm(seed: int, per: str) -> None:
    tasks, sizes = 4, [2, 3]
    method = GradVac(beta=0.3, per=per, generator=seeded(seed))
    twin = seeded(seed)
    blocks = slice(0, 2), slice(2, 5)
    if per == "whole":
        blocks = (slice(0, 5),)
    targets = [torch.zeros(tasks, tasks, dtype=torch.float64) for _ in blocks]
    for step in range(6):
        gradients = torch.randn(tasks, 5, generator=seeded(100 * seed + step), dtype=torch.float64)
        order = orders(tasks, twin)
        expected = [
            gradvac_word_for_word(gradients[:, b], order, t, 0.3)
            for b, t in zip(blocks, targets, strict=True)
        ]
        torch.testing.assert_close(method.direction(gradients, sizes), torch.cat(expected), **EXACT)
    torch.testing.assert_close(method.targets, torch.stack(targets) if per == "variable" else targets[0])


@given(jacobians(least=2, most=2), st.floats(-0.9, 0.9))
def test_gradvac_reaches_its_target(gradients: Tensor, target: float) -> None:
    method = vaccinated(target, 0)
    cosine = torch.nn.functional.cosine_similarity(*gradients, dim=0)
    weights = method.weights(gradients @ gradients.T)
    alone = GradVac().weights(gradients[:1] @ gradients[:1].T)
    close(alone, [1])
    if cosine >= target or 1 - cosine.abs() < 1e-9:
        return
    first = gradients[0] + (weights[1] - 1) * gradients[1]
    assert float(first @ gradients[1] / (first.norm() * gradients[1].norm())) == pytest.approx(
        target, abs=1e-6
    )


@given(jacobians(least=2))
def test_gradvac_targets_stay_cosines(gradients: Tensor) -> None:
    method = GradVac(beta=0.9, generator=seeded(0))
    for k in range(5):
        assert torch.isfinite(method.direction(gradients if k % 2 else gradients.abs())).all()
    assert (method.targets.abs() <= 1).all()
    assert (method.targets.diagonal() == 0).all()


def test_gradvac_identical_tasks_for_ever() -> None:
    method = GradVac(beta=1)
    for _ in range(5):
        close(method.direction(rows(IDENTICAL)), [2, 4])
    close(method.targets, [[0, 1], [1, 0]])
    assert torch.isfinite(method.direction(rows(OPPOSITE))).all()


def test_gradvac_passes_a_zero_gradient_over() -> None:
    method = vaccinated(0.5, 0.5)
    close(method.direction(rows(ZERO)), [1, 0])
    close(method.targets, [[0.5, 0.5], [0.5, 0.5]])


def test_gradvac_of_other_tasks_says_so() -> None:
    method = GradVac()
    method.direction(rows(A))
    with pytest.raises(ValueError, match="reset"):
        method.direction(rows(C))
    method.reset()
    method.direction(rows(C))
    assert method.targets.shape == (3, 3)


# GradDrop ----------------------------------------------------------------------------------------


@given(jacobians(), st.sampled_from([0, 0.3, 1]))
def test_graddrop_is_the_sum_on_average(gradients: Tensor, leak: float) -> None:
    """Identity 4: the mean over U, whose every value gives the sum of one sign or of the other."""
    share = gradients.clamp(min=0).sum(0) / gradients.abs().sum(0)
    leaks = torch.full_like(gradients[:, 0], leak)
    below = drop(gradients, share * (1 - 1e-12), leaks)
    above = drop(gradients, share * (1 + 1e-12), leaks)
    mean = share * torch.where(share > 0, below, 0) + (1 - share) * torch.where(share < 1, above, 0)
    slack = 1e-12 * float(gradients.norm())
    torch.testing.assert_close(mean, gradients.sum(0), rtol=1e-9, atol=slack)


def test_graddrop_draws_uniformly() -> None:
    method = GradDrop(generator=seeded(0))
    gradients = rows(C).repeat(1, 20_000)
    found = method.direction(gradients).view(20_000, 3)
    error = 5 * found.std(0) / 20_000**0.5
    assert ((found.mean(0) - rows(C).sum(0)).abs() <= error).all()
    assert set(found[:, 0].tolist()) == {1.5, -1}


@given(jacobians())
def test_graddrop_of_one_sign_is_the_sum(gradients: Tensor) -> None:
    for g in (gradients.abs(), -gradients.abs()):
        torch.testing.assert_close(GradDrop().direction(g), g.sum(0))
    low = gradients.abs().bfloat16()
    torch.testing.assert_close(GradDrop().direction(low), low.float().sum(0).bfloat16())


def test_graddrop_keeps_to_the_sign_it_drew() -> None:
    gradients = torch.randn(5, 1000, generator=seeded(1), dtype=torch.float64)
    found = GradDrop(generator=seeded(2)).direction(gradients)
    rising, falling = gradients.clamp(min=0).sum(0), gradients.clamp(max=0).sum(0)
    assert (torch.isclose(found, rising) | torch.isclose(found, falling)).all()
    assert torch.equal(found, GradDrop(generator=seeded(2)).direction(gradients))


def test_graddrop_lets_single_tasks_leak() -> None:
    method = GradDrop(leak=[1, 0], generator=seeded(0))
    found = torch.stack([method.direction(rows([[-1], [1]])) for _ in range(100)])
    assert set(found.flatten().tolist()) == {-1, 0}
    with pytest.raises(ValueError, match="2 leaks for 3 tasks"):
        method.direction(rows(C))


@pytest.mark.parametrize(
    "method",
    [GradDrop(), GradVac(per="variable"), Orthogonal(per="variable"), Orthogonal(smoothing=0.5)],
    ids=repr,
)
def test_rules_without_weights(method: Method) -> None:
    """They say so, and their direction is what a step applies."""
    with pytest.raises(ValueError, match="no weights"):
        method.weights(torch.eye(2))
    model, data = make(), batch()
    jacobian, heads = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    twin = copy.deepcopy(method)
    assert method.backward(signals) is None
    filled = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(filled, twin.direction(jacobian, signals.sizes))
    for head, own in zip(model.head_parameters(), heads, strict=True):
        torch.testing.assert_close([p.grad for p in head], own)


# Orthogonal --------------------------------------------------------------------------------------


@given(jacobians(least=2))
def test_orthogonal_invariants(gradients: Tensor) -> None:
    main, size = gradients[0], gradients.shape[1]
    slack = 1e-9 * float(gradients.norm() * main.norm())
    for method in (Orthogonal(), Orthogonal(per="variable")):
        d = method.direction(gradients, [1, size - 1])
        assert abs(d @ main - main @ main) <= slack
        again = method.direction(torch.stack([main, d - main]), [1, size - 1])
        torch.testing.assert_close(again, d, rtol=1e-9, atol=1e-9 * float(gradients.norm()))
    torch.testing.assert_close(
        Orthogonal(lam=0.7).weights(gradients @ gradients.T) @ gradients,
        Orthogonal(lam=0.7).direction(gradients),
        rtol=1e-7,
        atol=1e-9 * float(gradients.norm()),
    )


@given(jacobians(least=2, most=2))
def test_projection_between_cosine_and_orthogonal(gradients: Tensor) -> None:
    """Identity 6: Du's rule at acute angles, Orthogonal at obtuse ones."""
    acute = gradients[0] @ gradients[1] >= 0
    twin = mtl.CosSim() if acute else Orthogonal()
    slack = 1e-9 * float(gradients.norm())
    torch.testing.assert_close(
        mtl.Projection().direction(gradients), twin.direction(gradients), rtol=1e-9, atol=slack
    )


def test_orthogonal_per_variable_and_smoothed() -> None:
    jacobian = rows([[1, 0, 1], [-1, 1, 2]])
    close(Orthogonal(per="variable").direction(jacobian, [2, 1]), [1, 1, 1])
    close(Orthogonal().direction(jacobian), [-0.5, 1, 2.5])
    with pytest.raises(ValueError, match="sizes"):
        Orthogonal(per="variable").direction(jacobian)
    method = Orthogonal(smoothing=0.5)
    method.direction(rows([[2, 0], [1, 1]]))
    close(method.reference, [1, 0])
    close(method.direction(rows([[0, 1], [1, 3]])), [-1, 2])
    close(method.reference, [0.5, 0.5])
    method.reset()
    assert len(method.reference) == 0


# All of them -------------------------------------------------------------------------------------

ALL = [
    MGDA(),
    IMTLG(),
    IMTLG(sign_fix=True, scale="sum"),
    CAGrad(),
    CAGrad(c=1, rescale=2),
    GradVac(),
    GradVac(beta=0.5, per="variable", scale="mean"),
    GradDrop(),
    GradDrop(leak=[0.5, 0, 1]),
    Orthogonal(),
    Orthogonal(per="variable", smoothing=0.1),
]
every = pytest.mark.parametrize("method", ALL, ids=repr)
SIZES = [1, 2]


def three_steps(method: Method) -> list[Tensor]:
    return [method.direction((k + 1) * rows(C), SIZES) for k in range(3)]


@every
@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "pickle"])
def test_state_round_trip(method: Method, how: str) -> None:
    method = copy.deepcopy(method)
    three_steps(method)
    if how == "state_dict":
        twin = eval(repr(method))
        twin.load_state_dict(method.state_dict())
    else:
        twin = copy.deepcopy(method) if how == "deepcopy" else pickle.loads(pickle.dumps(method))
    for a, b in zip(three_steps(method), three_steps(twin), strict=True):
        assert torch.equal(a, b)


@every
def test_reset_and_seed_start_anew(method: Method) -> None:
    method = copy.deepcopy(method)
    method.seed(3)
    first = three_steps(method)
    method.reset()
    method.seed(3)
    assert all(torch.equal(a, b) for a, b in zip(first, three_steps(method), strict=True))


@every
def test_float32_is_float64_rounded(method: Method) -> None:
    generator = seeded(5)
    gradients = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    exact, rounded = (copy.deepcopy(method) for _ in range(2))
    if isinstance(method, GradDrop):
        return  # draws another U for another type
    d = rounded.direction(gradients.float(), SIZES)
    assert d.dtype == torch.float32
    torch.testing.assert_close(d.double(), exact.direction(gradients, SIZES), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("tasks", [2, 5, 40])
@pytest.mark.parametrize("method", [MGDA(), IMTLG(), CAGrad(), CAGrad(1), GradVac()], ids=repr)
def test_float32_gramians_that_are_not_quite_positive(method: Method, tasks: int) -> None:
    """More tasks than dimensions: rounding makes eigenvalues of either sign."""
    gradients = torch.randn(tasks, 3, generator=seeded(tasks))
    gramian = gradients @ gradients.T
    weights = copy.deepcopy(method).weights(gramian)
    assert weights.dtype == torch.float32
    assert torch.isfinite(weights).all()
    if isinstance(method, MGDA):
        assert (weights >= 0).all()
        assert weights.sum().item() == pytest.approx(1, abs=1e-6)
        least = MGDA().direction(gradients.double()).norm()
        assert (weights @ gradients).norm() <= least + 1e-2


@every
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_names_its_task(method: Method, bad: float) -> None:
    gradients = rows(C)
    gradients[1, 1] = bad
    with pytest.raises(ValueError, match=r"task .*1.* not finite"):
        copy.deepcopy(method).direction(gradients, SIZES)


@every
def test_inputs_are_left_alone(method: Method) -> None:
    gradients = rows(C).requires_grad_()
    assert not copy.deepcopy(method).direction(gradients, SIZES).requires_grad
    assert torch.equal(gradients, rows(C))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CAGrad(c=-1),
        lambda: CAGrad(c=math.nan),
        lambda: CAGrad(rescale=3),
        lambda: GradVac(beta=1.5),
        lambda: GradVac(per="layer"),
        lambda: GradVac(per="variable", level="features"),
        lambda: GradVac(per="variable").direction(torch.eye(2)),
        lambda: GradDrop(leak=2),
        lambda: GradDrop(leak=[0, math.nan]),
        lambda: GradDrop(scale="median"),
        lambda: GradDrop(level="heads"),
        lambda: MGDA(level="heads"),
        lambda: Orthogonal(lam=-1),
        lambda: Orthogonal(per="layer"),
        lambda: Orthogonal(smoothing=0),
        lambda: Orthogonal(main=3).weights(torch.eye(3)),
        lambda: MGDA(scale="median"),
        lambda: MGDA().weights(torch.ones(2, 3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
