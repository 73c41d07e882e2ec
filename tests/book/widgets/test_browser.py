"""The widgets in a real browser, with no kernel and no network."""

import re

import numpy as np
import pytest
from helpers.browser import CHROMIUM, DRIVER, all_of, arrows, one, press, row, says, wait
from selenium.webdriver import ActionChains, Keys

from mtlcore import Projection
from mtlcore.book import style, widgets
from mtlcore.book.widgets import (
    Ball,
    Circle,
    Compromise,
    Coordinates,
    Descent,
    Explorer,
    Fairness,
    Gramian,
    Lag,
    Landscape,
    Moments,
    Orders,
    Pair,
    Rebound,
    Samples,
    Simplex,
    Temperature,
    Uncertainty,
    WeightSlider,
    ball,
    circle,
    descent,
    explorer,
    landscape,
    paths,
    rebound,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM.exists() and DRIVER.exists()),
        reason=f"needs a browser: {CHROMIUM} and {DRIVER} (Debian: chromium, chromium-driver)",
    ),
]
SHOWN = list(explorer._book()[0])
WIDGETS = [getattr(widgets, name) for name in widgets.__all__]


def test_read_out_is_what_the_methods_say(show):
    rng = np.random.default_rng(0)
    states = [rng.uniform([0, 0.3], [360, 2], (2, 2)).round(1).tolist() for _ in range(6)]
    states += [[[0, 1], [90, 1.5]], [[30, 1], [210, 0.5]], [[80, 0.5], [80, 2]]]
    states += [rng.uniform([0, 0.3], [360, 2], (3, 2)).tolist() for _ in range(6)]
    widgets = [Explorer(state, shown=SHOWN) for state in states]
    own = {"smoothed": Projection(smoothing=0.5)}  # sees the Jacobian
    widgets += [Explorer(state, shown=["smoothed"], own=own) for state in (states[0], states[-1])]
    browser = show(*widgets)
    for widget, root in zip(widgets, all_of(browser, ".mtl-explorer[role=group]"), strict=True):
        exact = widget.read().drop(columns=["x", "y"]).loc[widget.shown]
        for name, numbers in exact.iterrows():
            assert row(root, name) == pytest.approx(list(numbers.dropna()), abs=0.013), (
                name,
                widget.gradients,
            )


def test_the_same_widget_many_times_on_one_page(show):
    browser = show(Explorer(), Simplex(), Explorer(), Simplex())
    first, second = all_of(browser, ".mtl-explorer[role=group]")
    press(first, "Opposite")
    assert row(first, "Static") != row(second, "Static")
    upper, lower = all_of(browser, ".mtl-simplex[role=group]")
    one(upper, "input[type=radio]").click()
    assert one(upper, ".mtl-chosen").text != one(lower, ".mtl-chosen").text


def test_mouse_drags_a_gradient(show):
    browser = show(Explorer())
    handle = all_of(browser, ".mtl-handle")[1]
    before, words = row(browser, "PCGrad"), one(browser, ".mtl-status").text
    ActionChains(browser).drag_and_drop_by_offset(handle, 60, -40).perform()
    assert row(browser, "PCGrad") != before
    assert one(browser, ".mtl-status").text != words
    moved = says(handle)
    ActionChains(browser).move_by_offset(50, 50).perform()
    assert says(handle) == moved  # let go


def test_finger_drags_a_gradient(show):
    browser = show(Explorer(), width=360, height=740)
    handle = all_of(browser, ".mtl-handle")[0]
    knob = one(handle, ".mtl-knob")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", knob)
    box = browser.execute_script("return arguments[0].getBoundingClientRect().toJSON()", knob)
    x, y, before = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, says(handle)
    scrolled = browser.execute_script("return scrollY")
    for kind, shift in (("Start", 0), ("Move", 20), ("Move", 60), ("End", None)):
        points = [] if shift is None else [{"x": x - shift, "y": y + shift}]
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert says(handle) != before
    assert browser.execute_script("return scrollY") == scrolled


def test_keys_turn_and_stretch_a_gradient(show):
    browser = show(Explorer(gradients=[(10, 1), (120, 1)]))
    handle = all_of(browser, ".mtl-handle")[0]
    browser.execute_script("arguments[0].focus()", handle)
    before = row(browser, "Static")
    for key, expected in (
        (Keys.LEFT, "angle 15 degrees, length 1.00"),
        (Keys.RIGHT, "angle 10 degrees, length 1.00"),
        (Keys.UP, "angle 10 degrees, length 1.10"),
        (Keys.DOWN, "angle 10 degrees, length 1.00"),
        (Keys.DOWN, "angle 10 degrees, length 0.90"),
    ):
        browser.switch_to.active_element.send_keys(key)
        assert says(handle) == expected
    assert row(browser, "Static") != before
    ring = one(handle, ".mtl-focus")
    assert ring.value_of_css_property("stroke") != "none"


