"""The widget of a pair of gradients: its table is what the methods say, and every arrow fits."""

import itertools
import re

import numpy as np
import pytest
import torch
from helpers.browser import CHROMIUM, DRIVER, all_of, one
from helpers.pages import drawing

import mtlcore as mtl
from mtlcore.book.widgets import Pair, pair, plane

METHODS = {
    "Projection": mtl.Projection,
    "CosSim": mtl.CosSim,
    "CosSim(weighted=True)": lambda lam: mtl.CosSim(lam=lam, weighted=True),
    "Orthogonal": mtl.Orthogonal,
}
STATES = [
    dict(zip(("view", "lam", "angle", "length"), state, strict=True))
    for state in itertools.product(pair.VIEWS, pair.LAMBDAS, (0, 37, 90, 133, 180, 270, 355), (0.2, 1.5))
]


@pytest.mark.parametrize("lam", pair.LAMBDAS)
@pytest.mark.parametrize("angle", [0, 40, 90, 91, 180, 270, 300])
def test_the_updates_are_those_of_the_methods_with_that_weight(lam, angle):
    turn = torch.deg2rad(torch.tensor(angle, dtype=torch.float64))
    g = torch.stack([pair.MAIN, 0.7 * torch.stack([turn.cos(), turn.sin()]).round(decimals=12)])
    arrows = Pair(angle, 0.7, lam, "update").arrows()
    for name, make in METHODS.items():
        torch.testing.assert_close(arrows[name], make(lam=lam).direction(g))
    torch.testing.assert_close(arrows["Static"], g[0] + lam * g[1])


def test_the_table_holds_for_every_length():
    for method in Pair().data["methods"]:
        for angle, length in itertools.product(range(0, 360, 15), (0.2, 1.1)):
            exact = Pair(angle, length).arrows()[method["name"]]
            assert np.allclose(np.multiply(method["parts"][angle], length), exact, atol=1e-4)


def test_four_methods_differ_in_the_two_half_planes():
    acute, obtuse = Pair(40, 1.0).arrows(), Pair(130, 1.0).arrows()
    for name in ("CosSim", "Static"):
        torch.testing.assert_close(acute["Projection"], acute[name])
    assert acute["CosSim(weighted=True)"].norm() == pytest.approx(np.cos(np.deg2rad(40)))
    assert obtuse["CosSim"].norm() == obtuse["CosSim(weighted=True)"].norm() == 0
    torch.testing.assert_close(obtuse["Projection"], obtuse["Orthogonal"])
    assert acute["Orthogonal"][0].abs() < 1e-12


def test_first_frame_has_the_arrows_and_their_numbers():
    text = Pair(130, 1.0, 2.0, "update").first_frame()
    for label in ("gₘ", "gₐ", "plain sum", "Projection", "CosSim, weighted"):
        assert f">{label}</text>" in drawing(text)
    assert "<td>-0.29</td><td>1.53</td>" in text
    for state in STATES:
        tips = re.findall(r'<path d="M170.0 170.0L([\d.-]+) ([\d.-]+)"', drawing(Pair(**state).first_frame()))
        assert len(tips) >= 6
        assert np.abs(np.array(tips, dtype=float) - plane.SIZE / 2).max() <= pair.ROOM + 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"angle": 360}, "angle lies between 0 and 359, not 360"),
        ({"length": 2}, r"length lies between 0.2 and 1.5, not 2"),
        ({"lam": 3}, "lam is one of 0.25, 0.5, 1.0, 2.0, not 3"),
    ],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Pair(**arguments)


TIPS = """
return [...arguments[0].querySelectorAll("svg [data-rule]:has(> .mtl-head)")].map((node) => {
  const head = node.querySelector(":scope > .mtl-head");
  const tip = head.tagName === "circle" ? [head.getAttribute("cx"), head.getAttribute("cy")]
    : head.getAttribute("d").slice(1).split("L")[0].split(" ");
  return [node.dataset.rule, tip.map(Number)];
});
"""


@pytest.mark.browser
@pytest.mark.skipif(not (CHROMIUM.exists() and DRIVER.exists()), reason="needs chromium and chromium-driver")
def test_the_arrows_in_the_browser_are_the_methods_and_none_is_cut(show):
    widgets = [Pair(**state) for state in STATES]
    browser = show(*widgets)
    for widget, root in zip(widgets, all_of(browser, ".mtl-pair[role=group]"), strict=True):
        exact = widget.arrows()
        if widget.view == "auxiliary":
            del exact["Static"]
        tips = {name: (np.array(tip) - 170) * [1, -1] for name, tip in browser.execute_script(TIPS, root)}
        assert tips.keys() == exact.keys()
        for name, tip in tips.items():
            assert np.abs(tip).max() <= pair.ROOM + 1
            assert np.allclose(tip, pair.scale(widget.view, widget.lam) * exact[name], atol=1.1)
            row = one(root, f"tr[data-rule='{name}']").get_attribute("textContent").replace("−", "-")
            numbers = [float(found) for found in re.findall(r"-?\d\.\d\d", row)]
            assert numbers == pytest.approx(exact[name].tolist(), abs=0.0051)
