"""Rules against reference numbers, and properties that hold for every rule in the registry."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.losses.rlw import DISTRIBUTIONS, draw

EXACT = {"atol": 1e-9, "rtol": 0}

A = [[1, 0], [-1, 1]]
B = [[1, 0], [1, 1]]
C = [[1, 0, 0], [-1, 1, 0], [0.5, -2, 1]]
OPPOSITE = [[1, 0], [-1, 0]]


def rows(values: list[list[float]]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def close(actual: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=actual.dtype), **EXACT)


def signal_of(method: mtl.METHODS, jacobian: Tensor) -> Tensor:
    """A signal of the kind that the method sees, made from task gradients (T, D)."""
    if method.family == "samples":
        return jacobian @ torch.ones(jacobian.shape[1], 4, dtype=torch.float64)
    return {
        "losses": lambda: jacobian.norm(dim=1) + 1,
        "norms": lambda: jacobian.norm(dim=1),
        "alignment": lambda: jacobian @ jacobian[0],
        "gains": lambda: jacobian @ jacobian[0],
        "gramian": lambda: jacobian @ jacobian.T,
        "response": lambda: jacobian @ jacobian.T,
        "jacobian": lambda: jacobian,
    }[method.sees]()


def answer(method: mtl.METHODS, signal: Tensor) -> Tensor:
    """Weights, or the direction where a method has no weights."""
    return method.direction(signal) if method.sees == "jacobian" else method.weights(signal)


@st.composite
def jacobians(draw_: st.DrawFn, least: int = 1, most: int = 5) -> Tensor:
    """Random task gradients with norms between 1e-3 and 1e3."""
    tasks = draw_(st.integers(least, most))
    size = draw_(st.integers(1, 6))
    generator = torch.Generator().manual_seed(draw_(st.integers(0, 2**31)))
    scales = 10 ** (6 * torch.rand(tasks, 1, generator=generator, dtype=torch.float64) - 3)
    return scales * torch.randn(tasks, size, generator=generator, dtype=torch.float64)


# Reference numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (mtl.PCGrad(), A, [0.5, 1.5]),
        (mtl.PCGrad(), B, [2, 1]),
        (mtl.PCGrad(), OPPOSITE, [0, 0]),
        (mtl.PCGrad(scale="mean"), A, [0.25, 0.75]),
        (mtl.CosSim(), A, [1, 0]),
        (mtl.CosSim(weighted=True), A, [1, 0]),
        (mtl.CosSim(), B, [2, 1]),
        (mtl.CosSim(weighted=True), B, [1.7071067812, 0.7071067812]),
        (mtl.CosSim(), C, [1.5, -2, 1]),
        (mtl.CosSim(weighted=True), C, [1.1091089451, -0.4364357805, 0.2182178902]),
        (mtl.Projection(), A, [1, 1]),
        (mtl.Projection(lam=0.1), A, [1, 0.1]),
        (mtl.Projection(), C, [1.5, -1, 1]),
        (mtl.Projection(), OPPOSITE, [1, 0]),
    ],
    ids=repr,
)
def test_reference_directions(method: mtl.METHODS, gradients: list, expected: list) -> None:
    close(method.direction(rows(gradients)), expected)


def test_pcgrad_orders() -> None:
    """With three tasks the order matters; its mean over all orders is the reference's expectation."""
    seen = torch.stack([mtl.PCGrad(generator=_seeded(i)).direction(rows(C)) for i in range(300)])
    distinct = torch.unique(seen.round(decimals=9), dim=0)
    natural = torch.tensor([0.0119047619, -0.2976190476, 1.5238095238], dtype=torch.float64)
    assert (distinct - natural).abs().sum(1).min() < 1e-8
    orders = itertools.product(*[list(itertools.permutations(set(range(3)) - {i})) for i in range(3)])
    directions = [_pcgrad_in_order(rows(C), order) for order in orders]
    for row in distinct:
        assert min((row - d).norm() for d in directions) < 1e-8
    close(torch.stack(directions).mean(0), [0.2559523810, -0.25, 1.5])


