"""The figures on both pages: colours that stand out, no transparency, letters that a phone can show."""

from itertools import combinations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.text import Text

from mtlcore import methods
from mtlcore.book import _colour, figures, style, toys

TASKS = {"slow": toys.quadratic([1, 0], [1, 4], 30), "quick": toys.quadratic([-1, 0.5], [9, 1], -20)}
NAMES = ("Static", "SLAW", "PCGrad")
BOX = {"x": (-2.0, 2.0), "y": (-1.2, 2.2)}


def descents():
    paths = {name: toys.descend(TASKS, methods.make(name), [1.5, 2.0], 0.05, 20) for name in NAMES}
    return figures.descents(TASKS, paths, **BOX)


def contours():
    figure, ax = plt.subplots()
    figures.contours(ax, TASKS, **BOX)
    return figure


def rows():
    return pd.DataFrame(
        [(name, seed, x, x + seed + i) for i, name in enumerate(NAMES) for seed in (0, 1) for x in (1, 2, 4)],
        columns=["method", "seed", "epoch", "value"],
    )


def learning_curves():
    figure, ax = plt.subplots()
    figures.learning_curves(rows(), "value", dict.fromkeys(NAMES, "-"), ax)
    figures.label_lines(ax)
    return figure


def costs():
    return figures.costs(rows().query("seed == 0"), {name: name.lower() for name in NAMES}, "epoch", "value")


def forest():
    gaps = pd.DataFrame({"mean": [1.0, -0.5, 0.2], "interval": [0.3, 0.1, float("nan")]})
    gaps.index = pd.MultiIndex.from_tuples([("one", "SLAW"), ("one", "PCGrad"), ("two", "SLAW")])
    return figures.forest(gaps, "difference in %")


def grid():
    return figures.grid(["loss", "error"], ["first", "second"])[0]


DRAWN = (contours, costs, descents, forest, grid, learning_curves, figures.two_ways)
each = pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)


@pytest.fixture
def drawn(draw):
    with plt.rc_context():
        style.use()
        figure = draw()
        figure.draw_without_rendering()
        yield figure
        plt.close(figure)


def artists(figure):
    """What an axes shows of its own: no grid, which may be faint."""
    grids = {line for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for line in axis.get_gridlines()}
    found = [a for ax in figure.axes for a in ax.findobj() if a.get_visible() and a not in grids]
    return [a for a in found if a not in {ax.patch for ax in figure.axes}]


def colours(artist):
    for name in ("get_color", "get_edgecolor"):
        value = getattr(artist, name, lambda: None)()
        if value is not None and not isinstance(value, str | tuple):
            return [to_hex(row) for row in value]
        if value is not None:
            return [to_hex(value)]
    return []


@each
def test_nothing_is_told_apart_by_transparency(drawn):
    shown = artists(drawn)
    assert len(shown) > 10
    assert [a for a in shown if a.get_alpha() not in (None, 1)] == []
    found = {colour for a in shown for colour in colours(a)} - {"#000000"}
    assert found and [c for c in found if not _colour.is_readable_light(c)] == []


@each
def test_letters_are_ten_pixels_high_on_a_phone(drawn):
    small = 10 / (340 / (72 * drawn.get_figwidth()))
    texts = [t for t in drawn.findobj(Text) if t.get_text() and t.get_visible()]
    assert texts and [t.get_text() for t in texts if t.get_fontsize() < small] == []


@pytest.mark.parametrize("draw", [contours, descents], ids=lambda draw: draw.__name__)
def test_every_task_has_its_name_on_its_lines_and_off_the_paths(drawn):
    names = {t.get_text(): t for t in drawn.axes[0].texts}
    assert set(names) == set(TASKS)
    for i, name in enumerate(TASKS):
        assert to_hex(names[name].get_color()) == style.task_color(i)
    boxes = [t.get_window_extent() for t in names.values()]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    path = [drawn.axes[0].transData.transform(line.get_xydata()) for line in drawn.axes[0].get_lines()]
    assert not any(box.contains(*point) for box in boxes for points in path for point in points)


def test_labels_at_the_ends_of_lines_do_not_touch():
    with plt.rc_context():
        style.use()
        figure, ax = plt.subplots()
        for i, end in enumerate((1.0, 1.01, 1.02, 3.0)):
            ax.plot([0, 1, 2], [0, end, float("nan")], color=style.task_color(i), label=f"line {i}")
        figures.label_lines(ax)
        figure.draw_without_rendering()
        boxes = [t.get_window_extent() for t in ax.texts]
        assert [t.get_text() for t in ax.texts] == [f"line {i}" for i in range(4)]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
        assert all(box.x1 <= figure.bbox.x1 for box in boxes)
        plt.close(figure)


def test_lines_without_labels_are_refused():
    ax = plt.figure().subplots()
    ax.plot([0, 1], [0, 1])
    with pytest.raises(ValueError, match="no line with a label"):
        figures.label_lines(ax)
    plt.close(ax.figure)


def test_the_mean_of_the_seeds_is_the_thick_line():
    ax = learning_curves().axes[0]
    thick = next(line for line in ax.get_lines() if line.get_label() == style.label("Static"))
    torch.testing.assert_close(list(thick.get_ydata()), [1.5, 2.5, 4.5])
    assert thick.get_linewidth() > 2 * ax.get_lines()[0].get_linewidth()
    plt.close(ax.figure)