def test_every_control_is_in_the_order_of_the_tab_key(show):
    browser = show(Explorer(), Simplex())
    seen = set()
    for _ in range(40):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.switch_to.active_element
        seen.add(active.get_attribute("aria-label") or active.text or active.get_attribute("type"))
    assert {"Gradient of task 1", "Gradient of task 2", "Conflict", "checkbox", "radio", "range"} <= seen


def test_methods_are_switched_on_and_off(show):
    browser = show(Explorer())
    box = one(browser, "tr[data-rule=SLAW] input")
    assert arrows(browser, "SLAW") and len(row(browser, "SLAW")) == 4
    box.click()
    assert not arrows(browser, "SLAW") and row(browser, "SLAW") == []
    box.send_keys(Keys.SPACE)
    assert arrows(browser, "SLAW")
    press(browser, "None")
    assert not all_of(browser, "svg [data-rule]")
    press(browser, "All")
    assert {n.get_attribute("data-rule") for n in all_of(browser, "svg [data-rule]")} == set(SHOWN)
    rays = one(browser, "svg [data-rule=RGW].mtl-fan .mtl-rays")
    assert rays.get_attribute("d").count("M") == 32


def test_third_task_comes_and_goes(show):
    browser = show(Explorer())
    hidden = all_of(browser, ".mtl-handle")[2]
    assert not hidden.is_displayed() and len(row(browser, "PCGrad")) == 4
    press(browser, "Third task")
    assert hidden.is_displayed() and len(row(browser, "PCGrad")) == 6
    browser.execute_script("arguments[0].focus()", hidden)
    before = row(browser, "PCGrad")
    browser.switch_to.active_element.send_keys(Keys.LEFT, Keys.UP)
    assert row(browser, "PCGrad") != before and "length 2.00" in says(hidden)
    press(browser, "Third task")
    assert len(row(browser, "PCGrad")) == 4


def test_words_say_where_every_task_improves(show):
    browser = show(Explorer())
    live = one(browser, "[role=status]")
    wait(browser, lambda: "made worse by EW" in live.get_attribute("textContent"))
    press(browser, "Opposite")
    assert "No update improves every task" in one(browser, ".mtl-status").text
    assert not all_of(browser, ".mtl-cone")
    wait(browser, lambda: "No update" in live.get_attribute("textContent"))
    press(browser, "Agreement")
    assert all_of(browser, ".mtl-cone") and not all_of(browser, ".mtl-worse")


def test_unit_length(show):
    browser = show(Explorer(shown=["Static", "SLAW"]))

    def ends():
        shafts = all_of(browser, "svg [data-rule] .mtl-shaft")
        ends = [[float(s.get_attribute(a)) - 170 for a in ("x2", "y2")] for s in shafts]
        return [float(np.hypot(*end)) for end in ends]

    assert max(ends()) - min(ends()) > 5
    press(browser, "Unit length")
    assert max(ends()) - min(ends()) < 0.01


@pytest.mark.parametrize("widget", WIDGETS)
def test_fits_a_phone(show, widget):
    browser = show(widget(), width=360, height=740)
    for text in ("All", "Third task") if widget is Explorer else ():
        press(browser, text)
    for box in (one(browser, "html"), *all_of(browser, ".mtl-panel, .mtl-plane")):
        assert box.get_property("scrollWidth") <= box.get_property("clientWidth")


def test_the_list_of_methods_is_whole_on_a_desktop(show):
    browser = show(Explorer(), width=1280)
    for _ in range(2):
        box = one(browser, ".mtl-scroll")
        assert box.get_property("scrollHeight") <= box.get_property("clientHeight")
        assert box.rect["height"] >= one(box, "table").rect["height"]
        press(browser, "Third task")


COUNT = """
const [root, handle, done] = [...arguments];
let made = 0;
const size = (node) => 1 + (node.querySelectorAll ? node.querySelectorAll("*").length : 0);
const observer = new MutationObserver((records) => records.forEach((record) => {
  record.addedNodes.forEach((node) => { made += size(node); });
}));
observer.observe(root, { childList: true, subtree: true });
const times = [];
for (let i = 0; i < 12; i += 1) {
  const start = performance.now();
  handle.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
  root.getBoundingClientRect();
  times.push(performance.now() - start);
}
setTimeout(() => { observer.disconnect(); done([made / 12, Math.min(...times)]); }, 50);
"""


def test_a_step_of_the_explorer_makes_few_nodes(show):
    """With all methods shown; by the clock a step is too noisy to test."""
    browser = show(Explorer(shown=SHOWN))
    root, handle = one(browser, ".mtl-explorer[role=group]"), all_of(browser, ".mtl-handle")[0]
    made, _ = browser.execute_async_script(COUNT, root, handle)
    assert 0 < made < 260


