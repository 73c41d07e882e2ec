"""The landscape: its losses, its front, and a row that says where a path ended."""

import numpy as np
import pytest
import torch

from mtlcore import FAMO, CAGrad, GradNorm, Static
from mtlcore.book.toys import descend
from mtlcore.experiments.gradients import landscape
from mtlcore.experiments.gradients.landscape import KEPT, SMOKE, STARTS, TASKS, experiment


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def test_losses_by_hand():
    """Below the axis a bowl of each task, above it a valley with a floor; a constant of 21."""
    deep = tensor([[7.0, -8.0], [-7.0, -8.0]])
    bowls = np.tanh(4) * np.array([-20.0, -20.0 + 14**2 / 10])
    assert np.allclose(TASKS["task 1"](deep), 21 + bowls)
    assert np.allclose(TASKS["task 2"](deep), 21 + bowls[::-1])
    bottom = tensor([-7 + 2 * np.tanh(8.0), 8.0])
    assert TASKS["task 1"](bottom).item() == pytest.approx(21 + np.tanh(4) * (np.log(5e-6) + 6))
    assert all(task(tensor([3.0, 0.0])).item() == 21 for task in TASKS.values())


def test_no_point_of_a_grid_is_better_than_the_front_for_both_tasks():
    points, losses = landscape.front()
    assert points[140] == pytest.approx([0, -8.355], abs=2e-3)  # the height that the authors' code draws
    across = torch.linspace(-11, 11, 221, dtype=torch.float64)
    grid = torch.cartesian_prod(across, across)
    found = torch.stack([task(grid) for task in TASKS.values()], 1)
    better = (found[:, None] < torch.as_tensor(losses) - 1e-6).all(2)
    assert not better.any()
    assert (np.diff(losses[:, 0]) < 0).all() and (np.diff(losses[:, 1]) > 0).all()


def test_distance_is_zero_on_the_front():
    points = torch.as_tensor(landscape.front()[0])
    assert landscape.distance(points).max() < 1e-6
    moved = landscape.distance(points + tensor([0.0, 1.0]))
    assert (moved > 0.01).all()


def test_equal_weights_are_gradient_descent_on_the_mean_loss():
    start = list(STARTS.values())[1]
    path = landscape.descend("Static", [start], "SGD", 0.1, 3)[:, 0]
    point = tensor(start).requires_grad_()
    for expected in path[1:]:
        mean = sum(task(point) for task in TASKS.values()) / 2
        point = (point - 0.1 * torch.autograd.grad(mean, point)[0]).detach().requires_grad_()
        assert torch.allclose(point, expected)


def test_a_method_gets_what_it_looks_at():
    losses, jacobian = tensor([2.0, 1.0]), tensor([[3.0, 0.0], [0.0, 0.1]])
    for rule in (Static(), CAGrad()):
        weights = rule.weights(losses if rule.sees == "losses" else jacobian @ jacobian.T)
        assert torch.allclose(landscape.direction(rule, losses, jacobian), weights @ jacobian)
    rule, twin = GradNorm(), GradNorm()
    for _ in range(3):
        found = landscape.direction(rule, losses, jacobian)
        assert torch.equal(found, twin.weights(jacobian.norm(dim=1), losses) @ jacobian)


def test_scales_are_learned():
    paths = [
        landscape.descend(method, [(-8.5, -5.0)], "SGD", 0.1, 50)
        for method in ("Static", "UW(scale='mean')", "IMTLL(scale='mean')")
    ]
    assert torch.dist(paths[0], paths[1]) > 0.1 and torch.dist(paths[0], paths[2]) > 0.1


def test_famo_learns_from_the_losses_after_each_step():
    starts = [(-8.5, -5.0), (9.0, 9.0)]
    for start, path in zip(starts, landscape.descend("FAMO", starts, "SGD", 0.1, 20).unbind(1), strict=True):
        assert torch.allclose(path, descend(TASKS, FAMO(), start, lr=0.1, steps=20))


def test_a_row_says_when_the_path_arrived():
    config = SMOKE | {"method": "Static", "optimizer": "SGD", "lr": 0.3, "steps": 60}
    result = experiment.run(config, "cpu")
    path = landscape.descend("Static", list(STARTS.values()), "SGD", 0.3, 60)[:, 1]
    away, arrived = landscape.distance(path), result.row["arrived.lower left"]
    assert (
        0 < arrived < 60 and (away[arrived:] < landscape.NEAR).all() and away[arrived - 1] >= landscape.NEAR
    )
    assert result.row["arrived.upper left"] is None
    assert result.row["distance.lower left"] == pytest.approx(away[-1])
    assert [row["step"] for row in result.curve] == [step for step in KEPT if step <= 60]
    assert result.curve[-1]["x.lower left"] == path[55, 0].item()
