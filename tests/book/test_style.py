"""The colours of the methods: distinct, with enough contrast, and apart for colour-blind readers."""

import io
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mtlcore import METHODS
from mtlcore.book import style

LIGHT, DARK = "#ffffff", ("#121212", "#14181e")
# Machado, Oliveira and Fernandes (2009), severity 1: protanopia and deuteranopia.
BLINDNESS = (
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
)


def linear(color):
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    bright, dim = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (first, second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def oklab(rgb):
    lms = [[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]]
    lab = [[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]]
    return lab @ np.cbrt(lms @ np.clip(rgb, 0, 1))


def test_every_method_has_its_own_colour():
    assert set(METHODS) <= set(style.LOOKS) and len(style.LOOKS) == 23
    assert len({look.light for look in style.LOOKS.values()}) == 23
    assert len({look.dark for look in style.LOOKS.values()}) == 23
    for family in {method.family for method in METHODS.values()}:
        looks = [style.LOOKS[name] for name, method in METHODS.items() if method.family == family]
        assert len({(look.dash, look.marker) for look in looks}) == len(looks)


def test_colours_stand_out_on_both_pages():
    tasks = [style.MAIN_TASK, style.AUXILIARY_TASK, *style.TASKS]
    pairs = [(look.light, look.dark) for look in style.LOOKS.values()] + tasks
    for light, dark in pairs:
        assert min(contrast(light, page) for page in (LIGHT, *DARK)) >= 3
        assert min(contrast(dark, page) for page in DARK) >= 4.5
    assert min(contrast(style.INK, page) for page in (LIGHT, *DARK)) >= 4


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", [np.eye(3), *BLINDNESS], ids=["all", "protanopia", "deuteranopia"])
def test_families_differ_to_colour_blind_eyes(view, dark):
    names = [name for name in METHODS if name not in ("SingleTask", "Static")]
    for a, b in combinations(names, 2):
        if METHODS[a].family != METHODS[b].family:
            seen = [oklab(view @ linear(style.color(name, dark))) for name in (a, b)]
            assert np.linalg.norm(seen[0] - seen[1]) > 0.035, (a, b)


def test_colours_by_name():
    assert style.color("SLAW") != style.color("SLAW", dark=True)
    assert style.color("main") == style.MAIN_TASK[0] != style.color("auxiliary")
    assert style.task_color(0) == style.task_color(3) != style.task_color(1)
    assert style.line("CosSim")["label"] == "CosSim"
    with pytest.raises(ValueError, match=r"SLWA.*SLAW"):
        style.color("SLWA")


def test_figures_are_transparent_and_the_same_each_time():
    with plt.rc_context():
        style.use()
        pictures = []
        for _ in range(2):
            figure, axes = plt.subplots()
            axes.plot([0, 1], [1, 0], **style.line("RLW"))
            file = io.StringIO()
            figure.savefig(file, format="svg", metadata={"Date": None})
            plt.close(figure)
            pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]
    assert "#ffffff" not in pictures[0] and style.color("RLW") in pictures[0]