def test_labels_do_not_cover_one_another(show):
    browser = show(Explorer(shown=[*explorer.STORY, "SingleTask", "CosSim"]))
    for preset in ("Conflict", "Dominance", "Agreement", "Opposite"):
        press(browser, preset)
        boxes = [label.rect for label in all_of(browser, "svg .mtl-label text")]
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
                high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
                assert min(wide, high) < 4, preset


def drawn(browser):
    """Colours of the strokes and fills on the page, as hex."""
    found = browser.execute_script(
        """return [...document.querySelectorAll(".mtl-widget svg *")].flatMap((node) => {
          const style = getComputedStyle(node);
          return [style.stroke, style.fill];
        });"""
    )
    triples = (re.match(r"rgb\((\d+), (\d+), (\d+)\)$", colour) for colour in set(found))
    return {f"#{int(t[1]):02x}{int(t[2]):02x}{int(t[3]):02x}" for t in triples if t}


@pytest.mark.parametrize("widget", WIDGETS)
def test_dark_page_has_brighter_colours(show, widget):
    pairs = [*((look.light, look.dark) for look in style.LOOKS.values()), *style.TASKS]
    light, dark = map(set, zip(*pairs, strict=True))
    found = drawn(show(widget()))
    assert found & light and not found & dark
    browser = show(widget(), theme="dark")
    found = drawn(browser)
    assert found & dark and not found & light
    assert one(browser, ".mtl-widget").value_of_css_property("color") == "rgba(206, 214, 221, 1)"


@pytest.mark.parametrize("widget", WIDGETS)
def test_controls_and_pictures_have_names(show, widget):
    browser = show(widget())
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    controls, pictures = {"slider", "checkbox", "radio", "button"}, {"image", "img"}
    found = [node for node in nodes if node.get("role", {}).get("value") in {*controls, *pictures, "group"}]
    roles = {node["role"]["value"] for node in found}
    assert roles & controls and "group" in roles
    assert [node for node in found if not node.get("name", {}).get("value")] == []


def test_simplex_by_keyboard(show):
    browser = show(Simplex())
    chosen = all_of(browser, "input[type=radio]")[1]
    assert chosen.is_selected() and "0.48" in one(browser, ".mtl-chosen").text
    chosen.send_keys(Keys.DOWN)
    assert "Dirichlet" in one(browser, ".mtl-chosen").text
    draws, tasks = all_of(browser, "input[type=range]")
    columns = [c.get_attribute("height") for c in all_of(browser, ".mtl-column")]
    tasks.send_keys(Keys.RIGHT)
    assert tasks.get_attribute("aria-valuetext") == "5 tasks"
    assert "0.333" in one(browser, ".mtl-chosen").text
    assert [c.get_attribute("height") for c in all_of(browser, ".mtl-column")] != columns
    assert len(all_of(browser, ".mtl-draws circle")) > 350
    draws.send_keys(Keys.HOME)
    assert len(all_of(browser, ".mtl-draws circle")) == 1


def test_uncertainty_by_keyboard(show):
    browser = show(Uncertainty(losses=[1, 1]))
    status = one(browser, ".mtl-status")
    assert status.text == "Both tasks weigh the same."
    curves = [c.get_attribute("d") for c in all_of(browser, ".mtl-plane .mtl-curve")]
    _, second = all_of(browser, "input[type=range]")
    second.send_keys(*[Keys.LEFT] * 6)
    assert second.get_attribute("aria-valuetext") == "0.10"
    assert status.text == "Task 2 weighs 10.0 times as much as task 1."
    rows = [row.text.split() for row in all_of(browser, "tbody tr")]
    assert rows == [["task", "1", "0.00", "0.50", "0.50"], ["task", "2", "−2.30", "5.00", "0.50"]]
    moved = [c.get_attribute("d") for c in all_of(browser, ".mtl-plane .mtl-curve")]
    assert moved[0] == curves[0] and moved[1] != curves[1]
    all_of(browser, "input[type=radio]")[0].send_keys(Keys.LEFT)
    assert all_of(browser, "input[type=radio]")[2].is_selected()
    assert one(browser, "tbody tr").text.split()[2:] == ["0.00", "1.00", "1.00"]


def test_temperature_by_keyboard(show):
    browser = show(Temperature(), Temperature("noise", 0.1, "step"))
    first, second = all_of(browser, ".mtl-temperature[role=group]")
    assert [[r.is_selected() for r in all_of(w, "input[type=radio]")] for w in (first, second)] == [
        [True, False, False, True, False],
        [False, True, False, False, True],
    ]
    status, heat = one(first, ".mtl-status"), one(first, "input[type=range]")
    distance = re.compile(r"0\.\d+")
    before = float(distance.search(status.text)[0])
    heat.send_keys(Keys.LEFT)
    assert heat.get_attribute("aria-valuetext") == "τ = 1"
    assert float(distance.search(status.text)[0]) > 1.8 * before
    one(first, "input[type=radio]").send_keys(Keys.DOWN, Keys.DOWN)
    assert "0.000" in status.text
    assert distance.search(one(second, ".mtl-status").text)