def _pcgrad_in_order(gradients: Tensor, order: tuple) -> Tensor:
    """Algorithm 1 of Yu et al., word for word."""
    total = torch.zeros_like(gradients[0])
    for i, others in enumerate(order):
        g = gradients[i].clone()
        for j in others:
            if g @ gradients[j] < 0:
                g -= (g @ gradients[j]) / (gradients[j] @ gradients[j]) * gradients[j]
        total += g
    return total


def test_projection_per_variable() -> None:
    jacobian = rows([[1, 0, 1], [-1, 1, 2]])
    close(mtl.Projection(per="variable").direction(jacobian, [2, 1]), [1, 1, 3])
    close(mtl.Projection().direction(jacobian), [0, 1, 3])
    with pytest.raises(ValueError, match="sizes"):
        mtl.Projection(per="variable").direction(jacobian, [2, 2])


def test_projection_smoothed() -> None:
    method = mtl.Projection(smoothing=0.01)
    method.direction(rows([[1, 0], [-1, -1]]))
    close(method.direction(rows([[0, 1], [-1, -1]])), [-0.00505025001, 1.0049997475])
    close(method.reference, [0.0099, 0.01])
    method.reset()
    assert len(method.reference) == 0


def test_projection_toy_end_points() -> None:
    """Where the paper's two-dimensional example ends, from its four starts (Figure 3)."""
    starts = rows([[0, 2], [1.9, 0.9], [-0.3, 0.3], [0.2, 0.2]])
    for start in starts:
        for method, end in ((mtl.Static([1, 0.1]), [12 / 11, 0]), (mtl.Projection(lam=0.1), [1, 0])):
            theta = start.clone()
            for _ in range(2_500):
                main = 2 * theta * (1 - 1 / theta.norm())
                auxiliary = 2 * (theta - rows([[2, 0]])[0])
                jacobian = torch.stack([main, auxiliary])
                d = (
                    method.direction(jacobian)
                    if method.sees != "losses"
                    else method.weights(main.new_ones(2)) @ jacobian
                )
                theta = theta - 1e-2 * d
            torch.testing.assert_close(theta, torch.tensor(end).to(theta), atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (
            mtl.SLAW(beta=0.5, init="zero"),
            [
                [1.8181818182, 0.1818181818],
                [1.8181818182, 0.1818181818],
                [1.8982278301, 0.1017721699],
            ],
        ),
        (mtl.SLAW(), [[1, 1], [1.8181818182, 0.1818181818], [1.9083269391, 0.0916730609]]),
    ],
    ids=["as printed", "as released"],
)
def test_slaw_reference(method: mtl.SLAW, expected: list) -> None:
    for losses, weights in zip([(1, 10), (2, 20), (3, 50)], expected, strict=True):
        close(method.weights(torch.tensor(losses, dtype=torch.float64)), weights)


def test_slaw_is_equations_6_to_9() -> None:
    """The single recursion for the variance is the paper's difference of moments."""
    method, beta = mtl.SLAW(beta=0.9, init="zero"), 0.9
    losses = torch.rand(50, 3, dtype=torch.float64, generator=_seeded(1)) + 1
    a = b = torch.zeros(3, dtype=torch.float64)
    for step in losses:
        weights = method.weights(step)
        a, b = beta * a + (1 - beta) * step**2, beta * b + (1 - beta) * step
        inverse = 1 / (a - b**2).sqrt()
        torch.testing.assert_close(weights, 3 * inverse / inverse.sum(), **EXACT)


def test_slaw_constant_losses_keep_equal_weights_and_the_printed_start_does_not() -> None:
    released, printed = mtl.SLAW(), mtl.SLAW(init="zero")
    for _ in range(50):
        losses = torch.tensor([1.0, 10.0], dtype=torch.float64)
        weights = released.weights(losses), printed.weights(losses)
    close(weights[0], [1, 1])
    close(weights[1], [20 / 11, 2 / 11])


