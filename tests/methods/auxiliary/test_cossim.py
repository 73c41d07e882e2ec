"""CosSim against reference numbers."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import A, B, C, rows
from helpers.networks import TASKS, batch, flat_grad, gradients_by_hand, make_model

import mtlcore as mtl


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (mtl.CosSim(), A, [1, 0]),
        (mtl.CosSim(weighted=True), A, [1, 0]),
        (mtl.CosSim(), B, [2, 1]),
        (mtl.CosSim(weighted=True), B, [1.7071067812, 0.7071067812]),
        (mtl.CosSim(), [[1, 0], [0, 2]], [1, 2]),
        (mtl.CosSim(weighted=True), [[1, 0], [0, 2]], [1, 0]),
        (mtl.CosSim(), [[0, 0], [1, 2]], [1, 2]),
        (mtl.CosSim(weighted=True), [[0, 0], [1, 2]], [0, 0]),
        (mtl.CosSim(), C, [1.5, -2, 1]),
        (mtl.CosSim(weighted=True), C, [1.1091089451, -0.4364357805, 0.2182178902]),
    ],
    ids=repr,
)
def test_reference_directions(method: mtl.METHODS, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


STEPS = [rows([[1, 0, 1], [-1, 1, 2], [2, 1, -1]]), rows([[-1, 0.5, 0.2], [1, 1, 0], [0.5, -3, 1]])]


@pytest.mark.parametrize(
    ("options", "first", "second"),
    [
        ({"per": "variable"}, [2.4, 0.7, 2.4], [-1, 0.5, 0.9]),
        ({"smoothing": 0.1}, [1.7, 1.4, 1.7], [-0.3, 1.2, 0.2]),
        ({"per": "variable", "smoothing": 0.1}, [2.4, 0.7, 2.4], [-0.3, 1.2, 0.9]),
        ({"weighted": True, "per": "variable"}, [2.2521980674, 0.6260990336999, 2.4], [-1, 0.5, 0.9]),
        (
            {"weighted": True, "smoothing": 0.1},
            [1.202072594216, 0.4041451884327, 1.202072594216],
            [-0.8367006838145, 0.6632993161855, 0.2],
        ),
        (
            {"weighted": True, "per": "variable", "smoothing": 0.1},
            [2.2521980674, 0.6260990336999, 2.4],
            [-0.6117098626423, 0.8882901373577, 0.9],
        ),
    ],
    ids=repr,
)
def test_per_variable_and_smoothed(options: dict, first: list, second: list) -> None:
    method = mtl.CosSim(lam=0.7, **options)
    assert_exact(method.direction(STEPS[0], [2, 1]), first)
    assert_exact(method.direction(STEPS[1], [2, 1]), second)
    method.reset()
    assert len(method.reference) == 0
    with pytest.raises(ValueError, match="no weights"):
        method.weights(torch.eye(3))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_variable_whose_reference_is_zero(weighted: bool) -> None:
    method = mtl.CosSim(weighted=weighted, per="variable")
    assert_exact(method.direction(rows([[1, 0], [1, 5]]), [1, 1]), [2, 0 if weighted else 5])


def test_a_variable_without_entries() -> None:
    assert_exact(mtl.CosSim(per="variable").direction(rows([[1, 0], [1, 5]]), [1, 0, 1]), [2, 5])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_a_cosine_has_no_scale(weighted: bool, scale: float) -> None:
    gradients = torch.tensor([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0], [2.0, 1.0, 1.0]])
    scales = torch.tensor([[scale], [1.0], [1.0]])
    method = mtl.CosSim(weighted=weighted, per="variable", smoothing=0.5)
    plain = method.direction(gradients, [2, 1]) - gradients[0]
    method.reset()
    scaled = method.direction(scales * gradients, [2, 1])
    expected = (scales * gradients)[0] + plain
    torch.testing.assert_close(scaled, expected)


@pytest.mark.parametrize(
    "method", [mtl.CosSim(per="variable"), mtl.CosSim(weighted=True, smoothing=0.5)], ids=repr
)
def test_on_the_jacobian_of_a_network(method: mtl.CosSim) -> None:
    model, data = make_model(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    assert method.backward(signals) is None
    method.reset()
    torch.testing.assert_close(flat_grad(model), method.direction(jacobian, signals.sizes))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.CosSim(lam=-1),
        lambda: mtl.CosSim(per="layer"),
        lambda: mtl.CosSim(smoothing=0),
        lambda: mtl.CosSim(per="variable").direction(torch.eye(3)),
        lambda: mtl.CosSim(main=-4).weights(torch.eye(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()