def test_moments_by_keyboard(show):
    browser = show(Moments("level"), Moments())
    first, second = all_of(browser, ".mtl-moments[role=group]")
    kept = one(second, "tbody").text
    status, (beta, step) = one(first, ".mtl-status"), all_of(first, "input[type=range]")
    step.send_keys(Keys.HOME, *[Keys.RIGHT] * 9)
    assert step.get_attribute("aria-valuetext") == "step 100" and "Step 100" in status.text
    shown = Moments("level", init="zero", step=100)
    entry = shown.data["series"]["level constant zero 0.99"]
    all_of(first, "input[type=radio]")[5].send_keys(Keys.DOWN)
    cells = [row.text.split()[2:] for row in all_of(first, "tbody tr")]
    assert [float(row[4]) for row in cells] == [pytest.approx(w[9], abs=0.006) for w in entry["weight"]]
    weights = one(first, ".mtl-panel svg").get_attribute("innerHTML")
    beta.send_keys(Keys.LEFT)
    assert beta.get_attribute("aria-valuetext") == "β = 0.97"
    assert one(first, ".mtl-panel svg").get_attribute("innerHTML") != weights
    assert one(second, "tbody").text == kept


def test_ball_by_keyboard(show):
    browser = show(Ball(), Ball("linear", 0.3))
    first, second = all_of(browser, ".mtl-ball[role=group]")
    kept, radius = second.text, one(first, "input[type=range]")
    ring = float(one(first, "circle.mtl-edge").get_attribute("r"))
    radius.send_keys(Keys.HOME)
    assert radius.get_attribute("aria-valuetext") == "radius 0.03"
    assert float(one(first, "circle.mtl-edge").get_attribute("r")) == pytest.approx(0.03 * ring)
    assert one(first, ".mtl-status").text == (
        f"Radius 0.03: scaled deviation {2 / 0.03 * ball.deviation('quadratic', 0.03):.3f}, "
        "norm of the gradient 1.000."
    )
    all_of(first, "input[type=radio]")[1].send_keys(Keys.RIGHT)
    assert one(first, ".mtl-status").text.endswith("norm of the gradient 0.000.")
    assert one(first, ".mtl-gradient").text == "g = 0"
    assert second.text == kept


def test_rebound_plays_and_stops(show):
    browser = show(Rebound(step=298), Rebound(0.1, 5))
    first, second = all_of(browser, ".mtl-rebound[role=group]")
    play, status = one(first, "button"), one(first, ".mtl-status")
    play.send_keys(Keys.ENTER)
    wait(browser, lambda: "Step 300" in status.text and "Play" in play.text)
    play.send_keys(Keys.ENTER)  # at the end it starts anew
    wait(browser, lambda: 1 < int(one(first, "output").text) < 298)
    play.send_keys(Keys.ENTER)
    kept = status.text
    one(second, "input[type=radio]").click()
    assert "weight 0.58" in one(second, ".mtl-status").text
    assert status.text == kept and "Play" in play.text


def test_rebound_by_keyboard(show):
    browser = show(Rebound())
    status, step = one(browser, ".mtl-status"), one(browser, "input[type=range]")
    assert "away from" in status.text
    step.send_keys(*[Keys.LEFT] * 8)
    assert step.get_attribute("aria-valuetext") == "step 72" and "towards" in status.text
    one(browser, "input[type=radio]").send_keys(Keys.LEFT)
    run = rebound.simulate(0.1)
    assert [cell.text for cell in all_of(browser, "td")][1:] == ["0.10", f"{run['weight'][72]:.2f}"]


def test_lag_plays_and_stops(show):
    browser = show(Lag(step=298), Lag(1.5, 0.05, "none", 7))
    first, second = all_of(browser, ".mtl-lag[role=group]")
    kept = one(second, "tbody").text
    play, status = one(first, "button"), one(first, ".mtl-status")
    play.send_keys(Keys.ENTER)
    wait(browser, lambda: "Step 300" in status.text and "Play" in play.text)
    play.send_keys(Keys.ENTER)  # at the end it starts anew
    wait(browser, lambda: 1 < int(one(first, ".mtl-plane output").text) < 298)
    play.send_keys(Keys.ENTER)
    assert "Play" in play.text and one(second, "tbody").text == kept


