"""Projection: reference numbers, invariants and options."""

from __future__ import annotations

import pytest
import torch
from helpers.asserts import assert_exact
from helpers.gradients import OPPOSITE, A, C, jacobians, rows
from helpers.networks import TASKS, batch, flat_grad, gradients_by_hand, make_model
from hypothesis import given
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.auxiliary.orthogonal import Orthogonal


@given(jacobians(least=2, most=2))
def test_projection_between_cosine_and_orthogonal(gradients: Tensor) -> None:
    """Identity 6: Du's rule at acute angles, Orthogonal at obtuse ones."""
    acute = gradients[0] @ gradients[1] >= 0
    twin = mtl.CosSim() if acute else Orthogonal()
    slack = 1e-9 * float(gradients.norm())
    torch.testing.assert_close(
        mtl.Projection().direction(gradients), twin.direction(gradients), rtol=1e-9, atol=slack
    )


@pytest.mark.parametrize(
    ("method", "gradients", "expected"),
    [
        (mtl.Projection(), A, [1, 1]),
        (mtl.Projection(lam=0.1), A, [1, 0.1]),
        (mtl.Projection(), C, [1.5, -1, 1]),
        (mtl.Projection(), OPPOSITE, [1, 0]),
    ],
    ids=repr,
)
def test_reference_directions(method: mtl.METHODS, gradients: list, expected: list) -> None:
    assert_exact(method.direction(rows(gradients)), expected)


def test_projection_per_variable() -> None:
    jacobian = rows([[1, 0, 1], [-1, 1, 2]])
    assert_exact(mtl.Projection(per="variable").direction(jacobian, [2, 1]), [1, 1, 3])
    assert_exact(mtl.Projection().direction(jacobian), [0, 1, 3])
    with pytest.raises(ValueError, match="sizes"):
        mtl.Projection(per="variable").direction(jacobian, [2, 2])


def test_projection_smoothed() -> None:
    method = mtl.Projection(smoothing=0.01)
    method.direction(rows([[1, 0], [-1, -1]]))
    assert_exact(method.direction(rows([[0, 1], [-1, -1]])), [-0.00505025001, 1.0049997475])
    assert_exact(method.reference, [0.0099, 0.01])
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


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mtl.Projection(per="layer"),
        lambda: mtl.Projection(smoothing=0),
        lambda: mtl.Projection(per="variable").weights(torch.eye(3)),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_censored_weight_decay() -> None:
    """Any vector may stand in an auxiliary row: here the parameters (Projection paper, experiment 4)."""
    theta, gradient = torch.tensor([[2.0, -1.0], [-1.0, 3.0]], dtype=torch.float64)
    decay = mtl.Projection(lam=0.1).direction(torch.stack([gradient, theta])) - gradient
    assert theta @ gradient < 0
    torch.testing.assert_close(decay, 0.1 * (theta - theta @ gradient / (gradient @ gradient) * gradient))
    assert decay @ gradient == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", [mtl.Projection(per="variable"), mtl.Projection(smoothing=0.5)], ids=repr)
def test_projection_on_the_jacobian(method: mtl.Projection) -> None:
    model, data = make_model(), batch()
    jacobian, _ = gradients_by_hand(model, data)
    signals = mtl.Signals(model, data, TASKS)
    assert method.backward(signals) is None
    method.reset()
    torch.testing.assert_close(flat_grad(model), method.direction(jacobian, signals.sizes))
