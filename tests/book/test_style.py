"""The looks of the methods: colours that differ and stand out, labels that tell methods apart."""

import io
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mtlcore import METHODS
from mtlcore.book import _colour, style
from mtlcore.experiments import EXPERIMENTS

FAMILIES = list(dict.fromkeys(method.family for method in METHODS.values()))


def test_every_line_is_of_a_method_and_has_its_own_colours():
    looks = style.LOOKS.values()
    assert set(style.LOOKS) <= set(METHODS)
    assert len({look.light for look in looks}) == len({look.dark for look in looks}) == len(looks)


@pytest.mark.parametrize("family", FAMILIES)
def test_members_of_a_family_differ_in_dash_or_marker(family):
    looks = [look for name, look in style.LOOKS.items() if METHODS[name].family == family]
    assert len({(look.dash, look.marker) for look in looks}) == len(looks)


def test_colours_stand_out_on_both_pages():
    tasks = [style.MAIN_TASK, style.AUXILIARY_TASK, *style.TASKS]
    looks = [*style.LOOKS.values(), style.OWN]
    for light, dark in [*((look.light, look.dark) for look in looks), *tasks]:
        assert _colour.is_readable_light(light) and _colour.is_readable_dark(dark)
    pages = (_colour.LIGHT_PAGE, *_colour.DARK_PAGES)
    assert min(_colour.contrast(style.INK, page) for page in pages) >= 4


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_tasks_differ_from_every_method_and_widely_from_each_other(dark):
    tasks = [style.task_color(i, dark) for i in range(3)]
    methods = [style.color(name, dark) for name in style.LOOKS]
    assert min(_colour.nearest(task, methods) for task in tasks) > _colour.DISTANCE
    assert min(_colour.distance(a, b) for a, b in combinations(tasks, 2)) > 3 * _colour.DISTANCE


def test_criteria_are_those_that_they_were():
    assert (_colour.CONTRAST, _colour.DARK_CONTRAST, _colour.DISTANCE) == (3, 4.5, 0.035)
    assert _colour.contrast("#ffffff", "#000000") == pytest.approx(21)
    red, green = "#c43c39", "#5f7a20"
    apart = {
        name: np.linalg.norm(np.subtract(*(_colour.oklab(view @ _colour.linear(c)) for c in (red, green))))
        for name, view in _colour.VIEWS.items()
    }
    assert apart["all"] > 2 * apart["deuteranopia"]
    assert _colour.distance(red, green) == pytest.approx(min(apart.values()))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", _colour.VIEWS)
def test_families_differ_to_colour_blind_eyes(view, dark):
    names = [name for name in style.LOOKS if name not in style.BASELINES]
    for a, b in combinations(names, 2):
        if METHODS[a].family != METHODS[b].family:
            seen = [
                _colour.oklab(_colour.VIEWS[view] @ _colour.linear(style.color(name, dark)))
                for name in (a, b)
            ]
            assert np.linalg.norm(seen[0] - seen[1]) > _colour.DISTANCE, (a, b)


@pytest.mark.parametrize("color", ["#3a5be4", "#d04e03", "#02815d"])
def test_oklch_there_and_back(color):
    assert _colour.from_oklch(*_colour.to_oklch(color)) == color


def test_no_hex_colour_outside_srgb():
    assert _colour.from_oklch(0.6, 0.4, 200) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_proposed_colours_are_legal(family):
    others = [
        look
        for name, look in style.LOOKS.items()
        if METHODS[name].family != family and name not in style.BASELINES
    ]
    proposed = style.propose(family)
    assert len(proposed) == len(set(proposed)) == 5
    for light, dark in proposed:
        assert _colour.is_readable_light(light) and _colour.is_readable_dark(dark)
        assert _colour.nearest(light, [look.light for look in others]) > _colour.DISTANCE
        assert _colour.nearest(dark, [look.dark for look in others]) > _colour.DISTANCE
        assert _colour.nearest(light, [pair[0] for pair in style.TASKS]) > _colour.DISTANCE
        assert _colour.nearest(dark, [pair[1] for pair in style.TASKS]) > _colour.DISTANCE
        assert light not in [look.light for look in style.LOOKS.values()]
        assert dark not in [look.dark for look in style.LOOKS.values()]


def test_proposals_are_for_a_family():
    with pytest.raises(ValueError, match=r"family called 'loss'.*losses"):
        style.propose("loss")


def test_a_method_without_a_line_has_a_look(monkeypatch):
    monkeypatch.delitem(style.LOOKS, "CAGrad")
    assert style.look("CAGrad") == style.OWN._replace(label="CAGrad")
    assert style.look("CAGrad(c=0.1)").label == "CAGrad (c = 0.1)"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Static", "EW"),
        ("Static(scale='sum')", "EW (sum)"),
        ("Static(weights=(1.0, 0.25, 1/9))".replace("1/9", repr(1 / 9)), "Fixed weights (1, 0.25, 0.111)"),
        ("Static(weights=(1, 2, 3, 4, 5))", "Fixed weights (1, 2, …, 5)"),
        ("GradNorm(alpha=0.12)", "GradNorm (α = 0.12)"),
        ("UW(init=-0.6931471805599453)", "UW (init = −0.693)"),
        ("UW(kind='classification', scale='sum')", "UW (classification, sum)"),
        ("Compose(RLW(scale='sum'), CAGrad)", "RLW (sum) + CAGrad"),
        ("Compose(DWA, MGDA(level='features'))", "DWA + MGDA (features)"),
    ],
)
def test_labels(text, label):
    assert style.label(text) == style.look(text).label == label


def test_labels_tell_the_methods_of_all_experiments_apart():
    texts = {
        str(config["method"])
        for experiment in EXPERIMENTS.values()
        for preset in experiment.presets
        for config in experiment.configurations(preset)
        if "method" in config and config["method"] not in experiment.not_methods
    }
    assert len({style.label(text) for text in texts}) == len(texts)


def test_a_look_is_that_of_the_class():
    assert style.look("GradNorm(alpha=0.12)")[1:] == style.LOOKS["GradNorm"][1:]
    both = style.look("Compose(RLW(scale='sum'), CAGrad)")
    assert both.light == style.color("CAGrad") and both.dash != style.LOOKS["CAGrad"].dash


@pytest.mark.parametrize("text", ["SLWA", "SLAW(", "SLAW.weights", "Compose(RLW, SLWA)", "1"])
def test_what_is_no_method_is_refused(text):
    with pytest.raises(ValueError, match="no method called"):
        style.look(text)


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