def test_lag_by_keyboard(show):
    browser = show(Lag())

    def cells():
        return [row.text.split()[2:] for row in all_of(browser, "tbody tr")]

    def exact(*state):
        return [[f"{value[task, state[-1]]:.2f}" for value in Lag(*state).read().values()] for task in (0, 1)]

    assert cells() == exact(0.0, 0.025, "unit", 110)
    step, rate = one(browser, ".mtl-plane input[type=range]"), one(browser, ".mtl-panel input[type=range]")
    step.send_keys(*[Keys.RIGHT] * 7)
    assert step.get_attribute("aria-valuetext") == "step 117" and cells() == exact(0.0, 0.025, "unit", 117)
    rate.send_keys(Keys.LEFT)
    assert rate.get_attribute("aria-valuetext") == "learning rate of the weights 0.005"
    assert cells() == exact(0.0, 0.005, "unit", 117)
    one(browser, "fieldset:nth-of-type(2) input:checked").send_keys(Keys.LEFT)
    assert cells() == exact(1.5, 0.005, "unit", 117)
    one(browser, "fieldset input:checked").send_keys(Keys.RIGHT)
    assert cells() == exact(1.5, 0.005, "none", 117)
    assert "Step 117" in one(browser, ".mtl-status").text


def shown_losses(browser):
    return {
        row.get_attribute("data-rule"): [cell.text for cell in all_of(row, "td")[:2]]
        for row in all_of(browser, "tbody tr")
        if one(row, "input").is_selected()
    }


@pytest.mark.parametrize("problem", paths.PROBLEMS)
def test_descent_shows_the_losses_of_the_stored_paths(show, problem):
    widgets = [
        Descent(problem, start, unit, paths.SHOWN) for start, unit in (((-1.6, 2.2), 1), ((2, -1), 20))
    ]
    browser = show(*widgets)
    for widget, root in zip(widgets, all_of(browser, ".mtl-descent[role=group]"), strict=True):
        ends = [paths.look_up(problem, name, widget.unit, widget.start)[-1] for name in paths.SHOWN]
        exact = [[f"{loss:.2f}" for loss in descent.losses(problem, end)] for end in ends]
        assert shown_losses(root) == dict(zip(paths.SHOWN, exact, strict=True))


def test_descent_by_mouse_and_keyboard(show):
    browser = show(Descent(), Explorer())
    root = one(browser, ".mtl-descent[role=group]")
    handle, before = one(root, ".mtl-handle"), shown_losses(root)
    assert list(before) == ["Static", "SLAW", "PCGrad"] and says(handle) == "x 0.4, y 1.8"
    ActionChains(browser).drag_and_drop_by_offset(handle, -85, 84).perform()
    assert says(handle) == "x −0.4, y 1.0" and shown_losses(root) != before
    browser.execute_script("arguments[0].focus()", handle)
    browser.switch_to.active_element.send_keys(Keys.RIGHT, Keys.RIGHT, Keys.UP, Keys.UP)
    assert says(handle) == "x 0.4, y 1.8" and shown_losses(root) == before
    browser.switch_to.active_element.send_keys(*[Keys.UP] * 3)
    assert says(handle) == "x 0.4, y 2.2"
    units, place = all_of(root, "input[type=range]")
    units.send_keys(Keys.LEFT)
    assert units.get_attribute("aria-valuetext") == "task 1 counted 3 times"
    place.send_keys(Keys.HOME)
    assert "after 0 steps" in one(root, ".mtl-status").text
    one(root, "tr[data-rule=MGDA] input").click()
    one(root, "tr[data-rule=MGDA] input[type=radio]").click()
    assert "MGDA after 0 steps" in one(root, ".mtl-status").text


def test_descent_hands_its_gradients_to_the_explorer(show):
    browser = show(Descent(), Explorer(), Explorer(gradients=[(15, 1), (45, 1), (90, 1)]))
    apart = re.search(r"(\d+)° apart", one(browser, ".mtl-descent .mtl-status").text)[1]
    press(browser, "Show these gradients in the explorer")
    for root in all_of(browser, ".mtl-explorer[role=group]"):
        assert abs(int(one(root, ".mtl-status").text.partition("°")[0]) - int(apart)) <= 1
        assert "2.00" in "".join(says(handle) for handle in all_of(root, ".mtl-handle")[:2])
    button = one(show(Descent(unit=20), Explorer()), ".mtl-descent button")
    assert not button.is_enabled() and button.text == "The explorer takes lengths up to 8 to 1"
    assert not one(show(Descent()), "button").is_displayed()


