"""What a widget draws is what is in its data and lies inside the picture; every widget is read back."""

import itertools

import numpy as np
import pytest
import torch
from helpers.browser import CHROMIUM, DRIVER, all_of

from mtlcore.book import widgets
from mtlcore.book.widgets import (
    Ball,
    Circle,
    Compromise,
    Coordinates,
    Descent,
    Explorer,
    Fairness,
    Gramian,
    Landscape,
    Orders,
    Pair,
    Samples,
    Simplex,
    Trial,
    WeightSlider,
    ball,
    circle,
    compromise,
    coordinates,
    fairness,
    gramian,
    ground,
    landscape,
    orders,
    pair,
    paths,
    plane,
    samples,
    simplex,
    tables,
    trial,
)
from mtlcore.experiments.projection import figure3 as rules

READ = """
const [root, selectors] = arguments;
const numbers = (node, names) => names.map((name) => +node.getAttribute(name));
const read = (node) => ({
  path: () => [...node.getAttribute("d").matchAll(/(-?[\\d.]+)[ ,](-?[\\d.]+)/g)]
    .flatMap(([, x, y]) => [+x, +y]),
  circle: () => numbers(node, ["cx", "cy"]),
  rect: () => numbers(node, ["y", "height"]),
  td: () => ["--from", "--to"].map((name) => +node.style.getPropertyValue(name)),
})[node.tagName.toLowerCase()]();
const outside = [...root.querySelectorAll("svg")].flatMap((svg) => {
  const frame = svg.viewBox.baseVal;
  return [...svg.querySelectorAll("path, circle, rect, line, text")].filter((node) => {
    if (node.closest(".mtl-handle") || !node.getClientRects().length) return false;
    const box = node.getBBox();
    return box.x < frame.x - 1 || box.y < frame.y - 1 || box.x + box.width > frame.x + frame.width + 1
      || box.y + box.height > frame.y + frame.height + 1;
  }).map((node) => node.outerHTML.slice(0, 200));
});
return [selectors.map((selector) => [...root.querySelectorAll(selector)].map(read)), outside];
"""
ONE = "svg [data-rule='{}']:not(.mtl-fan) > .mtl-head"
ALL = "svg [data-rule]:not(.mtl-fan) > .mtl-head"


def explorer_of(shown):
    rows = shown.read()
    vectors = tables.gradients(shown.gradients).numpy()
    fans = [table.draws[len(vectors) - 2] @ vectors for _, table in shown._rules.values() if table.draws]
    fans = np.concatenate([np.empty((0, 2)), *(fan for fan in fans if len(fan) > 1)])
    updates = rows[["x", "y"]].dropna().to_numpy()
    longest = np.linalg.norm([*updates, *fans], axis=1).max()
    scale = min(plane.UNIT, (plane.SIZE / 2 - 4) / longest)
    weights = rows.filter(like="weight").to_numpy().ravel()
    weights = weights[np.isfinite(weights)]
    low, high = min(0, weights.min()), max(1, weights.max())
    bars = [[min(0, w), max(0, w)] for w in weights]
    tips = zip(rows.index[rows["x"].notna()], plane.SIZE / 2 + scale * updates * [1, -1], strict=True)
    return {
        **{ONE.format(name): [tip] for name, tip in tips},
        ".mtl-tips": (plane.SIZE / 2 + scale * fans * [1, -1]).ravel(),
        ".mtl-weight": (np.array(bars) - low) / (high - low),
    }


def pair_of(shown):
    exact = shown.arrows()
    if shown.view == "auxiliary":
        del exact["Static"]
    tips = plane.SIZE / 2 + pair.scale(shown.view, shown.lam) * np.stack([*exact.values()]) * [1, -1]
    return {ALL: sorted(tips.tolist())}


def simplex_of(shown):
    entry = next(d for d in shown.data["distributions"] if d["name"] == shown.distribution)
    draws = np.array(entry["draws"][: shown.count])

    def place(weights):
        first, second = weights.T
        side, high = simplex.SIDE, simplex.HEIGHT
        return np.stack([40 + side * (first / 2 + 1 - first - second), 40 + high * (1 - first)], 1)

    shares = np.array(entry["shares"][simplex.TASKS.index(shown.tasks)])
    heights = shares / shares.max() * 86
    return {
        ".mtl-draws circle": sorted(place(np.unique(draws, axis=0)).tolist()),
        ".mtl-mean circle": place(draws.mean(0, keepdims=True)),
        ".mtl-column": np.stack([104 - heights, heights], 1),
    }


