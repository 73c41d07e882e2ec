"""Properties that hold for every method in the registry."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from helpers.gradients import C, answer, jacobians, rows, signal_of
from helpers.methods import answers, seeded_method
from hypothesis import given
from torch import Tensor

import mtlcore as mtl

every = pytest.mark.parametrize("name", mtl.METHODS)


@every
def test_one_task(name: str) -> None:
    """Alone, a task is followed, and never turned round."""
    alone = rows([[3, 4]])
    method = seeded_method(name)
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
    assert all(torch.isfinite(seen).all() for seen in answers(seeded_method(name), rows(gradients)))


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
    first, second = (answers(seeded_method(name), rows(C)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@every
@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "pickle"])
def test_state_round_trip(name: str, how: str) -> None:
    method = seeded_method(name)
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
    method = seeded_method(name)
    first = answers(method, rows(C))
    method.reset()
    method.seed(0)
    assert all(torch.equal(a, b) for a, b in zip(first, answers(method, rows(C)), strict=True))


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_dtype(name: str, dtype: torch.dtype) -> None:
    method = seeded_method(name)
    weights = answer(method, signal_of(method, rows(C)).to(dtype))
    if method.sees == "jacobian":
        assert weights.dtype == dtype
        return
    assert weights.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@every
def test_inputs_are_left_alone(name: str) -> None:
    method = seeded_method(name)
    signal = signal_of(method, rows(C)).requires_grad_()
    before = signal.detach().clone()
    assert not answer(method, signal).requires_grad
    assert torch.equal(signal, before)


@every
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_signal_that_is_not_finite_names_its_task(name: str, bad: float) -> None:
    method = seeded_method(name)
    signal = signal_of(method, rows(C))
    signal[(1,) * signal.dim()] = bad
    if method.family == "samples":
        assert torch.isfinite(method.weights(signal)).all()
        return
    with pytest.raises(ValueError, match=r"task .*1.* not finite"):
        answer(method, signal)


@every
def test_wrong_shapes(name: str) -> None:
    method = seeded_method(name)
    right = signal_of(method, rows(C)).dim()
    shapes = [(), (0,), (2, 2, 2), (3,) if right == 2 else (2, 3)]
    if method.sees in ("gramian", "response"):
        shapes.append((2, 3))
    for shape in shapes:
        with pytest.raises(ValueError, match="shape"):
            answer(method, torch.ones(shape))


@every
def test_a_zero_gradient_among_several(name: str) -> None:
    method = seeded_method(name)
    assert torch.isfinite(answer(method, signal_of(method, rows([[1, 0], [0, 0], [1, 1]])))).all()
    method = seeded_method(name)
    assert torch.isfinite(answer(method, signal_of(method, rows([[0, 0], [1, 1]])))).all()


@every
@given(jacobian=jacobians(least=2))
def test_gradient_rules_are_homogeneous(name: str, jacobian: Tensor) -> None:
    method, twin = seeded_method(name), seeded_method(name)
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
    method = seeded_method(name)
    if hasattr(method, "generator"):
        return
    order = torch.tensor([0, *range(len(jacobian) - 1, 0, -1)])
    shuffled = answers(seeded_method(name), jacobian[order])
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
    assert eval(f"mtl.{seeded_method(name)!r}").__class__ is cls