def test_slaw_float32_spread_far_below_the_level() -> None:
    method = mtl.SLAW()
    noise = torch.randn(200, 2, generator=_seeded(0)) * torch.tensor([1e-3, 2e-3])
    for step in 1000 + noise:
        weights = method.weights(step)
    assert torch.isfinite(weights).all()
    assert weights[0] > weights[1]


# Random weights ----------------------------------------------------------------------------------

NOISE_FACTORS = {  # E sum lambda^2 with two and with three tasks
    "uniform": (0.5195419722, 0.3512441661),
    "normal": (0.6368381540, 0.4815657208),
    "dirichlet": (2 / 3, 0.5),
    "bernoulli": (5 / 6, 0.6904761905),
    "c-bernoulli": (1, 1),
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("tasks", [2, 3])
def test_random_weights(distribution: str, tasks: int) -> None:
    size = 200_000
    weights = draw(distribution, tasks, _seeded(0), size)
    assert weights.shape == (size, tasks)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(size, dtype=torch.float64))
    error = 5 * weights.std(0) / size**0.5 + 1e-12
    assert ((weights.mean(0) - 1 / tasks).abs() < error).all()
    squares = (weights**2).sum(1)
    expected = NOISE_FACTORS[distribution][tasks - 2]
    assert abs(squares.mean() - expected) < 5 * squares.std() / size**0.5 + 1e-9


def test_rgw_and_rlw_draw_alike() -> None:
    losses = torch.ones(4, dtype=torch.float64)
    same = [cls(generator=_seeded(7)).weights(losses) for cls in (mtl.RLW, mtl.RGW)]
    torch.testing.assert_close(*same, rtol=0, atol=0)


def test_torch_manual_seed_governs_a_method_without_generator() -> None:
    losses = torch.ones(3)
    seen = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        seen.append(mtl.RLW().weights(losses))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


# Properties of the auxiliary rules ---------------------------------------------------------------


@given(jacobians(least=2))
def test_auxiliary_rules_never_work_against_the_main_task(jacobian: Tensor) -> None:
    main = jacobian[0]
    sizes = [1] * jacobian.shape[1]
    for method in (mtl.CosSim(), mtl.CosSim(weighted=True), mtl.Projection(), mtl.Projection(per="variable")):
        assert method.direction(jacobian, sizes) @ main >= (main @ main) * (1 - 1e-9)


@given(jacobians(least=2))
def test_projection_weights_are_its_direction(jacobian: Tensor) -> None:
    method = mtl.Projection(lam=0.7, main=-1)
    torch.testing.assert_close(
        method.weights(jacobian @ jacobian.T) @ jacobian, method.direction(jacobian), rtol=1e-9, atol=1e-9
    )


def censor(vectors: Tensor, reference: Tensor) -> Tensor:
    """What Projection makes of each vector alone."""
    rows = [mtl.Projection().direction(torch.stack([reference, v])) - reference for v in vectors]
    return torch.stack(rows)


@given(jacobians(least=2))
def test_censoring_is_an_idempotent_nearest_point(jacobian: Tensor) -> None:
    reference, vectors = jacobian[0], jacobian[1:]
    censored = censor(vectors, reference)
    slack = 1e-9 * vectors.norm() * reference.norm()
    assert (censored @ reference >= -slack).all()
    torch.testing.assert_close(censor(censored, reference), censored, rtol=1e-9, atol=float(slack))
    assert (censored.norm(dim=1) <= vectors.norm(dim=1) * (1 + 1e-9)).all()


@given(jacobians(least=2, most=2))
def test_pcgrad_of_two_is_two_projections(jacobian: Tensor) -> None:
    both = mtl.Projection(main=0).direction(jacobian) + mtl.Projection(main=1).direction(jacobian)
    expected = both - jacobian.sum(0)
    torch.testing.assert_close(mtl.PCGrad().direction(jacobian), expected, rtol=1e-7, atol=1e-9)
    assert (jacobian @ expected >= -1e-9 * (jacobian.norm() ** 2)).all()


