"""The player of a loss that goes to zero shows the steps that UW makes."""

import numpy as np
import pytest
import torch

from mtlcore import UW
from mtlcore.book import toys
from mtlcore.book.widgets import Rebound, rebound


@pytest.mark.parametrize("level", rebound.FLOORS)
def test_the_steps_are_those_of_training(level):
    bowl = toys.quadratic([0, 0], [rebound.CURVATURE, 1])
    task = {"task": lambda theta: bowl(theta) + level}
    path = toys.descend(task, UW(), [rebound.START, 0], lr=rebound.LR, steps=rebound.STEPS)
    run = Rebound(level).data["runs"][rebound.FLOORS.index(level)]
    assert np.allclose(run["theta"], path[:, 0], rtol=1e-3, atol=0)
    assert np.allclose(run["loss"], task["task"](path), rtol=1e-3, atol=0)


@pytest.mark.parametrize("level", rebound.FLOORS)
def test_a_weight_beyond_the_border_leads_away(level):
    run = rebound.simulate(level)
    theta, weight = np.abs(run["theta"]), np.array(run["weight"])
    moved = theta[:-1] > 1e-150
    assert ((np.diff(theta) > 0) == (weight[:-1] > rebound.BORDER))[moved].all()


def test_it_shows_what_the_chapter_says_of_it():
    free, low, high = (rebound.simulate(level) for level in rebound.FLOORS)
    assert min(free["loss"]) < 1e-40 and free["loss"][-1] > 10 and free["weight"][-1] < 1e-10
    assert max(low["weight"]) > rebound.BORDER and max(low["loss"][100:]) > 1
    assert max(high["weight"]) < rebound.BORDER and max(high["loss"][100:]) == pytest.approx(0.1)


def test_first_frame_has_the_numbers_of_the_step():
    run = rebound.simulate(0.1)
    text = Rebound(0.1, 7).first_frame()
    assert all(f"<td>{run[name][7]:.2g}</td>" in text for name in run)


def test_ticks_reach_beyond_every_value():
    assert rebound._decades([0.02, 30]) == [(0.01, "0.01"), (0.1, "0.1"), (1, "1"), (10, "10"), (100, "100")]
    wide = rebound._decades([3e-44, 26.0])
    assert wide[0][0] <= 3e-44 and wide[-1] == (100, "100") and len(wide) <= 6
    assert wide[0][1] == "10⁻⁴⁸"


def test_the_generator_of_the_reader_is_left_alone():
    state = torch.get_rng_state()
    rebound.simulate(0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"floor": 0.5}, "floor is one of 0.0, 0.01, 0.1, not 0.5"),
        ({"step": 301}, "step lies between 0 and 300, not 301"),
        ({"step": -1}, "step lies between 0 and 300, not -1"),
    ],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Rebound(**arguments)