def test_circle_by_mouse_and_keyboard(show):
    browser = show(Circle())
    root = one(browser, ".mtl-circle[role=group]")

    def shown():
        return {row.get_attribute("data-rule"): row.text for row in all_of(root, "tbody tr")}

    def stored(optimizer, start):
        return {
            rule: [f"{value:.2f}".replace("-", "−") for value in circle.look_up(rule, optimizer, start)[-1]]
            for rule in ("SingleTask", "Static", "Projection")
        }

    handle = one(root, ".mtl-handle")
    assert says(handle) == "x 0.1, y 1.9"
    ActionChains(browser).drag_and_drop_by_offset(handle, -85, 85).perform()
    assert says(handle) == "x −0.7, y 1.1"
    for rule, end in stored("Adam", (-0.7, 1.1)).items():
        assert f"({', '.join(end)})" in shown()[rule]
    browser.execute_script("arguments[0].focus()", handle)
    browser.switch_to.active_element.send_keys(Keys.RIGHT, Keys.DOWN)
    assert says(handle) == "x −0.5, y 0.9"
    all_of(root, "input[type=radio]")[1].click()
    for rule, end in stored("SGD", (-0.5, 0.9)).items():
        assert f"({', '.join(end)})" in shown()[rule]


def test_weight_by_keyboard(show):
    browser = show(WeightSlider(), WeightSlider("not convex"))
    first, second = all_of(browser, ".mtl-weightslider[role=group]")
    losses = [float(row.text.split()[-1]) for row in all_of(first, "tbody tr")]
    assert losses[0] == losses[1]
    one(first, "input[type=range]").send_keys(Keys.RIGHT)
    assert float(one(first, "tbody tr").text.split()[-1]) < losses[0]
    assert "Two points are equally good" in one(second, ".mtl-status").text
    assert len(all_of(second, ".mtl-knob")) == 4
    one(second, "input[type=range]").send_keys(Keys.RIGHT)
    assert "(−0.96, 0.00)" in one(second, ".mtl-status").text
    one(second, "input[type=range]").send_keys(Keys.LEFT, Keys.LEFT)
    assert "(0.96, 0.00)" in one(second, ".mtl-status").text


def test_pair_by_mouse_and_keyboard(show):
    browser = show(Pair(), Pair(view="update"))
    first, second = all_of(browser, ".mtl-pair[role=group]")
    kept, handle, status = second.text, one(first, ".mtl-handle"), one(first, ".mtl-status")
    assert status.text == "130° apart: conflict. Dropped: CosSim, CosSim, weighted."
    browser.execute_script("arguments[0].focus()", handle)
    browser.switch_to.active_element.send_keys(*[Keys.RIGHT] * 9, Keys.DOWN)
    assert says(handle) == "angle 85 degrees, length 1.10"
    assert status.text == "85° apart: agreement. Kept whole: Projection, CosSim."
    ActionChains(browser).drag_and_drop_by_offset(handle, 0, 200).perform()
    assert "angle 27" in says(handle) and "conflict" not in status.text
    assert second.text == kept
    lam = one(second, "input[type=range]")
    before = row(second, "Static")
    lam.send_keys(Keys.RIGHT)
    assert lam.get_attribute("aria-valuetext") == "λ = 2" and row(second, "Static")[0] < 0 < before[0]
    assert not one(first, "input[type=range]").is_displayed()


def test_gramian_by_keyboard(show):
    browser = show(Gramian(), Gramian([1, 1, 1], [90, 90, 90]))
    first, second = all_of(browser, ".mtl-gramian[role=group]")
    kept, status = second.text, one(first, ".mtl-status")
    assert status.text == "Task 3 gets worse with EW, CAGrad."
    sliders = all_of(first, "input[type=range]")
    sliders[0].send_keys(Keys.LEFT, Keys.LEFT)
    assert sliders[0].get_attribute("aria-valuetext") == "length 0.5"
    assert row(first, "MGDA") != row(first, "IMTLG")
    sliders[3].send_keys(Keys.HOME)  # 30, 130 and 90 degrees do not exist
    says_now = [s.get_attribute("aria-valuetext") for s in sliders[3:]]
    assert says_now == ["30 degrees", "130 degrees", "110 degrees"]
    sliders[5].send_keys(Keys.END)
    assert [s.get_attribute("aria-valuetext") for s in sliders[3:]][2] == "150 degrees"
    shown = Gramian([0.5, 1, 0.5], [30, 130, 150]).read()
    for name, (w, gains) in shown.items():
        assert row(first, name) == pytest.approx([*w.tolist(), *gains.abs().tolist()], abs=0.0052) or any(
            gains < -0.005
        )
    assert second.text == kept


