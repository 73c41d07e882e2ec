"""The gradient explorer: its first frame, its read-out, and what it refuses."""

import json

import numpy as np
import pytest
import torch
from helpers.pages import Page, drawing

from mtlcore import METHODS, Static
from mtlcore.book import style
from mtlcore.book.widgets import Explorer, explorer, tables

BOOK, LEFT_OUT = explorer._book()


def test_every_method_is_shown_or_has_a_reason():
    assert list(BOOK) == [name for name in METHODS if name not in LEFT_OUT]
    line = Explorer().data["notes"][-1]
    assert line in Explorer().html()
    for name, reason in LEFT_OUT.items():
        assert style.label(name) in line and reason in line
    first = next(iter(LEFT_OUT.values()))
    alike = [style.label(name) for name, reason in LEFT_OUT.items() if reason == first]
    assert line.startswith(f"Not shown: {', '.join(alike)} ({first})")


@pytest.mark.parametrize("name", LEFT_OUT)
def test_the_reason_holds(name):
    rule = METHODS[name]()
    labels = {style.label(other): other for other in BOOK}
    if LEFT_OUT[name].startswith("starts as "):
        other = BOOK[labels[LEFT_OUT[name].removeprefix("starts as ")]]
        for ours, theirs in zip(tables.start(rule), tables.start(other), strict=True):
            assert np.allclose(ours / ours.sum(), theirs / theirs.sum(), atol=2e-3)
    elif LEFT_OUT[name] == explorer.SIZE:
        shares = [
            (w := rule.weights(torch.tensor(losses))) / w.sum()
            for losses in ([1.0, 2.0], [2.0, 4.0], [2.0, 3.0])
        ]
        assert not all(torch.allclose(each, shares[0]) for each in shares)
    else:
        assert LEFT_OUT[name] == explorer.AXES and not tables.turns(rule)


def test_what_another_method_repeats_at_the_start_is_left_out():
    assert LEFT_OUT["UW"] == "starts as EW" and LEFT_OUT["GradVac"] == "starts as PCGrad"
    assert LEFT_OUT["GradDrop"] == "acts on each coordinate alone"
    assert LEFT_OUT["FAMO"] == LEFT_OUT["STCH"] == explorer.SIZE


def test_a_signal_that_is_not_made_of_gradients_is_a_reason(monkeypatch):
    monkeypatch.setattr(METHODS["SLAW"], "sees", "weather")
    assert "sees 'weather'" in explorer._book.__wrapped__()[1]["SLAW"]  # past the cache


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
