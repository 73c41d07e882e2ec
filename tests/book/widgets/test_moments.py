"""The widget of SLAW shows what SLAW answers, beside the gradients as they are."""

import numpy as np
import pytest
import torch

from mtlcore import SLAW
from mtlcore.book.widgets import Moments, moments

TIMES = slice(moments.EVERY - 1, None, moments.EVERY)
CONSTANT = [moments.key("units", "constant", init, beta) for init in moments.INITS for beta in moments.BETAS]


@pytest.fixture(scope="module")
def series():
    found = Moments().data["series"]
    return {key: {name: np.array(values) for name, values in entry.items()} for key, entry in found.items()}


@pytest.mark.parametrize("init", moments.INITS)
@pytest.mark.parametrize("beta", moments.BETAS)
def test_moments_and_weights_are_slaws(series, init, beta):
    losses = moments.simulate("units")[:, 0]
    slaw, expected = SLAW(beta=beta, init=init), []
    for step in losses:
        weights = slaw.weights(step)
        expected.append(torch.stack([slaw.mean, slaw.variance.sqrt(), weights]))
    mean, deviation, weight = torch.stack(expected, 1).mT[:, :, TIMES].numpy()
    shown = series[moments.key("units", "constant", init, beta)]
    assert np.allclose(shown["loss"], losses.T[:, TIMES], rtol=6e-3)
    assert np.allclose(shown["mean"], mean, rtol=6e-3)
    assert np.allclose(shown["deviation"], deviation, rtol=6e-3)
    assert np.allclose(shown["weight"], weight, rtol=6e-3)


@pytest.mark.parametrize("stream", moments.STREAMS)
def test_norms_are_those_of_the_losses(stream):
    curvatures, level, batches, theta, _ = moments._problem(stream)
    theta.requires_grad_()
    first = [
        (k * (theta - c) ** 2).sum() / 2 + v for k, c, v in zip(curvatures, batches[0], level, strict=True)
    ]
    norms = [torch.autograd.grad(loss, theta)[0].norm().item() for loss in first]
    loss, _, _, norm, _, true = moments.simulate(stream)[0]
    assert loss.tolist() == pytest.approx([value.item() for value in first])
    assert norm.tolist() == pytest.approx(norms)
    assert (true * norm).tolist() == pytest.approx([2 / (1 / norm).sum().item()] * 2)


def test_streams_are_what_they_are_called():
    loss, _, _, norm, _, _ = moments.simulate("units").unbind(1)
    assert (norm[:, 1] > 1.5 * norm[:, 0]).all() and 2.5 < loss[0, 1] / loss[0, 0] < 4
    plain = moments.simulate("level").unbind(1)
    assert plain[0][:, 1].min() > 20 and plain[3].log().diff(dim=1).abs().mean() < 0.2
    steady = moments.simulate("drift")
    assert (steady[:, 0].diff(dim=0) < 0).all()
    assert torch.allclose(steady[:, 3, 1], 3 * steady[:, 3, 0])


def test_it_shows_what_the_chapter_says_of_it(series):
    late = slice(20, None)
    units = series[moments.key("units", "constant", "arithmetic", 0.99)]
    assert np.abs(units["weight"] - units["true"])[:, late].max() < 0.2
    level = {init: series[moments.key("level", "constant", init, 0.99)] for init in moments.INITS}
    off = {init: np.abs(shown["weight"] - shown["true"])[0, :30].mean() for init, shown in level.items()}
    assert off["zero"] > 0.35 > 3 * off["arithmetic"]
    drift = {t: series[moments.key("drift", t, "arithmetic", 0.99)] for t in moments.TRAINED}
    assert np.allclose(drift["constant"]["weight"][0], 1.8) and np.allclose(drift["constant"]["true"][0], 1.5)
    assert np.abs(drift["slaw"]["weight"] - drift["slaw"]["true"]).max() < 0.06


def test_own_weights_change_the_stream(series):
    assert len({series[key]["loss"].tobytes() for key in CONSTANT}) == 1
    own = [key.replace("constant", "slaw") for key in CONSTANT]
    assert len({series[key]["loss"].tobytes() for key in own}) == len(own)


def test_first_frame_has_the_numbers_of_the_step(series):
    text = Moments("drift", step=104).first_frame()
    shown = series[moments.key("drift", "constant", "arithmetic", 0.99)]
    assert "at step 100" in text and text.count("<td>1.80</td><td>1.50</td>") == 1
    for value in (shown["deviation"][1, 9], shown["norm"][1, 9]):
        assert f"<td>{value:.2f}</td>" in text


def test_step_moves_to_one_that_is_shown():
    assert [Moments(step=step).step for step in (-3, 14, 16, 1000)] == [10, 10, 20, 400]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stream": "river"}, "stream is one of units, level, drift, not 'river'"),
        ({"trained_with": "sgd"}, "trained_with is one of constant, slaw"),
        ({"init": "one"}, "init is one of arithmetic, zero"),
        ({"beta": 0.5}, "beta is one of 0.9, 0.97, 0.99, not 0.5"),
    ],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Moments(**arguments)
