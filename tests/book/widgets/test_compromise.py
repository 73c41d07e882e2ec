"""The widget of CAGrad: its numbers are the methods', and they lead from the mean to MGDA."""

import numpy as np
import pytest
import torch

from mtlcore import IMTLG, MGDA, CAGrad
from mtlcore.book.widgets import Compromise, compromise


@pytest.fixture
def cases():
    return [case for cases in Compromise().data["cases"] for case in cases]


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def test_directions_are_those_of_the_methods(cases):
    for case in cases:
        gradients = tensor(case["gradients"])
        for rule, name in ((MGDA(), "MGDA"), (IMTLG(), "IMTLG")):
            assert np.allclose(case["rules"][name]["d"], rule.direction(gradients), atol=2e-3)
        for c, d in zip(compromise.RADII, case["d"], strict=True):
            assert np.allclose(d, CAGrad(c, rescale=0).direction(gradients), atol=2e-3 * (1 + c))


def test_dual_weights_make_the_direction(cases):
    for case in cases:
        gradients, g0 = np.array(case["gradients"]), np.mean(case["gradients"], 0)
        for c, w, d in zip(compromise.RADII, case["w"], case["d"], strict=True):
            assert min(w) >= -1e-4 and sum(w) == pytest.approx(1, abs=2e-4)
            g_w = np.array(w) @ gradients
            expected = g0 + c * np.linalg.norm(g0) * g_w / np.linalg.norm(g_w)
            assert np.allclose(d, expected, atol=3e-3 * (1 + c))


def test_the_gain_rises_from_the_mean_to_mgda(cases):
    for case in cases:
        ends = case["rules"]["Static"]["gain"], case["rules"]["MGDA"]["gain"]
        assert case["gain"][0] == ends[0] and case["gain"][-1] == pytest.approx(ends[1], abs=0.02)
        assert (np.diff(case["gain"]) > -2e-4).all() and max(case["gain"]) <= ends[1] + 1e-4


def test_products_and_gain_are_those_of_the_direction(cases):
    for case in cases:
        products = np.array(case["d"]) @ np.transpose(case["gradients"])
        assert np.allclose(products, case["products"], atol=5e-3)
        shortest = np.linalg.norm(case["gradients"], axis=1).min()
        gains = np.array(case["products"]).min(1) / np.linalg.norm(case["d"], axis=1) / shortest
        assert np.allclose(gains, case["gain"], atol=5e-3)


def test_values_move_to_the_grid():
    found = Compromise(angle=133, c=0.44)
    assert (found.angle, found.c) == (130, 0.4)
    with pytest.raises(ValueError, match="c lies between 0 and 20"):
        found.c = 21
    with pytest.raises(ValueError, match="angle lies between 30 and 170"):
        Compromise(angle=180)


def test_first_frame_shows_the_numbers():
    shown = Compromise(140, 3.0, 0.6)
    entry, at = shown.read(), compromise.RADII.index(0.6)
    for task in (0, 1):
        cells = f"<td>{entry['w'][at][task]:.2f}</td><td>{entry['products'][at][task]:+.2f}</td>"
        assert f"<th>task {task + 1}</th>{cells}" in shown.first_frame()