@given(jacobians())
def test_pcgrad_without_conflict_is_the_sum(jacobian: Tensor) -> None:
    torch.testing.assert_close(mtl.PCGrad().direction(jacobian.abs()), jacobian.abs().sum(0))


# Every rule in the registry ----------------------------------------------------------------------

every = pytest.mark.parametrize("name", mtl.METHODS)


def make(name: str) -> mtl.METHODS:
    method = mtl.METHODS[name]()
    method.seed(0)
    return method


def answers(method: mtl.METHODS, jacobian: Tensor, steps: int = 3) -> list[Tensor]:
    return [answer(method, (k + 1) * signal_of(method, jacobian)) for k in range(steps)]


@every
def test_one_task(name: str) -> None:
    """Alone, a task is followed, and never turned round."""
    alone = rows([[3, 4]])
    method = make(name)
    expected = alone[0] if method.sees == "jacobian" else torch.ones(1, dtype=torch.float64)
    for k, seen in enumerate(answers(method, alone)):
        if method.family == "samples":
            seen = seen.sum(1)
        factor = (seen / expected).mean() / (k + 1 if method.sees == "jacobian" else 1)
        assert 0.4 < factor < 1.3
        torch.testing.assert_close(seen, expected * (seen / expected).mean())


@every
@pytest.mark.parametrize("gradients", [[[1, 2], [1, 2]], [[1, 2], [-1, -2]], [[1, 0], [1, 0], [1, 0]]])
def test_identical_and_opposite_gradients_have_an_answer(name: str, gradients: list) -> None:
    assert all(torch.isfinite(seen).all() for seen in answers(make(name), rows(gradients)))


@every
@given(jacobian=jacobians(least=2, most=2))
def test_weights_of_a_sum_keep_their_scale(name: str, jacobian: Tensor) -> None:
    """Asked for the other scale, a rule answers T times as much, or as little."""
    cls = mtl.METHODS[name]
    if "scale" not in cls.__init__.__annotations__:
        return
    sums, means = cls(scale="sum"), cls(scale="mean")
    for method in (sums, means):
        method.seed(0)
    for a, b in zip(answers(sums, jacobian), answers(means, jacobian), strict=True):
        torch.testing.assert_close(a, 2 * b)


@every
def test_the_same_seed_gives_the_same_weights(name: str) -> None:
    first, second = (answers(make(name), rows(C)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@every
@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "pickle"])
def test_state_round_trip(name: str, how: str) -> None:
    method = make(name)
    answers(method, rows(C))
    if how == "state_dict":
        twin = mtl.METHODS[name]()
        twin.load_state_dict(method.state_dict())
    else:
        twin = copy.deepcopy(method) if how == "deepcopy" else pickle.loads(pickle.dumps(method))
    for a, b in zip(answers(method, rows(C)), answers(twin, rows(C)), strict=True):
        assert torch.equal(a, b)


@every
def test_reset_forgets(name: str) -> None:
    method = make(name)
    first = answers(method, rows(C))
    method.reset()
    method.seed(0)
    assert all(torch.equal(a, b) for a, b in zip(first, answers(method, rows(C)), strict=True))


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_dtype(name: str, dtype: torch.dtype) -> None:
    method = make(name)
    weights = answer(method, signal_of(method, rows(C)).to(dtype))
    if method.sees == "jacobian":
        assert weights.dtype == dtype
        return
    assert weights.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@every
def test_inputs_are_left_alone(name: str) -> None:
    method = make(name)
    signal = signal_of(method, rows(C)).requires_grad_()
    before = signal.detach().clone()
    assert not answer(method, signal).requires_grad
    assert torch.equal(signal, before)


@every
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_signal_that_is_not_finite_names_its_task(name: str, bad: float) -> None:
    method = make(name)
    signal = signal_of(method, rows(C))
    signal[(1,) * signal.dim()] = bad
    if method.family == "samples":
        assert torch.isfinite(method.weights(signal)).all()
        return
    with pytest.raises(ValueError, match=r"task .*1.* not finite"):
        answer(method, signal)


