"""What a chart shows is what is in the data: read back from the picture, no value is moved or left out."""

import itertools
import re

import numpy as np
import pytest
from helpers.browser import CHROMIUM, DRIVER, all_of
from helpers.pages import drawing

from mtlcore.book import widgets
from mtlcore.book.widgets import (
    base,
    compromise,
    coordinates,
    moments,
    rebound,
    samples,
    temperature,
    uncertainty,
)

WIDGETS = {name: getattr(widgets, name) for name in widgets.__all__}
READ = """
const curves = ".mtl-curve:not(.mtl-coming), .mtl-band";
return [...arguments[0].querySelectorAll("svg")].map((svg) => ({
  texts: [...svg.querySelectorAll("text")].map((text) =>
    [text.textContent, text.getAttribute("text-anchor"), +text.getAttribute("x"), +text.getAttribute("y")]),
  height: +svg.getAttribute("viewBox").split(" ")[3],
  lines: [...svg.querySelectorAll(curves)].map((line) => line.getAttribute("d")),
  dots: [...svg.querySelectorAll(".mtl-dot")]
    .map((dot) => [+dot.getAttribute("cx"), +dot.getAttribute("cy")]),
}));
"""


CHOSEN = {
    name: [n for n, trait in widget.class_traits(sync=True).items() if isinstance(trait, base.Choice)]
    for name, widget in WIDGETS.items()
}
MORE = {
    "Uncertainty": {"losses": [[a, 10 / a] for a in (0.01, 0.1, 1.0, 10.0, 100.0)]},
    "Lag": {"step": [0, 100, 117, 300]},
    "Rebound": {"step": [0, 3, 117, 118, 150, 300]},
    "Compromise": {"angle": [30, 110, 170], "c": [0, 0.4, 20]},
    "Fairness": {"alpha": [0.02, 1, 100]},
    "Trial": {"batch": [0, 210, 310, 350]},
    "Samples": {"step": [0, 3, 20]},
    "Coordinates": {"draw": [1, 2, 60]},
}
"""Values of what is not a choice."""


def states(widget):
    """A widget in every combination of its choices, and of what ``MORE`` lists."""
    name = widget.__name__
    values = {choice: getattr(widget, choice).values for choice in CHOSEN[name]} | MORE.get(name, {})
    return [widget(**dict(zip(values, each, strict=True))) for each in itertools.product(*values.values())]