def ball_of(shown):
    entry = next(entry for entry in shown.data["losses"] if entry["name"] == shown.loss)
    shares = np.array(entry["shares"][ball.RADII.index(shown.radius)])
    heights = shares / (np.ceil(shares.max() * 20) / 20) * (125 - 20)
    points = 150 + 125 * shown.radius * np.array(shown.data["points"]) * [1, -1]
    assert shares.sum() == pytest.approx(1, abs=0.003)
    return {".mtl-draws circle": points, ".mtl-column": np.stack([125 - heights, heights], 1)}


def weight_of(shown):
    entry = next(entry for entry in shown.data["fronts"] if entry["name"] == shown.front)
    best = entry["minima"][round(100 * shown.weight)]
    every = [point for points in entry["minima"] for point in points]

    def losses(points):
        return [48, 280] + np.reshape(points, (-1, 2)) / entry["highest"] * [280, -260]

    return {
        ".mtl-plane .mtl-dot": [ground.place(point) for point in every],
        ".mtl-plane .mtl-knob": [ground.place(point) for point in best],
        ".mtl-panel .mtl-dot": losses([point[2:] for point in every]),
        ".mtl-panel .mtl-knob": losses([point[2:] for point in best]),
        ".mtl-cloud": losses(entry["cloud"]).ravel(),
        ".mtl-curve": losses(entry["front"]).ravel(),
    }


def descent_of(shown):
    found = [paths.look_up(shown.problem, name, shown.unit, shown.start) for name in shown.shown]
    places = [[ground.place(point) for point in path] for path in found]
    return {
        ".mtl-curve": [np.ravel(path) for path in places],
        "[data-rule] .mtl-dot": [path[shown.at] for path in places],
    }


def circle_of(shown):
    found = [circle.look_up(rule, shown.optimizer, shown.start) for rule in rules.RULES]
    return {".mtl-curve": [np.ravel([ground.place(point) for point in path]) for path in found]}


def landscape_of(shown):
    found = [landscape.look_up(name, shown.optimizer, shown.lr) for name in shown.shown]
    every = [path for paths_of_one in found for path in paths_of_one]
    return {".mtl-curve": [np.ravel([landscape.place(point) for point in path]) for path in every]}


def compromise_of(shown):
    entry = shown.read()
    updates = [entry["rules"][name]["d"] for name in compromise.LABELS]
    updates.append(entry["d"][compromise.RADII.index(shown.c)])
    reach = max(*np.linalg.norm(entry["gradients"], axis=1), (1 + shown.c) * entry["mean"])
    tips = plane.SIZE / 2 + compromise.REACH / reach * np.array(updates) * [1, -1]
    ball = plane.SIZE / 2 + compromise.REACH / reach * np.array(updates[0]) * [1, -1]
    return {ALL: sorted(tips.tolist()), ".mtl-plane .mtl-edge": [ball]}


def fairness_of(shown):
    entry, at = shown.read(), fairness.ALPHAS.index(shown.alpha) + 1
    reach = np.linalg.norm(entry["gradients"], axis=1).max()

    def places(points):
        return plane.SIZE / 2 + fairness.REACH / reach * np.array(points) * [1, -1]

    return {
        ONE.format("FairGrad"): [places(entry["d"][at])],
        ".mtl-plane .mtl-curve": [places(entry["d"]).ravel()],
        ".mtl-plane .mtl-dot": places(entry["marks"]),
        ".mtl-frame": [places(entry["gradients"]).ravel()],
    }


def trial_of(shown):
    at, row = trial.ANGLES.index(shown.batch), trial.BETAS.index(shown.beta)
    places = [*shown.data["ends"][at], shown.data["theta"]]
    return {
        ".mtl-plane .mtl-dot": [ground.place(point) for point in places],
        ".mtl-plane .mtl-knob": [ground.place(shown.data["steps"][row][at])],
    }


def gramian_of(shown):
    found = {name: gramian.place(w) for name, (w, _) in shown.read().items()}
    return {f"[data-rule='{name}'] circle": [point] for name, point in found.items()}


def orders_of(shown):
    found = shown.updates()
    given = shown.gradients()
    vectors = torch.stack([*found.values()])
    scale = orders.unit([*given, given.sum(0), *vectors])

    def places(points):
        return plane.SIZE / 2 + scale * points.numpy() * [1, -1]

    return {
        ONE.format("PCGrad"): places(found[shown.order][None]),
        ".mtl-draws circle": sorted(places(vectors).tolist()),
        ".mtl-mean circle": places(vectors.mean(0, keepdim=True)),
    }


