"""The tables of weights that the explorer's page reads."""

import numpy as np
import pytest
import torch

from mtlcore import METHODS, PCGrad, Projection
from mtlcore.book.widgets import (
    explorer,
    tables,
)
from mtlcore.methods._random import Randomised

BOOK, LEFT_OUT = explorer._book()
SEEING = [name for name, rule in BOOK.items() if not tables.is_blind(rule)]
RANDOM = [name for name, rule in BOOK.items() if tables.is_blind(rule) and isinstance(rule, Randomised)]


def look_up(table, angle, lengths):
    """Weights for two gradients, interpolated between the nodes of the table."""
    shares = np.asarray(lengths) / sum(lengths)
    place = tables.place(angle, shares[0] - shares[1])
    i = max(1, np.searchsorted(tables.ANGLES, angle))
    j = np.clip(np.searchsorted(tables.PLACES, place), 1, len(tables.PLACES) - 1)
    u = max(0, (angle - tables.ANGLES[i - 1]) / np.diff(tables.ANGLES)[i - 1])
    v = (place - tables.PLACES[j - 1]) / np.diff(tables.PLACES)[j - 1]
    (a, b), (c, d) = table.two[i - 1 : i + 1, j - 1 : j + 1]
    return ((1 - u) * ((1 - v) * a + v * b) + u * ((1 - v) * c + v * d)) / shares


@pytest.mark.parametrize("name", SEEING)
def test_two_gradients_between_the_nodes(name):
    rule, rng = METHODS[name](), np.random.default_rng(0)
    # The kinks of CAGrad lie between two nodes that are near, not on one.
    bound = 0.01 if name == "CAGrad" else 0.005
    for _ in range(100):
        angle, (short, share) = rng.uniform(0, 180), rng.uniform([0.3, 1 / 9], [2, 8 / 9])
        polar = [(0, short * share), (angle, short * (1 - share))]
        lengths = [length for _, length in polar]
        exact = tables.answer(rule, tables.gradients(polar)).numpy() * lengths
        found = look_up(explorer._table(name), angle, lengths) * lengths
        assert np.abs(found - exact).max() <= bound * sum(lengths)


@pytest.mark.parametrize("name", SEEING)
def test_nodes_are_exact(name):
    rule, rng = METHODS[name](), np.random.default_rng(1)
    for i, j in rng.integers((len(tables.ANGLES), len(tables.PLACES)), size=(10, 2)):
        share = tables.shares(tables.ANGLES[i])[j]
        lengths = 3 * np.array([share, 1 - share])
        polar = np.stack([[0, tables.ANGLES[i]], lengths], 1)
        exact = tables.answer(rule, tables.gradients(polar)).numpy()
        assert np.allclose(look_up(explorer._table(name), tables.ANGLES[i], lengths), exact, atol=1e-9)


def test_a_switch_jumps_between_two_nodes_and_nowhere_else():
    before, after = (look_up(explorer._table("CosSim"), angle, (1, 1))[1] for angle in (90, 90.02))
    assert (before, after) == (0.5, 0)


@pytest.mark.parametrize("name", SEEING)
@pytest.mark.parametrize("tasks", [2, 3])
def test_rules_know_no_axes_and_no_scale(name, tasks):
    if tasks == 3 and explorer._table(name).three is None:
        pytest.skip("three gradients in a plane leave its answer open")
    rule, rng = METHODS[name](), np.random.default_rng(2)
    seeds = tables.fair_seeds(rule, tasks)
    for _ in range(5):
        polar = rng.uniform([0, 0.5], [360, 2], (tasks, 2))
        first = tables.expected(rule, tables.gradients(polar), seeds)
        for changed in (np.add(polar, [77, 0]), polar * [-1, 1], polar * [1, 2.5]):
            assert torch.allclose(tables.expected(rule, tables.gradients(changed), seeds), first)


@pytest.mark.parametrize("name", SEEING)
def test_three_gradients_have_one_node_for_all_that_are_alike(name):
    table, rule, rng = explorer._table(name), METHODS[name](), np.random.default_rng(3)
    if table.three is None:
        pytest.skip("three gradients in a plane leave its answer open")
    polar = tables.nodes(table.alike)
    steps = np.round(polar[:, :, 0] / 15).astype(int)
    sizes = np.round(np.log2(polar[:, :, 1])).astype(int) + 1
    row = {key: i for i, key in enumerate(tables.keys(sizes, steps))}
    assert len(row) == len(polar) == len(table.three) and list(row) == sorted(row)
    seeds = tables.fair_seeds(rule, 3)
    for _ in range(20):
        turn, size = rng.integers(24, size=3), rng.integers(3, size=3)
        found = {
            (row[key], order)
            for order in table.alike
            for mirror in (1, -1)
            if (key := int(tables.keys((size - size.min())[list(order)], mirror * turn[list(order)]))) in row
        }
        assert len({node for node, _ in found}) == 1
        node, order = min(found)
        lengths = tables.LENGTHS[size]
        exact = tables.expected(rule, tables.gradients(np.stack([turn * 15, lengths], 1)), seeds)
        coefficients = (exact.numpy() * lengths / lengths.sum())[list(order)]
        assert np.allclose(table.three[node], coefficients, atol=1e-6)


