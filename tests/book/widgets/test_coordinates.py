"""GradDrop's widget: the draws are the method's, and each keeps one sign in a coordinate."""

import pytest
import torch

from mtlcore.book.widgets import Coordinates, coordinates
from mtlcore.methods.gradients.graddrop import purity

EACH = pytest.mark.parametrize("example", coordinates.EXAMPLES)


@EACH
def test_a_draw_keeps_the_pile_that_the_uniform_numbers_choose(example):
    given = coordinates.rows(example)
    rising, falling = given.clamp(min=0).sum(0), given.clamp(max=0).sum(0)
    kept = torch.where(coordinates.uniforms() < purity(given), rising, falling)
    torch.testing.assert_close(coordinates.updates(example, 0.0), kept)
    leaking = 0.5 * kept + 0.5 * given.sum(0)
    torch.testing.assert_close(coordinates.updates(example, 0.5), leaking)


@EACH
def test_the_mean_comes_closer_to_the_sum(example):
    given = coordinates.rows(example)
    torch.testing.assert_close(coordinates.means(example, 0.0)[-1], coordinates.updates(example, 0.0).mean(0))
    spread = (given.clamp(min=0).sum(0) * -given.clamp(max=0).sum(0)).sqrt()
    off = (coordinates.means(example, 0.0)[-1] - given.sum(0)).abs()
    assert (off <= 3 * spread / coordinates.DRAWS**0.5 + 1e-9).all()
    assert coordinates.errors(example, 0.5)[-1] == pytest.approx(
        0.5 * coordinates.errors(example, 0.0)[-1], abs=1e-3
    )


def test_examples_are_what_their_names_say():
    assert set(purity(coordinates.rows("agree")).tolist()) == {0.0, 1.0}
    assert purity(coordinates.rows("balanced")).tolist() == pytest.approx([0.5] * 6)
    mixed = purity(coordinates.rows("mixed"))
    assert ((mixed > 0) & (mixed < 1)).sum() == 4
    assert coordinates.errors("agree", 0.0) == [0.0] * coordinates.DRAWS


def test_nothing_leaves_the_axes():
    for example in coordinates.EXAMPLES:
        given = coordinates.rows(example)
        assert given.clamp(min=0).sum(0).max() <= coordinates.HIGHEST
        assert given.clamp(max=0).sum(0).min() >= -coordinates.HIGHEST
        assert max(coordinates.errors(example, 0.0)) <= coordinates.HIGHEST


def test_first_frame_has_the_draw_and_the_mean():
    text = Coordinates(draw=7).first_frame()
    assert "<th>draw 7</th><th>mean so far</th>" in text
    assert "<th>1</th><td>1.00</td><td>1.80</td><td>1.80</td><td>1.80</td>" in text
    assert "<th>3</th><td>0.00</td><td>-1.50</td><td>-1.50</td><td>-1.50</td>" in text


def test_it_says_what_is_wrong():
    with pytest.raises(ValueError, match="draw lies between 0 and 60, not 61"):
        Coordinates(draw=61)
