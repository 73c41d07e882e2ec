"""The widget of the Gramian: its table is what the methods say, for every order of the tasks."""

import itertools
import re

import numpy as np
import pytest
import torch
from helpers.browser import CHROMIUM, DRIVER, all_of, one

import mtlcore as mtl
from mtlcore.book.widgets import Gramian, gramian

POSSIBLE = [list(a) for a in itertools.product(gramian.ANGLES, repeat=3) if gramian.exist(a)]


def matrix(lengths, angles):
    vectors = gramian.gradients(lengths, angles)
    return vectors @ vectors.T


def test_gradients_have_the_lengths_and_angles():
    K = matrix([2, 1, 0.5], [110, 130, 90])
    cosines = np.cos(np.deg2rad([110, 130]))
    assert K.diagonal().tolist() == pytest.approx([4, 1, 0.25])
    assert [K[0, 1], K[0, 2], K[1, 2]] == pytest.approx([2 * cosines[0], cosines[1], 0], abs=1e-15)


def test_no_three_gradients_lie_in_a_plane():
    assert len(POSSIBLE) == 203
    for angles in POSSIBLE:
        assert torch.linalg.eigvalsh(matrix([1, 1, 1], angles))[0] > 1e-4


def test_the_stored_weights_are_those_of_the_methods():
    table = gramian.stored()
    assert len(table) == 722
    for key, row in list(table.items())[::25]:
        *lengths, a, b, c = map(int, key)
        K = matrix([gramian.LENGTHS[i] for i in lengths], [gramian.ANGLES[i] for i in (a, b, c)])
        found = dict(zip(gramian.STORED, np.reshape(row, (-1, 2)) / gramian.UNIT, strict=True))
        rules = [mtl.MGDA(), mtl.CAGrad(), mtl.IMTLG(), mtl.NashMTL(), mtl.AlignedMTL(), mtl.FairGrad()]
        for rule in [*rules, mtl.UPGrad()]:
            name = type(rule).__name__
            w = rule.weights(K)
            assert found[name] == pytest.approx((w / w.sum())[:2].tolist(), rel=1e-4, abs=1e-4)
        draws = torch.stack(
            [mtl.PCGrad(generator=torch.Generator().manual_seed(s)).weights(K) for s in range(400)]
        )
        draws = draws / draws.sum(1, keepdim=True).mean()
        error = 4 * draws.std(0) / 20 + 0.01
        assert np.all(np.abs(found["PCGrad"] - draws.mean(0)[:2].numpy()) < error[:2].numpy())


def test_the_page_gets_the_columns_that_are_shown():
    data = Gramian(methods=["FairGrad", "Static", "GradVac"]).data
    assert [(each["name"], each["column"]) for each in data["methods"]] == [
        ("FairGrad", 0),
        ("Static", -1),
        ("GradVac", 1),
    ]
    every = gramian.stored()
    assert data["table"].keys() == every.keys()
    for node, row in data["table"].items():
        assert row == [*every[node][12:14], *every[node][6:8]]
    assert data["note"].endswith(
        "PCGrad: mean over its random orders. GradVac: at its first step, where it equals PCGrad. "
        "FairGrad: α = 2."
    )
    assert Gramian(methods=["Static", "MGDA"]).data["note"] == gramian.NOTE


def test_other_methods_bring_their_data():
    widget = Gramian()
    assert (
        len(widget.data["methods"]) == 6 and widget.data["table"]["000444"] == gramian.stored()["000444"][:8]
    )
    widget.methods = ["UPGrad"]
    assert [each["name"] for each in widget.data["methods"]] == ["UPGrad"]
    assert list(widget.read()) == ["UPGrad"] and "UPGrad" in widget.first_frame()


def test_gradvac_starts_as_pcgrad():
    for angles in POSSIBLE[::20]:
        vectors = gramian.gradients([1, 2, 0.5], angles)
        torch.testing.assert_close(gramian.weights("GradVac", vectors), gramian.weights("PCGrad", vectors))


def test_every_state_has_a_node_with_its_tasks_in_some_order():
    table = gramian.stored()
    for lengths, angles in itertools.product(itertools.product(range(3), repeat=3), POSSIBLE):
        places = [gramian.ANGLES.index(angle) for angle in angles]
        small = [i - min(lengths) for i in lengths]
        names = {
            "".join(map(str, itertools.chain(*gramian.ordered(small, places, order))))
            for order in itertools.permutations(range(3))
        }
        assert len(names & table.keys()) == 1


def test_read_says_what_a_step_takes_off_each_loss():
    K = matrix([2, 1, 0.5], [110, 130, 90])
    for w, gains in Gramian().read().values():
        assert w.sum().item() == pytest.approx(1)
        torch.testing.assert_close(gains, K @ w)


def test_places_are_inside_the_picture():
    assert gramian.place((1 / 3, 1 / 3, 1 / 3)) == pytest.approx((170, 66 + 190 / 3**0.5), abs=0.1)
    assert gramian.place((1, 0, 0)) == (170, 66)
    for w in ((-388, 500, -111), (50, -20, -29), (0, 30, -29)):
        x, y = gramian.place(w)
        assert min(abs(x - 9), abs(x - 331), abs(y - 9), abs(y - 271)) < 0.1
        assert 9 <= x <= 331 and 9 <= y <= 271


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lengths": [1, 1, 3]}, r"lengths are three of 0.5, 1.0, 2.0, not \[1, 1, 3\]"),
        ({"angles": [90, 90]}, "angles are three of 30, 50"),
        ({"angles": [30, 130, 90]}, "no three vectors have the angles 30, 130, 90"),
        ({"angles": [130, 130, 130]}, "no three vectors have the angles"),
        ({"methods": ["MGDA", "SLAW"]}, r"methods are some of Static, MGDA, .* not \['MGDA', 'SLAW'\]"),
        ({"methods": ["MGDA", "MGDA"]}, "each once"),
    ],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Gramian(**arguments)


@pytest.mark.browser
@pytest.mark.skipif(not (CHROMIUM.exists() and DRIVER.exists()), reason="needs chromium and chromium-driver")
def test_the_numbers_in_the_browser_are_those_of_the_methods(show):
    states = list(itertools.product(([2, 1, 0.5], [0.5, 2, 0.5], [1, 1, 0.5]), POSSIBLE[::25]))
    widgets = [Gramian(*state) for state in states]
    widgets += [Gramian(*state, [*gramian.RULES]) for state in states[1::5]]
    browser = show(*widgets)
    for widget, root in zip(widgets, all_of(browser, ".mtl-gramian[role=group]"), strict=True):
        K = matrix(widget.lengths, widget.angles)
        cells = [float(cell.text.replace("−", "-")) for cell in all_of(root, ".mtl-heat")]
        assert cells == pytest.approx(K.flatten().tolist(), abs=0.0051)
        for name, (w, gains) in widget.read().items():
            text = one(root, f"tr[data-rule='{name}']").get_attribute("textContent").replace("−", "-")
            numbers = [float(found) for found in re.findall(r"-?\d+\.\d\d", text)]
            shown = torch.where((gains < 0) & (gains >= -0.005), gains.abs(), gains)
            size = w.abs().max().item()
            assert numbers == pytest.approx([*w.tolist(), *shown.tolist()], abs=0.0055 + 2e-4 * size)
            assert (one(root, f"[data-rule='{name}'] circle").get_attribute("class") == "mtl-curve") == (
                gramian.beyond(w)
            )