def value(text):
    """The number that a tick says."""
    text = text.replace("−", "-").removesuffix(" %")
    if re.fullmatch(r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", text):
        return float("1e" + text[2:].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return float(text)


def scale(ticks):
    """The function from places in the picture to values, and the slack of a comparison.

    The axis is linear, or else logarithmic, by all its ticks.
    """
    places, values = np.array(sorted(ticks)).T
    linear = np.polyfit(places, values, 1)
    if np.allclose(np.polyval(linear, places), values, atol=0.02 * np.ptp(values)):
        return lambda place: np.polyval(linear, place), 1e-3 * np.ptp(values)
    bent = np.polyfit(places, np.log(values), 1)
    assert np.allclose(np.polyval(bent, places), np.log(values), atol=0.02 * np.ptp(np.log(values)))
    return lambda place: np.exp(np.polyval(bent, place)), 0


def axes(texts):
    """The scales of a chart's axes, from the texts below and to the left of it."""
    number = re.compile(r"−?\d[\d.]*[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]*( %)?")
    ticks = [(anchor, x, y, value(text)) for text, anchor, x, y in texts if number.fullmatch(text)]
    left = [(y - 4, v) for anchor, x, y, v in ticks if anchor == "end" and x < 48]
    below = [(x, v) for anchor, x, y, v in ticks if anchor == "middle"]
    return scale(below), scale(left)


def numbers(path):
    return np.array(re.findall(r"-?\d[\d.]*(?:e-?\d+)?", path), dtype=float).reshape(-1, 2)


def moments_of(shown):
    data = shown.data["series"][moments.key(shown.stream, shown.trained_with, shown.init, shown.beta)]
    times, losses = shown.data["times"], []
    for loss, mean, deviation in zip(data["loss"], data["mean"], data["deviation"], strict=True):
        band = [*zip(times, np.add(mean, deviation), strict=True)]
        band += reversed([*zip(times, np.subtract(mean, deviation), strict=True)])
        losses += [band, [*zip(times, loss, strict=True)], [*zip(times, mean, strict=True)]]
    spreads, weights = (
        [[*zip(times, data[name][task], strict=True)] for task in (0, 1) for name in names]
        for names in (("norm", "deviation"), ("true", "weight"))
    )
    return [(losses, []), (spreads, []), (weights, [])]


def temperature_of(shown):
    entry = shown.data["streams"][list(temperature.STREAMS).index(shown.stream)]
    epochs, times = range(1, temperature.EPOCHS + 1), shown.data["times"]
    weights = entry["weights"][shown.pace][temperature.TEMPERATURES.index(shown.temperature)]
    pairs = (epochs, entry["losses"]), (times, weights)
    return [([[*zip(x, values, strict=True)] for values in tasks], []) for x, tasks in pairs]


def uncertainty_of(shown):
    nodes = shown.data["rules"][list(uncertainty.RULES).index(shown.rule)]["nodes"]
    chosen = [nodes[uncertainty.LOSSES.tolist().index(loss)] for loss in shown.losses]
    weights = [[*zip(uncertainty.LOSSES, [node["weight"] for node in nodes], strict=True)]]
    return [
        ([node["curve"] for node in chosen], [(node["s"], node["height"]) for node in chosen]),
        (weights, [(loss, node["weight"]) for loss, node in zip(shown.losses, chosen, strict=True)]),
    ]


def rebound_of(shown):
    run, t = shown.data["runs"][rebound.FLOORS.index(shown.floor)], shown.step
    path = [*zip(run["theta"], run["loss"], strict=True)]
    lines = [path[max(0, t - 3) : t + 1], *([*enumerate(run[name][: t + 1])] for name in ("loss", "weight"))]
    return [([line], [line[-1]]) for line in lines]


def lag_of(shown):
    series, t = shown.read(), shown.step
    charts = []
    for solid, dashed in (("weight", "exact"), ("norm", "target")):
        lines = [[*enumerate(series[name][task])] for task in (0, 1) for name in (dashed, solid)]
        charts.append((lines, [(t, series[solid][task][t]) for task in (0, 1)]))
    return charts


def ball_of(shown):
    entry = next(entry for entry in shown.data["losses"] if entry["name"] == shown.loss)
    at = shown.data["radii"].index(shown.radius)
    curve = [*zip(shown.data["radii"], entry["exact"], strict=True)]
    return [([], []), ([], []), ([curve], [(shown.radius, entry["sampled"][at])])]


def trial_of(shown):
    angles, at = shown.data["angles"], shown.data["angles"].index(shown.batch)
    gains = shown.data["gains"]
    ends = [(angles[at], task[at]) for task in gains]
    return [([], []), ([[*zip(angles, task, strict=True)] for task in gains], ends)]


def compromise_of(shown):
    entry = shown.read()
    flat = [[(end, entry["rules"][name]["gain"]) for end in (0, 1)] for name in ("MGDA", "IMTLG")]
    line = [(c / (1 + c), value) for c, value in zip(compromise.RADII, entry["gain"], strict=True)]
    return [([], []), ([*flat, line], [line[compromise.RADII.index(shown.c)]])]


def fairness_of(shown):
    entry, at = shown.read(), shown.data["alphas"].index(shown.alpha) + 1
    places = [0, *(alpha / (1 + alpha) for alpha in shown.data["alphas"]), 1]
    lines = [[*zip(places, gains, strict=True)] for gains in zip(*entry["gains"], strict=True)]
    return [([], []), (lines, [line[at] for line in lines])]


def samples_of(shown):
    line = [*enumerate(shown.data["shares"][[*samples.SIMILARITIES].index(shown.similarity)])]
    return [([], []), ([line], [line[shown.step]]), ([], [])]


def coordinates_of(shown):
    errors = coordinates.errors(shown.example, shown.leak)[: shown.draw]
    line = [*enumerate(errors, start=1)]
    return [([], []), ([line], [line[-1]])]


DATA = {
    "Moments": moments_of,
    "Temperature": temperature_of,
    "Uncertainty": uncertainty_of,
    "Lag": lag_of,
    "Rebound": rebound_of,
    "Ball": ball_of,
    "Trial": trial_of,
    "Compromise": compromise_of,
    "Fairness": fairness_of,
    "Samples": samples_of,
    "Coordinates": coordinates_of,
}
"""The lines and the dots of each chart of a widget, as the data have them."""


def close(axes, drawn, expected):
    """Whether places in the picture are those of the expected points."""
    places, points = (np.asarray(each, dtype=float).reshape(-1, 2).T for each in (drawn, expected))
    return places.shape == points.shape and all(
        np.allclose(read(place), value, rtol=5e-3, atol=slack)
        for (read, slack), place, value in zip(axes, places, points, strict=True)
    )


def test_every_widget_with_a_chart_is_compared():
    with_chart = {n for n, widget in WIDGETS.items() if "function chart(" in str(widget._esm)}
    assert with_chart == set(DATA)


@pytest.mark.browser
@pytest.mark.skipif(not (CHROMIUM.exists() and DRIVER.exists()), reason="needs chromium and chromium-driver")
@pytest.mark.parametrize("name", DATA)
def test_the_picture_shows_the_data_in_every_state(show, name):
    shown = states(WIDGETS[name])
    browser = show(*shown)
    for widget, root in zip(shown, all_of(browser, "[role=group].mtl-widget"), strict=True):
        charts = browser.execute_script(READ, root)
        for chart, (lines, dots) in zip(charts, DATA[name](widget), strict=True):
            if not (lines or dots):
                continue
            read = axes(chart["texts"])
            assert len(chart["lines"]) == len(lines) and len(chart["dots"]) == len(dots)
            for drawn, line in zip(chart["lines"], lines, strict=True):
                assert close(read, numbers(drawn), line), (widget.get_state(CHOSEN[name]), chart["texts"])
            assert close(read, chart["dots"], dots), (widget.get_state(CHOSEN[name]), chart["texts"])
            places = [place for line in chart["lines"] for place in numbers(line)] + chart["dots"]
            assert np.min(places, 0)[1] > 19.9 and np.max(places, 0)[1] < chart["height"] - 44.9


@pytest.mark.parametrize("name", DATA)
def test_the_first_frame_stays_inside_its_axes(name):
    for widget in states(WIDGETS[name]):
        paths = re.findall(r'<path d="(M[^"HZ]*)" fill="none"', drawing(widget.first_frame()))
        assert paths
        for path in paths:
            x, y = numbers(path).T
            assert x.min() >= 48 and x.max() <= 345 and y.min() >= 20 and y.max() <= 195
