"""The widget of the ball: its points fill the ball, and its numbers are those of the losses on it."""

import numpy as np
import pytest
import torch

from mtlcore.book.widgets import Ball, ball


@pytest.fixture(scope="module")
def losses():
    return {entry["name"]: entry for entry in Ball().data["losses"]}


def uniform(radius, count=200_000):
    generator = torch.Generator().manual_seed(1)
    directions = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    lengths = torch.rand(count, 1, generator=generator, dtype=torch.float64).sqrt()
    return radius * lengths * directions / directions.norm(dim=1, keepdim=True)


def test_points_are_spread_evenly_over_the_ball():
    lengths = ball.cloud().norm(dim=1)
    assert lengths.max() <= 1.001
    for radius in (0.3, 0.5, 0.8):
        assert (lengths < radius).double().mean() == pytest.approx(radius**2, abs=0.01)
    assert torch.allclose(ball.cloud().mean(0), torch.zeros(2, dtype=torch.float64), atol=0.01)


@pytest.mark.parametrize("loss", ball.LOSSES)
@pytest.mark.parametrize("radius", [0.1, 1.0])
def test_the_exact_deviation_is_that_of_many_points(loss, radius):
    drawn = ball.values(loss, uniform(radius)).std().item()
    assert ball.deviation(loss, radius) == pytest.approx(drawn, rel=0.01)


@pytest.mark.parametrize("loss", ball.LOSSES)
def test_the_points_have_nearly_the_exact_deviation(losses, loss):
    entry = losses[loss]
    assert entry["sampled"] == pytest.approx(entry["exact"], rel=0.02)
    scaled = [2 * d / r for d, r in zip(entry["deviation"], ball.RADII, strict=True)]
    assert entry["sampled"] == pytest.approx(scaled, rel=6e-3)


def test_the_gradient_is_that_of_the_loss(losses):
    for loss, entry in losses.items():
        centre = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(ball.values(loss, centre), centre)
        assert gradient.tolist() == entry["gradient"] and gradient.norm().item() == entry["norm"]


def test_deviation_nears_the_norm_as_the_ball_shrinks(losses):
    assert losses["linear"]["exact"] == [1.0] * len(ball.RADII)
    for loss in ("quadratic", "minimum"):
        gap = np.array(losses[loss]["exact"]) - losses[loss]["norm"]
        assert (np.diff(gap) > 0).all() and gap[0] < 0.04 and gap[-1] > 0.5


@pytest.mark.parametrize("loss", ball.LOSSES)
def test_no_point_is_missing_from_a_histogram(losses, loss):
    assert [sum(shares) for shares in losses[loss]["shares"]] == pytest.approx(
        [1] * len(ball.RADII), abs=2e-3
    )


def test_level_lines_lie_on_the_levels(losses):
    for loss, entry in losses.items():
        for line in entry["lines"]:
            heights = ball.values(loss, torch.tensor(line, dtype=torch.float64)) / ball.LEVELS
            assert heights.std(correction=0) < 0.1 and abs(heights.mean() - heights.mean().round()) < 0.1


def test_first_frame_has_the_numbers_of_the_radius(losses):
    at, entry = ball.RADII.index(0.5), losses["minimum"]
    text = Ball("minimum", 0.5).first_frame()
    assert f"<td>{entry['sampled'][at]:.3f}</td><td>{entry['exact'][at]:.3f}</td><td>0.000</td>" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "cubic"}, "loss is one of linear, quadratic, minimum"),
        ({"radius": 2}, "radius is one of 0.03"),
    ],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Ball(**arguments)
