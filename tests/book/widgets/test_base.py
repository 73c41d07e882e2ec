"""What every widget leaves on a page: whole, the same each time, and alone."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
import torch
from helpers.pages import Page, drawing

from mtlcore.book.widgets import (
    Explorer,
    Moments,
    Simplex,
    Temperature,
    Uncertainty,
)


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


def test_bundle_serves_kernels_old_and_new():
    widget = Simplex()
    assert widget._ipython_display_ is None  # ipywidgets 7 would use it in place of the bundle
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()
    assert "export default" in widget.get_state()["_esm"] and ".mtl-widget" in widget.get_state()["_css"]