def coordinates_of(shown):
    given, axis = coordinates.rows(shown.example), coordinates.HIGHEST
    columns = []
    for entries in given.T.tolist():
        tops = {True: 0.0, False: 0.0}
        for value in filter(None, entries):
            start, tops[value > 0] = tops[value > 0], tops[value > 0] + value
            columns.append([110 - 90 * max(start, start + value) / axis, 90 * abs(value) / axis])
        rising, falling = tops[True], -tops[False]
        share = 70 * rising / (rising + falling)
        columns.append([310 - share, share])
    uniform = coordinates.uniforms()[shown.draw - 1].numpy()
    across = 74 + 54 * np.arange(len(uniform))
    so_far = 110 - 90 * coordinates.means(shown.example, shown.leak)[shown.draw - 1].numpy() / axis
    diamonds = np.stack([across, so_far], 1)[:, None] + [[0, -7], [7, 0], [0, 7], [-7, 0]]
    return {
        ".mtl-column": columns,
        "circle.mtl-knob": np.stack([across, 310 - 70 * uniform], 1),
        ".mtl-so-far": diamonds.reshape(len(uniform), -1),
    }


def samples_of(shown):
    alignment, weights = shown.read()
    labels = np.array(samples.OWN)
    labels[shown.sample - 1] = samples.OWN[shown.sample - 1] if shown.label is None else shown.label
    across = 36 + (samples.INPUTS.numpy() + samples.EDGE) / (2 * samples.EDGE) * 314
    is_wrong = np.isin(np.arange(1, 13), samples.WRONG)
    points = np.stack([across, 130 - 40 * labels], 1)
    corners = points[is_wrong][:, None] + [[0, -7], [7, 0], [0, 7], [-7, 0]]
    longest = np.abs(alignment).max()
    heights = np.stack([32 * alignment / longest, 66 * weights], 1)
    bottoms = np.broadcast_to([320, 450], heights.shape)
    theta = samples.train(shown.similarity)[shown.step].theta
    found = samples.gradients(theta, torch.as_tensor(labels)).numpy()
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit = lengths if shown.similarity == "cosine" else lengths.max()
    tips = 104 + 84 * found / unit * [1, -1]
    line = samples.predict(theta, torch.tensor([-samples.EDGE, samples.EDGE])).numpy()
    return {
        ".mtl-plane .mtl-handle circle.mtl-dot": points[~is_wrong],
        ".mtl-plane .mtl-handle path.mtl-dot": corners.reshape(len(samples.WRONG), -1),
        ".mtl-plane [role=group] > .mtl-rule > .mtl-curve": [36, 130 - 40 * line[0], 350, 130 - 40 * line[1]],
        ".mtl-column": np.stack([bottoms - np.maximum(heights, 0), np.abs(heights)], -1).reshape(-1, 2),
        ".mtl-panel [data-sample] circle.mtl-dot": tips[~is_wrong],
    }