@every
def test_wrong_shapes(name: str) -> None:
    method = make(name)
    right = signal_of(method, rows(C)).dim()
    shapes = [(), (0,), (2, 2, 2), (3,) if right == 2 else (2, 3)]
    if method.sees in ("gramian", "response"):
        shapes.append((2, 3))
    for shape in shapes:
        with pytest.raises(ValueError, match="shape"):
            answer(method, torch.ones(shape))


@every
def test_a_zero_gradient_among_several(name: str) -> None:
    method = make(name)
    assert torch.isfinite(answer(method, signal_of(method, rows([[1, 0], [0, 0], [1, 1]])))).all()
    method = make(name)
    assert torch.isfinite(answer(method, signal_of(method, rows([[0, 0], [1, 1]])))).all()


@every
@given(jacobian=jacobians(least=2))
def test_gradient_rules_are_homogeneous(name: str, jacobian: Tensor) -> None:
    method, twin = make(name), make(name)
    if method.sees not in ("gramian", "jacobian"):
        return
    scale = float(jacobian.norm())
    torch.testing.assert_close(
        twin.direction(8 * jacobian), 8 * method.direction(jacobian), rtol=1e-7, atol=1e-7 * scale
    )


@every
@given(jacobian=jacobians(least=2))
def test_permutation_of_tasks(name: str, jacobian: Tensor) -> None:
    """Rules that draw nothing treat tasks by what they show, and auxiliary tasks by number."""
    method = make(name)
    if hasattr(method, "generator"):
        return
    order = torch.tensor([0, *range(len(jacobian) - 1, 0, -1)])
    shuffled = answers(make(name), jacobian[order])
    for a, b in zip(answers(method, jacobian), shuffled, strict=True):
        if method.sees in ("gramian", "response"):  # weights need not be unique, what they make is
            a, b = a @ jacobian, b @ jacobian[order]
        elif method.sees != "jacobian":
            b = b[order.argsort()]
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6 * float(jacobian.norm()))


@every
def test_docstring_and_repr(name: str) -> None:
    cls = mtl.METHODS[name]
    assert "Cost: " in cls.__doc__
    assert eval(f"mtl.{make(name)!r}").__class__ is cls


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.RLW("gaussian"),
        lambda: mtl.RGW(scale="median"),
        lambda: mtl.SLAW(beta=1),
        lambda: mtl.SLAW(init="ones"),
        lambda: mtl.CosSim(lam=-1),
        lambda: mtl.Projection(per="layer"),
        lambda: mtl.Projection(smoothing=0),
        lambda: mtl.Static([1, float("nan")]),
        lambda: mtl.Static([1, 2], scale="sum"),
        lambda: mtl.Static([1, 2]).weights(torch.ones(3)),
        lambda: mtl.SingleTask(main=3).weights(torch.ones(3)),
        lambda: mtl.CosSim(main=-4).weights(torch.eye(3)),
        lambda: mtl.Projection(per="variable").weights(torch.eye(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="nearest: PCGrad"):
        mtl.METHODS["PcGrad"]


def test_censored_weight_decay() -> None:
    """Any vector may stand in an auxiliary row: here the parameters (Projection paper, experiment 4)."""
    theta, gradient = torch.tensor([[2.0, -1.0], [-1.0, 3.0]], dtype=torch.float64)
    decay = mtl.Projection(lam=0.1).direction(torch.stack([gradient, theta])) - gradient
    assert theta @ gradient < 0
    torch.testing.assert_close(decay, 0.1 * (theta - theta @ gradient / (gradient @ gradient) * gradient))
    assert decay @ gradient == pytest.approx(0, abs=1e-12)


def test_state_of_another_number_of_tasks() -> None:
    slaw = mtl.SLAW()
    slaw.weights(torch.ones(2))
    with pytest.raises(ValueError, match="2 tasks and now sees 3"):
        slaw.weights(torch.ones(3))
    smoothed = mtl.Projection(smoothing=0.5)
    smoothed.direction(rows(A))
    with pytest.raises(ValueError, match="reset"):
        smoothed.direction(rows(C))


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
