"""The pages of the built book in a browser, with no network."""

from pathlib import Path
from urllib.parse import unquote, urlparse

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
# The reference is made by one template: one of its pages stands for the colours of all in the dark.
THEMED = [
    (page, theme)
    for page in PAGES
    for theme in ("light", "dark")
    if theme == "light" or page.parent.name != "api" or page.stem == "engine"
]
MEGABYTE = 1_000_000
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


@built
@pytest.mark.book
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_book_page_is_light(browser, page):
    """What a first visit loads: 2 MB, or 3 MB with formulas."""
    browser.visit(page)
    wait(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    mathjax = all_of(browser, "script[src*='mathjax/tex']")
    if mathjax:
        wait(browser, lambda: browser.execute_script("return !!window.MathJax?.startup?.promise"))
        browser.execute_async_script("MathJax.startup.promise.then(arguments[0])")
    files = {Path(unquote(urlparse(url).path)) for url in browser.asked() if url.startswith("file:")}
    sizes = {file.name: file.stat().st_size for file in files if file.is_file()}
    assert len(sizes) > 10
    assert sum(sizes.values()) <= (3 if mathjax else 2) * MEGABYTE, sizes


@built
@pytest.mark.book
@pytest.mark.parametrize(("page", "theme"), THEMED, ids=[f"{page.stem}-{theme}" for page, theme in THEMED])
def test_book_page_has_no_serious_barrier(browser, page, theme):
    axe = pytest.importorskip(
        "axe_core_python.selenium", reason="needs axe-core-python: install the extra 'test'"
    )
    browser.visit(page)
    browser.execute_script(
        "localStorage.setItem('mode', arguments[0]); localStorage.setItem('theme', arguments[0])", theme
    )
    browser.visit(page)
    browser.set_script_timeout(120)
    found = axe.Axe().run(browser, options={"resultTypes": ["violations"]})["violations"]
    serious = [
        (violation["id"], node["html"][:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


@built
@pytest.mark.book
def test_a_link_shows_what_it_refers_to_by_mouse_and_by_keyboard(browser):
    browser.visit(BUILT / "notebooks" / "2-losses" / "slaw.html")
    box = one(browser, ".preview")
    for kind, words in (
        ("a[href='#thm-equal-norms']", "Theorem"),
        ("a[href$='fixed-weights.html#thm-head-rate']", "Theorem"),
        ("a[href*='references.html#']", "20"),
    ):
        link = one(browser, f"article {kind}")
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
        ActionChains(browser).move_to_element(link).perform()
        wait(browser, box.is_displayed)
        assert words in box.text
        assert link.get_attribute("aria-describedby") == box.get_attribute("id")
        ActionChains(browser).send_keys(Keys.ESCAPE).perform()
        assert not box.is_displayed()
    before = all_of(browser, "article a.internal[href*='#']")[0]
    browser.execute_script("arguments[0].focus({focusVisible: true})", before)
    wait(browser, box.is_displayed)
    before.send_keys(Keys.TAB)
    assert not box.is_displayed() or browser.switch_to.active_element != before
    assert browser.outside() == []


@built
@pytest.mark.book
def test_a_solution_holds_its_cell(browser):
    browser.visit(BUILT / "notebooks" / "2-losses" / "slaw.html")
    wait(browser, lambda: all_of(browser, ".solution button.toggle-button"))
    solutions = all_of(browser, ".solution")
    assert solutions and all(all_of(solution, ".cell") for solution in solutions)
    cell = all_of(solutions[0], ".cell")[0]
    assert not cell.is_displayed()
    one(solutions[0], ".admonition-title").click()
    wait(browser, cell.is_displayed)


@built
@pytest.mark.book
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_code_and_tables_are_whole_on_a_desktop(browser, page):
    browser.visit(page, 1280, 900)
    browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true })")
    cut = browser.execute_script(
        """
        const narrow = (box) => Math.max(...box.textContent.split("\\n").map((l) => l.length)) <= 76;
        const code = [...document.querySelectorAll("article pre")].filter(narrow);
        const tables = [...document.querySelectorAll("article .text_html:has(table.dataframe)")];
        return [...code, ...tables]
          .filter((box) => box.scrollWidth > box.clientWidth + 1)
          .map((box) => box.textContent.trim().slice(0, 80));
        """
    )
    headers = [t.text[:80] for t in all_of(browser, "table.dataframe") if len(all_of(t, "thead tr")) > 1]
    assert (cut, headers) == ([], [])
