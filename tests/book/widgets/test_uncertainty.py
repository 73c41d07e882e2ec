"""The widget of UW and IMTL-L shows what they answer."""

import numpy as np
import pytest
import torch
from helpers.pages import drawing

from mtlcore import IMTLL, UW
from mtlcore.book.widgets import Temperature, Uncertainty, uncertainty


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
