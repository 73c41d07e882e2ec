"""A browser, and a page that shows widgets in it."""

import pytest
from helpers.browser import FRAME, all_of, chromium, wait


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def show(browser, tmp_path):
    """Put widgets on a page as a stored output would, open it, and wait until they are live."""

    def show(*widgets, theme="light", width=1000, height=900):
        paper, ink = ("#14181e", "#ced6dd") if theme == "dark" else ("#ffffff", "#222832")
        body = "".join(widget._repr_mimebundle_()["text/html"] for widget in widgets)
        page = tmp_path / "page.html"
        page.write_text(FRAME.format(theme=theme, paper=paper, ink=ink, body=body), encoding="utf-8")
        browser.visit(page, width, height)
        wait(browser, lambda: len(all_of(browser, ".mtl-view > [role=group]")) == len(widgets))
        return browser

    yield show
    assert browser.errors() == []
    assert browser.outside() == []