PLACES = [[[10, 2], [135, 0.95]], [[20, 2], [200, 0.25]], [[20, 1.4], [62, 1]], [[0, 2], [175, 1.9]]]
PLACES += [[[15, 2], [120, 1], [150, 1]], [[0, 2], [180, 2], [90, 0.5]]]
STATES = {
    "Explorer": (
        explorer_of,
        lambda: [Explorer(place, shown=[*Explorer()._rules]) for place in PLACES],
    ),
    "Pair": (
        pair_of,
        lambda: [
            Pair(angle, length, 2.0, view)
            for view, angle, length in itertools.product(pair.VIEWS, (0, 37, 133, 270), (0.2, 1.5))
        ],
    ),
    "Simplex": (
        simplex_of,
        lambda: [
            Simplex(name, tasks, count)
            for name in simplex.LABELS
            for tasks, count in ((2, 1), (3, 400), (40, 57))
        ],
    ),
    "Ball": (
        ball_of,
        lambda: [
            Ball(loss, radius) for loss, radius in itertools.product(ball.LOSSES, (0.03, 0.1, 0.4, 1.0))
        ],
    ),
    "WeightSlider": (
        weight_of,
        lambda: [
            WeightSlider(*state)
            for state in itertools.product(("convex", "not convex"), (0, 0.01, 0.5, 0.7, 1))
        ],
    ),
    "Circle": (
        circle_of,
        lambda: [Circle(start, name) for start in ((0.1, 1.9), (-1.5, -1)) for name in ("Adam", "SGD")],
    ),
    "Landscape": (
        landscape_of,
        lambda: [
            Landscape(optimizer, lr, names)
            for optimizer, lr in itertools.product(landscape.OPTIMIZERS, landscape.RATES)
            for names in (["Static", "MGDA"], ["RLW", "CAGrad"])
        ],
    ),
    "Compromise": (
        compromise_of,
        lambda: [
            Compromise(angle, length, c)
            for angle, length, c in itertools.product(
                (30, 100, 140, 170), compromise.LENGTHS, (0, 0.4, 3, 20)
            )
        ],
    ),
    "Fairness": (
        fairness_of,
        lambda: [
            Fairness(name, alpha) for name, alpha in itertools.product(fairness.SETS, (0.02, 1, 5, 100))
        ],
    ),
    "Trial": (
        trial_of,
        lambda: [Trial(batch, beta) for batch in (0, 150, 240, 330) for beta in trial.BETAS],
    ),
    "Gramian": (
        gramian_of,
        lambda: [
            Gramian(lengths, angles)
            for lengths, angles in itertools.product(
                ([2, 1, 0.5], [0.5, 0.5, 1]), ([110, 130, 90], [30, 150, 130], [110, 130, 110], [90, 90, 90])
            )
        ],
    ),
    "Orders": (
        orders_of,
        lambda: [
            Orders(*angles, length, order, orders.STEPS)
            for angles in ((135, 225), (45, 210), (30, 315), (0, 180))
            for length, order in ((1.0, "123"), (2.0, "321"), (0.5, "231"))
        ],
    ),
    "Coordinates": (
        coordinates_of,
        lambda: [
            Coordinates(example, leak, draw)
            for example, leak in itertools.product(coordinates.EXAMPLES, coordinates.LEAKS)
            for draw in (1, 2, 37, 60)
        ],
    ),
    "Samples": (
        samples_of,
        lambda: [
            Samples(similarity, step, *moved)
            for similarity, step, moved in itertools.product(
                samples.SIMILARITIES, (0, 7, 13, 20), ((3,), (1, 3), (9, -3), (12, -2.25))
            )
        ],
    ),
    "Descent": (
        descent_of,
        lambda: [
            Descent(problem, start, unit, paths.SHOWN, "PCGrad", at)
            for problem, start, (unit, at) in itertools.product(
                paths.PROBLEMS, ((-2, 2.2), (2, -1), (0.4, 1.8)), ((1, 0), (20, 2), (8, 15))
            )
        ],
    ),
}
"""What is expected of a widget, by selector, and the states that are looked at."""
CHARTS = {
    *("Ball", "Coordinates", "Lag", "Moments", "Rebound"),
    *("Samples", "Temperature", "Trial", "Uncertainty"),
}
"""Widgets whose charts ``test_chart`` reads back."""


def test_every_widget_is_read_back():
    assert STATES.keys() | CHARTS == set(widgets.__all__)


@pytest.mark.browser
@pytest.mark.skipif(not (CHROMIUM.exists() and DRIVER.exists()), reason="needs chromium and chromium-driver")
@pytest.mark.parametrize("name", STATES)
def test_the_picture_is_the_data_and_nothing_leaves_it(show, name):
    expected, make = STATES[name]
    shown = make()
    browser = show(*shown)
    roots = all_of(browser, f".mtl-{name.lower()}[role=group]")
    for widget, root in zip(shown, roots, strict=True):
        exact = expected(widget)
        drawn, outside = browser.execute_script(READ, root, [*exact])
        assert outside == [], widget
        for (selector, points), found in zip(exact.items(), drawn, strict=True):
            if "mtl-head" in selector:
                found = [each[:2] for each in found]
            if isinstance(points, list) and selector in (ALL, ".mtl-draws circle"):
                found = sorted(found)
            flat = np.concatenate([np.ravel(each) for each in found]) if found else np.empty(0)
            wanted = np.concatenate([np.ravel(each) for each in points]) if len(points) else np.empty(0)
            # Tables are interpolated, and arrows whose tips are within 3 pixels are drawn as one.
            slack = 0.02 if selector == ".mtl-weight" else 4 if "mtl-head" in selector else 0.2
            assert flat.shape == wanted.shape, (selector, flat.shape, wanted.shape)
            assert np.allclose(flat, wanted, atol=slack), (selector, np.abs(flat - wanted).max())
