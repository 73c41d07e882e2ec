"""The widget of FairGrad: its numbers are the methods', and they lead from the total to the least gain."""

import numpy as np
import pytest
import torch

from mtlcore import FairGrad, NashMTL
from mtlcore.book.widgets import Fairness, fairness, tables

SETS = {entry["name"]: entry for entry in Fairness().data["sets"]}


def unit(vectors):
    return np.asarray(vectors) / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("name", SETS)
def test_directions_are_those_of_the_methods(name):
    gradients, entry = tables.gradients(fairness.SETS[name][1]), SETS[name]
    for alpha, w, d in zip(fairness.ALPHAS, entry["w"][1:-1], entry["d"][1:-1], strict=True):
        assert np.allclose(d, FairGrad(alpha).direction(gradients), atol=1e-4)
        assert np.allclose(np.array(w) @ gradients.numpy(), d, atol=3e-4) and np.isclose(sum(w), 1, atol=2e-4)
    assert np.allclose(entry["marks"][1], NashMTL().direction(gradients), atol=1e-4)
    assert entry["marks"][1] == entry["d"][fairness.ALPHAS.index(1) + 1]


@pytest.mark.parametrize("name", SETS)
def test_the_ends_are_the_limits(name):
    gradients, entry = tables.gradients(fairness.SETS[name][1]), SETS[name]
    ends = unit([entry["d"][0], entry["d"][-1]])
    for end, alphas in zip(ends, ((0.2, 0.05, 0.01), (10, 50, 400)), strict=True):
        gaps = [np.linalg.norm(unit(FairGrad(alpha).direction(gradients)) - end) for alpha in alphas]
        assert gaps[-1] < 0.02 and gaps[-1] <= gaps[0] + 1e-4
    mean = unit(gradients.numpy().mean(0))
    assert np.allclose(ends[0], mean, atol=1e-3) == (not entry["harmed"])


@pytest.mark.parametrize("name", SETS)
def test_the_total_falls_and_the_least_rises(name):
    entry = SETS[name]
    gains = unit(entry["d"]) @ np.transpose(entry["gradients"])
    assert np.allclose(gains, entry["gains"], atol=2e-3)
    assert (np.diff(np.sum(entry["gains"], 1)) < 3e-4).all()
    assert (np.diff(np.min(entry["gains"], 1)) > -3e-4).all()
    assert np.min(entry["gains"]) >= 0


def test_the_sets_are_what_they_say():
    products = {name: np.array(e["gradients"]) @ np.transpose(e["gradients"]) for name, e in SETS.items()}
    assert [name for name, found in products.items() if found.min() >= 0] == ["none"]
    assert [(name, entry["harmed"]) for name, entry in SETS.items() if entry["harmed"]] == [("strong", [2])]
    lengths = {name: np.sqrt(np.diagonal(found)) for name, found in products.items()}
    assert max(lengths, key=lambda name: lengths[name].max() / lengths[name].min()) == "lengths"
    for entry in SETS.values():
        low, high = entry["cone"]
        for angle, harmless in ((low - 1, False), (low + 1, True), (high - 1, True), (high + 1, False)):
            step = tables.gradients([[angle, 1.0]])[0].numpy()
            assert (np.array(entry["gradients"]) @ step > 0).all() == harmless


def test_values_move_to_the_grid():
    found = Fairness(alpha=2.2)
    assert found.alpha == 2
    with pytest.raises(ValueError, match=r"alpha lies between 0.02 and 100"):
        found.alpha = 101
    with pytest.raises(ValueError, match="gradients is one of none, mild, strong, lengths"):
        Fairness("opposite")


def test_first_frame_shows_the_numbers():
    shown = Fairness("lengths", 5)
    gradients = tables.gradients(fairness.SETS["lengths"][1])
    w = FairGrad(5).weights(gradients @ gradients.T)
    gains = gradients @ torch.nn.functional.normalize(w @ gradients, dim=0)
    for task in range(3):
        cells = f"<td>{w[task]:.2f}</td><td>{gains[task]:.2f}</td>"
        assert f"<th>task {task + 1}</th>{cells}" in shown.first_frame()
