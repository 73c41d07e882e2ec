"""What every widget leaves on a page: whole, the same each time, and alone."""

import inspect
import json
import re
import xml.etree.ElementTree as ET

import pytest
import torch
from helpers.pages import Page, drawing

from mtlcore.book import style, widgets
from mtlcore.book.widgets import Simplex, base

WIDGETS = {name: getattr(widgets, name) for name in widgets.__all__}
LARGEST = 250_000
"""Characters that a widget may add to a page."""

each = pytest.mark.parametrize("widget", WIDGETS.values(), ids=WIDGETS)


@each
def test_html_is_whole_and_the_same_each_time(widget):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    text = widget()._repr_mimebundle_()["text/html"]
    assert torch.equal(torch.get_rng_state(), state)
    assert text == widget().html()
    assert len(text) < LARGEST
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


def test_bundle_serves_kernels_old_and_new():
    widget = Simplex()
    assert widget._ipython_display_ is None  # ipywidgets 7 would use it in place of the bundle
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()
    assert "export default" in widget.get_state()["_esm"] and ".mtl-widget" in widget.get_state()["_css"]


@each
def test_every_value_of_a_choice_is_accepted_and_no_other(widget):
    choices = {n: t for n, t in widget.class_traits(sync=True).items() if isinstance(t, base.Choice)}
    for name, choice in choices.items():
        for value in choice.values:
            assert getattr(widget(**{name: value}), name) == value
        with pytest.raises(ValueError, match=rf"{name} is one of .*, not 'nothing'"):
            widget(**{name: "nothing"})


@each
def test_the_constructor_takes_the_state(widget):
    parameters = inspect.signature(widget).parameters
    assert set(parameters) - {"own"} <= set(widget.class_traits(sync=True))
    one = widget(**{name: p.default for name, p in parameters.items()})
    assert one.html() == widget().html()
    with pytest.raises(TypeError):
        widget(nothing=1)


class Counter(base.Widget):
    """A widget of two choices."""

    _esm = ""
    first = base.Choice(["a", "b"])
    second = base.Choice([1.0, 2.0], 2.0)

    def content(self):
        return {}


def test_choices_by_position_or_name_and_a_number_from_the_page():
    assert (Counter().first, Counter().second) == ("a", 2)
    assert (Counter("b", 1).first, Counter("b", 1).second) == ("b", 1)
    counter = Counter(second=1)
    counter.set_state({"second": 2})
    assert isinstance(counter.second, float)
    with pytest.raises(ValueError, match=r"second is one of 1.0, 2.0, not 3"):
        counter.second = 3


class Dial(base.Widget):
    """A widget of two numbers."""

    _esm = ""
    turns = base.Number(0, 9, 4)
    part = base.Number(0, 1, 0.5, digits=2)

    def content(self):
        return {}


def test_numbers_are_between_two_others_and_rounded():
    assert (Dial().turns, Dial(3.0, 0.126).turns, Dial(3, 0.126).part) == (4, 3, 0.13)
    assert isinstance(Dial(3.0).turns, int)
    for value in (10, -1, float("nan"), "4", None):
        with pytest.raises(ValueError, match=r"turns lies between 0 and 9, not"):
            Dial(value)


def test_cells_cannot_leave_their_place():
    assert base.html_table(["<a>"], [["<b>", "<c>"]]).count("&lt;") == 3


def scripts():
    return sorted(path.name for path in base.HERE.glob("*.js"))


@pytest.mark.parametrize("script", scripts())
def test_colours_come_from_the_style(script):
    text = (base.HERE / script).read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", text) == []


@each
def test_colours_in_the_data_are_those_of_the_style(widget):
    known = {look[i] for look in (*style.LOOKS.values(), style.OWN) for i in (1, 2)}
    known |= {colour for pair in style.TASKS for colour in pair}
    found = set(re.findall(r'"(#[0-9a-f]{6})"', json.dumps(widget().data)))
    assert found and found <= known
