"""The slider of one weight shows minima of the weighted sum."""

import numpy as np
import pytest
import torch

from mtlcore.book.widgets import WeightSlider, weight

FRONTS = {front["name"]: front for front in WeightSlider().data["fronts"]}


@pytest.mark.parametrize("name", weight.FRONTS)
def test_no_point_has_a_smaller_weighted_sum(name):
    side = torch.linspace(-2, 2, 161, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    everywhere = torch.stack([task(grid) for task in weight.FRONTS[name].values()], 1).numpy()
    for w, minima in zip(weight.WEIGHTS, FRONTS[name]["minima"], strict=True):
        sums = np.array(minima)[:, 2:] @ [w, 1 - w]
        assert sums.max() <= (everywhere @ [w, 1 - w]).min() + 1e-4


def test_the_minimum_moves_on_one_front_and_jumps_on_the_other():
    def steps(name):
        points = np.array([minima[0][:2] for minima in FRONTS[name]["minima"]])
        return np.linalg.norm(np.diff(points, axis=0), axis=1)

    assert [len(minima) for minima in FRONTS["convex"]["minima"]] == [1] * 101
    assert steps("convex").max() < 0.1
    assert steps("not convex").max() > 1.9 and np.sort(steps("not convex"))[-3] < 0.05
    counts = [len(minima) for minima in FRONTS["not convex"]["minima"]]
    assert counts[50] == 2 and sum(counts) == 102


@pytest.mark.parametrize("name", weight.FRONTS)
def test_nothing_that_can_be_reached_beats_the_front(name):
    cloud, front = np.array(FRONTS[name]["cloud"]), np.array(FRONTS[name]["front"])
    assert len(cloud) > 300
    assert not (cloud[:, None] < front[None] - 0.01).all(2).any()


def test_weight_moves_to_a_hundredth():
    assert WeightSlider(weight=0.333).weight == 0.33
    with pytest.raises(ValueError, match=r"weight lies between 0 and 1, not 1\.5"):
        WeightSlider(weight=1.5)


def test_first_frame_shows_the_jump():
    text = WeightSlider("not convex").first_frame()
    assert text.count("<th>0.50</th>") == 2
    assert "<th>0.49</th><td>0.98</td><td>0.00</td>" in text
    assert "<th>0.51</th><td>0.00</td><td>0.98</td>" in text
