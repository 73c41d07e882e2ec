"""Properties that hold for every method in the registry, and for options other than the defaults."""

from __future__ import annotations

import copy
import inspect
import math
import pickle

import pytest
import torch
from helpers.asserts import assert_homogeneous, assert_same_steps
from helpers.gradients import C, answer, jacobians, rows, signal_of
from helpers.methods import OF_THREE, TEXTS, answers, make, methods
from hypothesis import given
from torch import Tensor

import mtlcore as mtl

OF_C = [*TEXTS, *OF_THREE]


@methods()
def test_one_task(text: str) -> None:
    """Alone, a task is followed, and never turned round."""
    alone = rows([[3, 4]])
    method = make(text)
    expected = alone[0] if method.sees == "jacobian" else torch.ones(1, dtype=torch.float64)
    for k, seen in enumerate(answers(method, alone)):
        if method.family == "samples":
            seen = seen.sum(1)
        factor = (seen / expected).mean() / (k + 1 if method.sees == "jacobian" else 1)
        assert 0.4 < factor < 1.3
        torch.testing.assert_close(seen, expected * (seen / expected).mean())


@methods()
@pytest.mark.parametrize("gradients", [[[1, 2], [1, 2]], [[1, 2], [-1, -2]], [[1, 0], [1, 0], [1, 0]]])
def test_identical_and_opposite_gradients_have_an_answer(text: str, gradients: list) -> None:
    assert all(torch.isfinite(seen).all() for seen in answers(make(text), rows(gradients)))


@methods(lambda method: "scale" in inspect.signature(type(method)).parameters, "takes no scale", mtl.METHODS)
@given(jacobian=jacobians(least=2, most=2))
def test_weights_of_a_sum_keep_their_scale(text: str, jacobian: Tensor) -> None:
    """Asked for the other scale, a rule answers T times as much, or as little."""
    sums, means = make(f"{text}(scale='sum')"), make(f"{text}(scale='mean')")
    for a, b in zip(answers(sums, jacobian), answers(means, jacobian), strict=True):
        torch.testing.assert_close(a, 2 * b)


@methods(texts=OF_C)
def test_the_same_seed_gives_the_same_weights(text: str) -> None:
    assert_same_steps(*(answers(make(text), rows(C)) for _ in range(2)))


@methods(texts=OF_C)
@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "pickle"])
def test_state_round_trip(text: str, how: str) -> None:
    method = make(text)
    answers(method, rows(C))
    if how == "state_dict":
        twin = make(text)
        twin.load_state_dict(method.state_dict())
    else:
        twin = copy.deepcopy(method) if how == "deepcopy" else pickle.loads(pickle.dumps(method))
    assert_same_steps(answers(method, rows(C)), answers(twin, rows(C)))


@methods(texts=OF_C)
def test_reset_forgets(text: str) -> None:
    method = make(text)
    first = answers(method, rows(C))
    method.reset()
    method.seed(0)
    assert_same_steps(first, answers(method, rows(C)))


@methods(texts=OF_C)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_dtype(text: str, dtype: torch.dtype) -> None:
    method = make(text)
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    seen = answer(method, signal_of(method, rows(C)).to(dtype))
    assert seen.dtype == (dtype if method.sees == "jacobian" else expected)


@methods(texts=OF_C)
def test_inputs_are_left_alone(text: str) -> None:
    method = make(text)
    signal = signal_of(method, rows(C)).requires_grad_()
    before = signal.detach().clone()
    assert not answer(method, signal).requires_grad
    assert torch.equal(signal, before)


@methods(texts=OF_C)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_signal_that_is_not_finite_names_its_task(text: str, bad: float) -> None:
    method = make(text)
    signal = signal_of(method, rows(C))
    signal[(1,) * signal.dim()] = bad
    with pytest.raises(ValueError, match=r"task .*1.* not finite"):
        answer(method, signal)


@methods(texts=OF_C)
def test_wrong_shapes(text: str) -> None:
    method = make(text)
    right = signal_of(method, rows(C)).dim()
    shapes = [(), (0,), (2, 2, 2), (3,) if right == 2 else (2, 3)]
    if method.sees in ("gramian", "response"):
        shapes.append((2, 3))
    for shape in shapes:
        with pytest.raises(ValueError, match="shape"):
            answer(method, torch.ones(shape))


@methods()
def test_a_zero_gradient_among_several(text: str) -> None:
    for gradients in ([[1, 0], [0, 0], [1, 1]], [[0, 0], [1, 1]]):
        method = make(text)
        assert torch.isfinite(answer(method, signal_of(method, rows(gradients)))).all()


@methods(lambda method: method.sees in ("gramian", "jacobian"), "sees no products of all gradients")
@given(jacobian=jacobians(least=2))
def test_gradient_rules_are_homogeneous(text: str, jacobian: Tensor) -> None:
    assert_homogeneous(make(text), make(text), jacobian)


@methods(lambda method: not hasattr(method, "generator"), "draws")
@given(jacobian=jacobians(least=2))
def test_permutation_of_tasks(text: str, jacobian: Tensor) -> None:
    """Rules that draw nothing treat tasks by what they show, and auxiliary tasks by number."""
    method = make(text)
    order = torch.tensor([0, *range(len(jacobian) - 1, 0, -1)])
    shuffled = answers(make(text), jacobian[order])
    for a, b in zip(answers(method, jacobian), shuffled, strict=True):
        if method.sees in ("gramian", "response"):  # weights need not be unique, what they make is
            a, b = a @ jacobian, b @ jacobian[order]
        elif method.sees != "jacobian":
            b = b[order.argsort()]
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6 * float(jacobian.norm()))


@methods(texts=mtl.METHODS)
def test_the_docstring_says_the_cost(text: str) -> None:
    assert "Cost: " in mtl.METHODS[text].__doc__


@methods(texts=OF_C)
def test_text_and_repr_make_the_same_method(text: str) -> None:
    method = make(text)
    assert mtl.methods.describe(method) == text
    twin = eval(f"mtl.{method!r}")
    assert type(twin) is type(method)
    assert repr(twin) == repr(method)


@methods(lambda method: method.sees != "jacobian", "works on the gradients in their own precision", OF_C)
def test_a_single_precision_signal_is_answered_in_double(text: str) -> None:
    """The weights are those of the same numbers in float64, rounded once."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        signal = signal_of(make(text), torch.randn(3, 5, generator=generator).double()).float()
        assert torch.equal(answer(make(text), signal), answer(make(text), signal.double()).float())
