"""The widgets of the loss-balancing methods show what the methods answer."""

import base64
import re

import numpy as np
import pytest
import torch

from mtlcore import DWA, IMTLL, UW
from mtlcore.book.widgets import Temperature, Uncertainty, temperature, uncertainty


def drawing(text):
    """The picture of the first frame, an SVG document."""
    return base64.b64decode(re.search(r"data:image/svg\+xml;base64,([^\"]+)", text)[1]).decode()


@pytest.mark.parametrize(("rule", "factor"), [("UW", 0.5), ("UW, classification", 0.5), ("IMTL-L", 1.0)])
def test_weights_at_the_minimum_are_one_over_the_loss(rule, factor):
    data = Uncertainty(rule=rule).data
    nodes = data["rules"][list(uncertainty.RULES).index(rule)]["nodes"]
    weights = np.array([node["weight"] for node in nodes])
    assert np.allclose(weights * uncertainty.LOSSES, factor, rtol=1e-4)


@pytest.mark.parametrize(("rule", "make"), [("UW", UW), ("IMTL-L", IMTLL)])
def test_curves_are_the_methods_objective_and_end_at_the_frame(rule, make):
    nodes = Uncertainty().data["rules"][list(uncertainty.RULES).index(rule)]["nodes"]
    for loss, node in zip(uncertainty.LOSSES, nodes, strict=True):
        method = make()
        heights = []
        for s, _ in node["curve"]:
            method.s.data = torch.tensor([s], dtype=torch.float64)
            heights.append(method.objective(torch.tensor([loss])).item())
        curve = np.array(node["curve"])
        assert np.allclose(curve[:, 1], heights, atol=0.01)
        assert curve[:, 1].max() <= uncertainty.HIGHEST + 1e-3
        assert np.abs(curve[:, 0]).max() <= uncertainty.WIDEST
        assert curve[0, 0] < node["s"] < curve[-1, 0]
        assert node["height"] <= curve[:, 1].min() + 1e-3


def test_losses_move_to_the_grid():
    widget = Uncertainty(losses=[1000, 0.2])
    assert widget.losses == [100, 0.2154]
    widget.losses = [0.3, 83]  # 83 is nearer to 68.13 in difference, to 100 in ratio
    assert widget.losses == [0.3162, 100]


def test_first_frame_of_uncertainty_has_the_weights():
    text = Uncertainty(losses=[10, 0.1]).first_frame()
    assert "<td>10.00</td><td>2.30</td><td>0.05</td>" in text
    assert "<td>0.10</td><td>-2.30</td><td>5.00</td>" in text
    assert drawing(text).count("<path") == 4 + 2  # level lines, curves


def test_weights_over_time_are_the_methods():
    entry = Temperature().data["streams"][0]
    stream = temperature.losses("one stalls")
    means = stream.reshape(temperature.EPOCHS, temperature.STEPS, 2).mean(1)
    assert np.allclose(np.array(entry["losses"]).T, means, rtol=1e-3)
    ratios = means[4] / means[3]
    expected = 2 * (ratios / 0.5).softmax(0)
    shown = entry["weights"]["epoch"][temperature.TEMPERATURES.index(0.5)]
    assert np.allclose([task[5 * temperature.SHOWN] for task in shown], expected, rtol=1e-3)
    method = DWA(temperature=0.5, pace="step")
    answers = torch.stack([method.weights(losses) for losses in stream])
    shown = entry["weights"]["step"][temperature.TEMPERATURES.index(0.5)]
    every = temperature.STEPS // temperature.SHOWN
    assert np.allclose(np.array(shown).T, answers[::every], rtol=1e-3)


def test_streams_are_what_they_are_called():
    for entry in Temperature().data["streams"]:
        sharp = np.array(entry["weights"]["epoch"][0])
        assert np.allclose(sharp.sum(0), 2, atol=1e-3) and np.allclose(sharp[:, : 2 * temperature.SHOWN], 1)
        if entry["name"] == "one stalls":
            assert (sharp[1, 8 * temperature.SHOWN :] > 1).all()
        if entry["name"] == "noise":
            assert 0.2 < (sharp[0] > 1).mean() < 0.8
        if entry["name"] == "units":
            assert np.allclose(sharp, 1)
            assert np.allclose(np.divide(*entry["losses"]), 100, rtol=1e-3)


def test_first_frame_of_temperature_has_the_range():
    text = Temperature("units").first_frame()
    assert text.count("<td>1.00</td><td>1.00</td>") == 2
    wide = Temperature("noise", 0.05).first_frame()
    assert re.search(r"<td>0\.0\d</td><td>(1\.9|2\.0)\d</td>", wide)


@pytest.mark.parametrize(
    ("widget", "arguments", "message"),
    [
        (Uncertainty, {"losses": [1, 2, 3]}, "two numbers above zero"),
        (Uncertainty, {"losses": [1, 0]}, "two numbers above zero"),
        (Uncertainty, {"losses": [1, float("nan")]}, "two numbers above zero"),
        (Uncertainty, {"rule": "SLAW"}, "one of UW.*not 'SLAW'"),
        (Temperature, {"temperature": 3}, "temperature is one of 0.05.*not 3"),
        (Temperature, {"stream": "river"}, "stream is one of.*'river'"),
        (Temperature, {"pace": "year"}, "pace is one of epoch, step.*'year'"),
    ],
)
def test_widgets_say_what_is_wrong(widget, arguments, message):
    with pytest.raises(ValueError, match=message):
        widget(**arguments)
