"""The widget of DWA shows what DWA answers."""

import re

import numpy as np
import torch

from mtlcore import DWA
from mtlcore.book.widgets import Temperature, temperature


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
