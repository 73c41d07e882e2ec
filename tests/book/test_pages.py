"""The pages of the built book in a browser, with no network."""

import pytest
from helpers.browser import CHROMIUM, DRIVER, all_of, is_named, one, row, wait
from helpers.files import BUILT
from selenium.webdriver import ActionChains, Keys

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM.exists() and DRIVER.exists()),
        reason=f"needs a browser: {CHROMIUM} and {DRIVER} (Debian: chromium, chromium-driver)",
    ),
]
PAGES = sorted(BUILT.glob("*/**/*.html")) if BUILT.is_dir() else []
PAGES = [page for page in PAGES if "_static" not in page.parts]
built = pytest.mark.skipif(not PAGES, reason="needs the built book in _build/html: make book")


@built
@pytest.mark.book
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_book_page(browser, page):
    browser.visit(page)
    wait(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    wait(
        browser,
        lambda: len(all_of(browser, ".mtl-view > [role=group]")) == len(all_of(browser, ".mtl-static")),
    )
    unnamed = [
        picture.get_attribute("outerHTML")[:200]
        for picture in all_of(browser, "img, svg[role=img]:not([aria-hidden=true])")
        if not is_named(picture)
    ]
    assert unnamed == []
    assert browser.errors() == []
    assert browser.outside() == []


@built
@pytest.mark.book
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_book_page_fits_a_phone(browser, page):
    browser.visit(page, 360, 740)
    html = one(browser, "html")
    wait(browser, lambda: html.get_property("scrollWidth") <= 360)


@built
@pytest.mark.book
def test_landing_page_moves(browser):
    browser.visit(BUILT / "book" / "index.html")
    wait(browser, lambda: all_of(browser, ".mtl-handle"))
    handle = all_of(browser, ".mtl-handle")[0]
    before = row(browser, "Static")
    ActionChains(browser).drag_and_drop_by_offset(handle, -40, 60).perform()
    dragged = row(browser, "Static")
    browser.switch_to.active_element.send_keys(Keys.LEFT)
    assert len({tuple(before), tuple(dragged), tuple(row(browser, "Static"))}) == 3