def test_compromise_by_keyboard(show):
    browser = show(Compromise(angle=140, length=3.0, c=0.4))
    status, (radius, angle) = one(browser, ".mtl-status"), all_of(browser, "input[type=range]")
    assert status.text == "CAGrad's step makes task 1 worse, as the mean does."
    radius.send_keys(*[Keys.RIGHT] * 2)
    assert radius.get_attribute("aria-valuetext") == "c = 0.6"
    assert status.text == "The mean makes task 1 worse, CAGrad no task."
    found = [cell.text.replace("−", "-") for cell in all_of(browser, "tbody td")]
    entry, at = Compromise(140, 3.0).read(), 7
    exact = [value for pair in zip(entry["w"][at], entry["products"][at], strict=True) for value in pair]
    assert found == [f"{value:.2f}" for value in exact]
    angle.send_keys(Keys.HOME)
    assert angle.get_attribute("aria-valuetext") == "30 degrees"
    all_of(browser, "input[type=radio]")[1].click()
    assert status.text == "Neither the mean nor CAGrad makes a task worse."


def test_fairness_by_mouse_and_keyboard(show):
    browser = show(Fairness("strong", 2))
    status, slider = one(browser, ".mtl-status"), one(browser, "input[type=range]")
    assert status.text.endswith("of task 3. The mean would harm task 3.")
    slider.send_keys(Keys.HOME)
    assert slider.get_attribute("aria-valuetext") == "α = 0.02"
    assert status.text.endswith("the least is 0.00, of task 3. The mean would harm task 3.")
    slider.send_keys(*[Keys.RIGHT] * 7)
    assert slider.get_attribute("aria-valuetext") == "α = 1"
    next(label for label in all_of(browser, "label") if label.text == "unequal lengths").click()
    assert "mean" not in status.text
    entry, at = Fairness("lengths", 1).read(), 8
    found = [cell.text for cell in all_of(browser, "tbody td:not([aria-hidden])")]
    pairs = zip(entry["w"][at], entry["gains"][at], strict=True)
    assert found == [f"{value:.2f}" for pair in pairs for value in pair]
    bars = all_of(browser, ".mtl-bar")
    widths = [float(re.search(r"--w: ([\d.]+)", bar.get_attribute("style"))[1]) for bar in bars]
    assert widths == pytest.approx([gain / 1.5 for gain in entry["gains"][at]])
    assert arrows(browser, "FairGrad")


def test_gramian_of_later_methods(show):
    browser = show(Gramian([1, 1, 1], [130, 110, 30], ["NashMTL", "AlignedMTL", "FairGrad", "UPGrad"]))
    assert one(browser, ".mtl-status").text == "No task gets worse with any of them."
    one(browser, "input[type=range]").send_keys(Keys.LEFT)
    shown = Gramian([0.5, 1, 1], [130, 110, 30], ["NashMTL", "AlignedMTL", "FairGrad", "UPGrad"]).read()
    for name, (w, gains) in shown.items():
        assert row(browser, name) == pytest.approx([*w.tolist(), *gains.tolist()], abs=0.0055)


def test_landscape_by_keyboard(show):
    browser = show(Landscape("Adam", 0.1, ["Static"]))
    assert len(all_of(browser, ".mtl-curve")) == 3
    one(browser, "tr[data-rule=MGDA] input").click()
    assert len(all_of(browser, ".mtl-curve")) == 6
    rate = one(browser, "input[type=range]")
    rate.send_keys(Keys.HOME)
    assert rate.get_attribute("aria-valuetext") == "learning rate 0.01"
    all_of(browser, "input[type=radio]")[0].click()
    stored = landscape.rows().query("name == 'MGDA' and optimizer == 'SGD' and lr == 0.01").iloc[0]
    cells = [cell.text for cell in all_of(browser, "tr[data-rule=MGDA] td")]
    assert cells == [landscape._text(stored[f"distance.{start}"]) for start in landscape.STARTS]
    assert one(browser, ".mtl-status").text.startswith("SGD at 0.01: 0 of 18 methods end within 0.1")


def sample_row(root, sample):
    return [cell.text for cell in all_of(root, f"tbody tr:nth-child({sample}) td")]


def exact_row(shown):
    alignment, weights = (float(values[shown.sample - 1]) for values in shown.read())
    return [
        f"{text}".replace("-", "−") for text in (f"{shown.label:.2f}", f"{alignment:.3f}", f"{weights:.2f}")
    ]


def test_samples_by_mouse_and_keyboard(show):
    browser = show(Samples(), Samples("cosine"))
    first, second = all_of(browser, ".mtl-samples[role=group]")
    kept, handle, status = second.text, one(first, "[role=slider]"), one(first, ".mtl-status")
    assert says(handle) == "Sample 3 (wrong label), label 2.25"
    before = sample_row(first, 9)
    ActionChains(browser).drag_and_drop_by_offset(all_of(first, ".mtl-handle")[9], 0, 120).perform()
    assert says(handle).startswith("Sample 9 (wrong label), label 0.") or "label −0." in says(handle)
    assert float(sample_row(first, 9)[2]) < float(before[2])
    press(first, "Put the label back")
    assert sample_row(first, 9) == before and "label 2.75" in says(handle)
    browser.execute_script("arguments[0].focus()", handle)
    browser.switch_to.active_element.send_keys(*[Keys.DOWN] * 3)
    assert says(handle) == "Sample 9 (wrong label), label 2.00"
    assert sample_row(first, 9) == exact_row(Samples("dot", 3, 9, 2.0))
    browser.switch_to.active_element.send_keys(*[Keys.RIGHT] * 5, Keys.UP)
    assert says(handle) == "Sample 12, label 2.25"
    all_of(first, "input[type=radio]")[1].click()
    one(first, "input[type=range]").send_keys(Keys.END)
    assert sample_row(first, 12) == exact_row(Samples("cosine", 20, 12, 2.25))
    assert status.text.startswith("Step 20, validation loss 0.009.")
    assert second.text == kept


