"""The widget of GradNorm shows what GradNorm answers, beside the exact weights."""

import base64
import itertools
import zlib
from functools import partial

import numpy as np
import pytest
import torch

from mtlcore import GradNorm
from mtlcore.book.widgets import Lag, lag

SOME = [(0.0, 0.025, "unit"), (0.12, 0.005, "none"), (0.5, 0.05, "unit"), (1.5, 0.05, "unit")]


@pytest.mark.parametrize("choice", SOME)
def test_what_is_stored_is_what_is_computed(choice):
    series = lag.simulate(*choice).permute(1, 2, 0).numpy()
    for shown, exact in zip(Lag(*choice).read().values(), series, strict=True):
        assert np.allclose(shown, exact, rtol=1.1e-3)


@pytest.mark.parametrize("choice", SOME)
def test_weights_and_targets_are_gradnorms(choice):
    """From the shown norms and rates alone, GradNorm answers the shown weights."""
    alpha, rate, _ = choice
    rates, norm, target, weight, exact = lag.simulate(*choice).unbind(1)
    gradnorm = GradNorm(alpha, optimizer=partial(torch.optim.Adam, lr=rate))
    pairs = zip(norm / weight, rates, strict=True)
    answers = torch.stack([gradnorm.weights(n, losses) for n, losses in pairs])
    torch.testing.assert_close(answers, weight)
    share = rates / rates.mean(1, keepdim=True)
    torch.testing.assert_close(target, norm.mean(1, keepdim=True) * share**alpha)
    equal = exact * norm / weight
    torch.testing.assert_close(equal[:, 0], equal[:, 1])
    torch.testing.assert_close(exact.sum(1), torch.full((lag.STEPS + 1,), 2.0, dtype=torch.float64))


def test_the_event_multiplies_the_first_task_and_nothing_before_it():
    unit, none = (lag.simulate(0.0, 0.025, event) for event in ("unit", "none"))
    assert torch.equal(unit[: lag.EVENT], none[: lag.EVENT])
    ratio = unit[lag.EVENT] / none[lag.EVENT]
    torch.testing.assert_close(ratio[:2, 0], torch.tensor([10.0, 10.0], dtype=torch.float64))
    torch.testing.assert_close(ratio[:2, 1], torch.tensor([1.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(ratio[3], torch.ones(2, dtype=torch.float64))


def test_it_shows_what_the_chapter_says_of_it():
    before, at = lag.EVENT - 1, lag.EVENT
    for rate, late in zip(lag.RATES, (50, 12, 6), strict=True):
        shown = Lag(0.0, rate).read()
        weight, exact = shown["weight"][0], shown["exact"][0]
        assert exact[at] < 0.2 * exact[before] and weight[at] == pytest.approx(weight[before], abs=0.06)
        assert (weight[at : at + late] > 1.2 * exact[at : at + late]).all()
        assert weight[-1] == pytest.approx(exact[-1], rel=0.2)
    wrong = Lag(1.5, 0.025).read()["weight"][0]
    assert wrong[at : at + 20].max() > wrong[before] + 0.1
    assert Lag(0.0, 0.025).read()["weight"][0][at:].max() < Lag(0.0, 0.025).read()["weight"][0][before] + 0.03


def test_the_page_gets_every_number():
    planes = np.frombuffer(zlib.decompress(base64.b64decode(Lag().data["runs"])), np.uint8)
    changes = planes.reshape(2, -1).T.copy().view("<i2").reshape(lag.stored().shape)
    assert np.array_equal(changes.cumsum(-1), lag.stored())
    assert len(list(itertools.product(lag.ALPHAS, lag.RATES, lag.EVENTS))) == lag.stored()[..., 0, 0, 0].size


def test_ticks_reach_beyond_every_value():
    every = np.exp(lag.stored() / lag.UNIT)
    norms, weights = every[..., 1:3, :, :], every[..., 3:, :, :]
    assert min(lag.NORM_TICKS) < norms.min() and norms.max() < max(lag.NORM_TICKS)
    assert min(lag.WEIGHT_TICKS) < weights.min() and weights.max() < max(lag.WEIGHT_TICKS)


def test_first_frame_has_the_numbers_of_the_step():
    shown, text = Lag(1.5, 0.05, "unit", 130).read(), Lag(1.5, 0.05, "unit", 130).first_frame()
    for task in range(2):
        cells = "".join(f"<td>{shown[name][task, 130]:.2f}</td>" for name in lag.SERIES)
        assert f"<th>{task + 1}</th>{cells}" in text


def test_the_generator_of_the_reader_is_left_alone():
    state = torch.get_rng_state()
    lag.simulate(0.0, 0.025, "unit")
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 1.0}, "alpha is one of 0.0, 0.12, 0.5, 1.5, not 1.0"),
        ({"rate": 0.1}, "rate is one of 0.005, 0.025, 0.05, not 0.1"),
        ({"step": 301}, "step lies between 0 and 300, not 301"),
    ],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Lag(**arguments)