@pytest.mark.parametrize("angle", [0.2, 8, 60, 82, 83, 90, 135, 180])
def test_places_are_where_the_shares_say(angle):
    found = tables.place(angle, 2 * tables.shares(angle) - 1)
    whole = np.isclose(tables.shares(angle)[-7], tables.shares(angle)[-1])
    assert whole or np.allclose(found, tables.PLACES, atol=1e-6)


def test_the_shortest_vector_of_the_hull_has_its_kink_on_a_node():
    for angle in (3, 30, 70):
        share = tables.shares(angle)[np.isclose(tables.PLACES, -1)][0]
        assert share / (1 - share) == pytest.approx(np.cos(np.deg2rad(angle)))


def test_what_stands_in_for_other_signals():
    vectors = tables.gradients([(0, 2), (60, 1), (120, 1)])

    def weights(name):
        return tables.answer(METHODS[name](), vectors).tolist()

    assert weights("RotoGrad") == pytest.approx([2 / 9, 4 / 9, 4 / 9])  # mean norm over norm, over 3
    assert weights("HydaLearn") == pytest.approx([2 / 3, 1 / 3, 0])  # by cosine
    assert weights("SLGrad") == pytest.approx([4 / 5, 1 / 5, 0])  # by inner product


def test_main_task_is_not_exchanged():
    assert len(explorer._table("PCGrad").alike) == len(explorer._table("SLAW").alike) == 6
    assert explorer._table("Projection").alike == explorer._table("CosSim").alike == [(0, 1, 2), (0, 2, 1)]


def test_pcgrad_is_averaged_over_all_orders_exactly():
    vectors = torch.tensor([[1, 0, 0], [-1, 1, 0], [0.5, -2, 1]], dtype=torch.float64)
    rule = PCGrad()
    seeds = tables.fair_seeds(rule, 3)
    assert len(seeds) == 8
    direction = 3 * tables.expected(rule, vectors, seeds) @ vectors
    assert torch.allclose(direction, torch.tensor([0.2559523810, -0.25, 1.5]).double())


def test_losses_stand_in_for_norms():
    weights = tables.answer(METHODS["SLAW"](), tables.gradients([(0, 1), (50, 2), (100, 4)]))
    assert torch.allclose(3 * weights, torch.tensor([1.7142857143, 0.8571428571, 0.4285714286]).double())


def test_which_methods_are_random_and_which_need_three_dimensions():
    assert {"RLW", "RGW"} <= {*RANDOM} and {"SLAW", "PCGrad", "MGDA"} <= {*SEEING}
    assert explorer._table("IMTLG").three is None and explorer._table("AlignedMTL").three is None
    settled = ("SLAW", "PCGrad", "MGDA", "CAGrad", "NashMTL", "FairGrad", "UPGrad")
    assert all(explorer._table(name).three is not None for name in settled)


@pytest.mark.parametrize("name", RANDOM)
def test_random_weights_have_the_exact_mean(name):
    for tasks, fan in zip((2, 3), explorer._table(name).draws, strict=True):
        assert fan.shape[1] == tasks and len(fan) >= 32
        assert np.allclose(fan.sum(1), 1) and np.allclose(fan.mean(0), 1 / tasks)
        assert fan.std() > 0.1


def test_a_rule_that_sees_the_jacobian_is_tabulated_by_direction():
    whole, weights = tables.tabulate(Projection(smoothing=0.5)), explorer._table("Projection")
    angles = np.deg2rad(tables.ANGLES)[:, None]
    x = weights.two[..., 0] + weights.two[..., 1] * np.cos(angles)
    y = weights.two[..., 1] * np.sin(angles)
    assert np.allclose(np.stack([x, y], 2), whole.two)


def test_scale_of_the_mean():
    identical = tables.gradients([(0, 1), (0, 1)])
    for name in ("Static", "SLAW", "PCGrad", "CosSim", "Projection"):
        assert torch.allclose(tables.answer(METHODS[name](), identical), torch.tensor(0.5).double())