def test_finger_drags_a_label(show):
    browser = show(Samples(), width=360, height=740)
    handle, point = (
        one(browser, "[role=slider]"),
        one(browser, ".mtl-handle:last-child circle[fill=transparent]"),
    )
    box = browser.execute_script("return arguments[0].getBoundingClientRect().toJSON()", point)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, shift in (("Start", 0), ("Move", 30), ("Move", 80), ("End", None)):
        points = [] if shift is None else [{"x": x, "y": y + shift}]
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert re.fullmatch(r"Sample 12, label (−|0).*", says(handle))
    assert browser.execute_script("return scrollY") == 0


def test_samples_play_and_stop(show):
    browser = show(Samples(step=19))
    play, status = one(browser, "button"), one(browser, ".mtl-status")
    play.send_keys(Keys.ENTER)
    wait(browser, lambda: "Step 20" in status.text and "Play" in play.text)
    play.send_keys(Keys.ENTER)  # at the end it starts anew
    wait(browser, lambda: 0 < int(one(browser, "output").text) < 19)
    play.send_keys(Keys.ENTER)
    assert "Play" in play.text


def test_orders_by_mouse_and_keyboard(show):
    browser = show(Orders(), Orders(45, 210, 1.0, "231", 7))
    first, second = all_of(browser, ".mtl-orders[role=group]")
    kept, status = second.text, one(first, ".mtl-status")
    assert status.text.startswith("Before the surgery.")
    press(first, "Forward ▶")
    assert status.text == "Gradient 1 meets g₂: ⟨g, g₂⟩ = −0.71. A conflict: its part along g₂ goes."
    next(b for b in all_of(first, "button") if "Forward" in b.text).send_keys(*[Keys.ENTER] * 7)
    assert status.text == "The sum d of the three. It raises the loss of task 1, to first order."
    all_of(first, "input[type=radio]")[0].send_keys(Keys.DOWN, Keys.DOWN, Keys.DOWN)
    assert one(first, ".mtl-chosen").text.split() == ["2,", "3,", "1", "0.00", "0.00", "0.00"]
    assert status.text.endswith("It raises no loss, to first order.")
    press(first, "◀ Back")
    assert one(first, "output").text == "6"
    press(first, "All agree")
    assert [cell.text for cell in all_of(first, "tbody tr:last-child td")] == ["2.57", "2.12", "1.97"]
    angle = all_of(first, "input[type=range]")[1]
    angle.send_keys(Keys.RIGHT)
    assert angle.get_attribute("aria-valuetext") == "45 degrees"
    assert second.text == kept


def test_coordinates_by_mouse_and_keyboard(show):
    browser = show(Coordinates(draw=0), Coordinates("balanced", 0.5, 58))
    first, second = all_of(browser, ".mtl-coordinates[role=group]")
    status = one(first, ".mtl-status")
    assert status.text.startswith("No draw yet.")
    press(first, "Draw again")
    press(first, "Draw again")
    assert status.text.startswith("Draw 2:") and one(first, "output").text == "2"
    all_of(first, "input[type=radio]")[0].send_keys(Keys.RIGHT)
    assert status.text.endswith("The mean of 2 is at most 0.00 from the sum.")
    play = all_of(second, "button")[1]
    play.send_keys(Keys.ENTER)
    wait(browser, lambda: one(second, "output").text == "60" and "Play" in play.text)
    play.send_keys(Keys.ENTER)  # at the end it starts anew
    wait(browser, lambda: 0 < int(one(second, "output").text) < 58)
    play.send_keys(Keys.ENTER)
    assert "Play" in play.text


@pytest.mark.parametrize("widget", WIDGETS)
def test_picture_without_scripts(browser, tmp_path, widget):
    page = tmp_path / "still.html"
    page.write_text(f"<!doctype html><meta charset=utf-8>{widget().html()}", encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.visit(page)
        assert one(browser, "img").rect["width"] > 300
        assert one(browser, "img").get_property("naturalWidth") > 300
        assert re.search(r"\d\.\d", one(browser, "table").text)
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
