"""The style's colours, the tables behind the widgets, and the html that they leave on a page."""

import base64
import html.parser
import io
import json
import re
import xml.etree.ElementTree as ET
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from mtlcore import METHODS, PCGrad, Projection, Static
from mtlcore.book import style
from mtlcore.book.widgets import (
    Explorer,
    Moments,
    Simplex,
    Temperature,
    Uncertainty,
    explorer,
    simplex,
    tables,
)
from mtlcore.methods.losses.rlw import DISTRIBUTIONS, draw

LIGHT, DARK = "#ffffff", ("#121212", "#14181e")
BOOK, LEFT_OUT = explorer._book()
TABLES = {name: table for name, (_, table) in BOOK.items()}
SEEING = [name for name, table in TABLES.items() if not table.draws]
RANDOM = [name for name, table in TABLES.items() if table.draws and len(table.draws[0]) > 1]
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
        found = look_up(TABLES[name], angle, lengths) * lengths
        assert np.abs(found - exact).max() <= bound * sum(lengths)


@pytest.mark.parametrize("name", SEEING)
def test_nodes_are_exact(name):
    rule, rng = METHODS[name](), np.random.default_rng(1)
    for i, j in rng.integers((len(tables.ANGLES), len(tables.PLACES)), size=(10, 2)):
        share = tables.shares(tables.ANGLES[i])[j]
        lengths = 3 * np.array([share, 1 - share])
        polar = np.stack([[0, tables.ANGLES[i]], lengths], 1)
        exact = tables.answer(rule, tables.gradients(polar)).numpy()
        assert np.allclose(look_up(TABLES[name], tables.ANGLES[i], lengths), exact, atol=1e-9)


def test_a_switch_jumps_between_two_nodes_and_nowhere_else():
    before, after = (look_up(TABLES["CosSim"], angle, (1, 1))[1] for angle in (90, 90.02))
    assert (before, after) == (0.5, 0)


@pytest.mark.parametrize("name", SEEING)
@pytest.mark.parametrize("tasks", [2, 3])
def test_rules_know_no_axes_and_no_scale(name, tasks):
    if tasks == 3 and TABLES[name].three is None:
        pytest.skip("three gradients in a plane leave its answer open")
    rule, rng = METHODS[name](), np.random.default_rng(2)
    seeds = tables.fair_seeds(rule, tasks)
    for _ in range(5):
        polar = rng.uniform([0, 0.5], [360, 2], (tasks, 2))
        first = tables.expected(rule, tables.gradients(polar), seeds)
        for changed in (np.add(polar, [77, 0]), polar * [-1, 1], polar * [1, 2.5]):
            assert torch.allclose(tables.expected(rule, tables.gradients(changed), seeds), first)


@pytest.mark.parametrize("name", [name for name in SEEING if TABLES[name].three is not None])
def test_three_gradients_have_one_node_for_all_that_are_alike(name):
    table, rule, rng = TABLES[name], METHODS[name](), np.random.default_rng(3)
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


def test_every_method_is_shown_or_has_a_reason():
    equal = ("UW", "DWA", "IMTLL", "MOML", "GradNorm", "OLAux")
    assert {
        **dict.fromkeys(equal, "starts as EW"),
        "GradVac": "starts as PCGrad",
        "GradDrop": "acts on each coordinate alone",
    } == LEFT_OUT
    assert list(BOOK) == [name for name in METHODS if name not in LEFT_OUT]
    assert RANDOM == ["RLW", "RGW"]
    assert [name for name in SEEING if TABLES[name].three is None] == ["IMTLG"]
    line = Explorer().data["notes"][-1]
    assert line.startswith("Not shown: UW, DWA, IMTL-L, MOML, GradNorm, OL-AUX (starts as EW)")
    assert line in Explorer().html() and len(line) < 160


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
    assert len(TABLES["PCGrad"].alike) == len(TABLES["SLAW"].alike) == 6
    assert TABLES["Projection"].alike == TABLES["CosSim"].alike == [(0, 1, 2), (0, 2, 1)]


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


@pytest.mark.parametrize("name", RANDOM)
def test_random_weights_have_the_exact_mean(name):
    for tasks, fan in zip((2, 3), TABLES[name].draws, strict=True):
        assert fan.shape[1] == tasks and len(fan) >= 32
        assert np.allclose(fan.sum(1), 1) and np.allclose(fan.mean(0), 1 / tasks)
        assert fan.std() > 0.1


def test_a_rule_that_sees_the_jacobian_is_tabulated_by_direction():
    whole, weights = tables.tabulate(Projection(smoothing=0.5)), TABLES["Projection"]
    angles = np.deg2rad(tables.ANGLES)[:, None]
    x = weights.two[..., 0] + weights.two[..., 1] * np.cos(angles)
    y = weights.two[..., 1] * np.sin(angles)
    assert np.allclose(np.stack([x, y], 2), whole.two)


def test_scale_of_the_mean():
    identical = tables.gradients([(0, 1), (0, 1)])
    for name in ("Static", "SLAW", "PCGrad", "CosSim", "Projection"):
        assert torch.allclose(tables.answer(METHODS[name](), identical), torch.tensor(0.5).double())


class Page(html.parser.HTMLParser):
    """Tags with attributes, and the text of the scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


def drawing(text):
    """The picture of the first frame, an SVG document."""
    return base64.b64decode(re.search(r"data:image/svg\+xml;base64,([^\"]+)", text)[1]).decode()


@pytest.mark.parametrize(
    ("widget", "largest"),
    [
        (Explorer, 250_000),
        (Simplex, 250_000),
        (Uncertainty, 100_000),
        (Temperature, 100_000),
        (Moments, 150_000),
    ],
)
def test_html_is_whole_and_the_same_each_time(widget, largest):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    text = widget()._repr_mimebundle_()["text/html"]
    assert torch.equal(torch.get_rng_state(), state)
    assert text == widget().html()
    assert len(text) < largest
    bare = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.|\bsrc=.(?!data:)|\bhref=|@import|url\(| id=", bare)
    page = Page(text)
    assert not any("id" in attributes for _, attributes in page.tags)
    assert len(page.scripts) == 2 and "<" not in page.scripts[0]
    content = json.loads(page.scripts[0])
    assert "export default" in content["module"] and "data" in content["state"]
    (picture,) = (attributes for tag, attributes in page.tags if tag == "img")
    assert len(picture["alt"]) > 20
    assert ET.fromstring(drawing(text)).tag == "{http://www.w3.org/2000/svg}svg"


def test_first_frame_tells_the_story_without_a_script():
    text = Explorer().first_frame()
    assert "task 2 is made worse by EW, RLW, Projection" in text
    assert "-0.12" in text
    for label in ("g₁", "g₂", "SLAW", "PCGrad"):
        assert f">{label}</text>" in drawing(text)


def test_first_frame_says_when_no_update_improves_every_task():
    assert "shaded cone" in Explorer().first_frame()
    text = Explorer(gradients=[(0, 1), (120, 1), (240, 1)]).first_frame()
    assert "No update improves every task" in text and "fill-opacity" not in drawing(text)


def test_names_cannot_leave_their_place():
    text = Explorer(own={"</script><b>&": Static()}).html()
    page = Page(text)
    assert len(page.scripts) == 2 and "b" not in {tag for tag, _ in page.tags}
    assert json.loads(page.scripts[0])["state"]["shown"][-1] == "</script><b>&"


def test_bundle_serves_kernels_old_and_new():
    widget = Simplex()
    assert widget._ipython_display_ is None  # ipywidgets 7 would use it in place of the bundle
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()
    assert "export default" in widget.get_state()["_esm"] and ".mtl-widget" in widget.get_state()["_css"]


def test_read_is_what_the_methods_say():
    rows = Explorer(gradients=[(0, 1), (135, 1)]).read()
    root = 0.5**0.5
    assert np.allclose(rows.loc["Static"], [0.5, 0.5, (1 - root) / 2, root / 2, 0.38268, 0.38268])
    assert rows.loc["PCGrad", ["cosine 1", "cosine 2"]].min() > 0


def test_three_gradients_move_to_the_grid():
    explorer = Explorer(gradients=[(7, 1.3), (-20, 9), (100, 0.1)])
    assert explorer.gradients == [[0, 1], [345, 2], [105, 0.5]]
    explorer.gradients = [[370, 9], [100, 0.01]]
    assert explorer.gradients == [[10, 2], [100, 0.25]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gradients": [(0, 1)]}, "two or three"),
        ({"gradients": [(0, 1), (0, -1)]}, "positive"),
        ({"gradients": [(0, 1), (float("nan"), 1)]}, "finite"),
        ({"shown": ["SLAW", "Slaw"]}, "'Slaw'.*there are"),
    ],
)
def test_explorer_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Explorer(**arguments)


def test_rules_without_a_picture_are_refused():
    rule = Static()
    rule.sees = "weather"
    with pytest.raises(ValueError, match="sees 'weather'"):
        Explorer(own={"mine": rule})
    with pytest.raises(ValueError, match="mine acts on each coordinate alone"):
        Explorer(own={"mine": METHODS["GradDrop"]()})


def test_simplex_shows_the_methods_own_draws():
    data = Simplex().data
    for name, entry in zip(DISTRIBUTIONS, data["distributions"], strict=True):
        drawn = draw(name, 3, torch.Generator().manual_seed(0), simplex.SIMULATED)
        assert np.allclose(entry["draws"], drawn[:400, :2], atol=5e-4)
        assert np.allclose([sum(shares) for shares in entry["shares"]], 1, atol=5e-3)


@pytest.mark.parametrize(
    ("tasks", "factors"),
    [
        (2, (0.5195419722, 0.6368381540, 0.6666666667, 0.8333333333, 1)),
        (3, (0.3512441661, 0.4815657208, 0.5, 0.6904761905, 1)),
    ],
)
def test_noise_factors(tasks, factors):
    for name, factor in zip(DISTRIBUTIONS, factors, strict=True):
        tolerance = 1e-9 if name in simplex.EXACT else 2e-3
        assert simplex.noise_factor(name, tasks) == pytest.approx(factor, abs=tolerance)
        drawn = draw(name, tasks, torch.Generator().manual_seed(1), 20_000)
        assert drawn.square().sum(1).mean() == pytest.approx(factor, abs=5e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distribution": "gamma"}, "gamma"),
        ({"tasks": 4}, "one of.*not 4"),
        ({"count": 0}, "between 1 and 400"),
    ],
)
def test_simplex_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Simplex(**arguments)
