"""The pages of the built book in a browser, with no network."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from fontTools.ttLib import TTFont
from helpers.browser import CHROMIUM, DRIVER, LOCAL, Browser, all_of, is_named, one, row, wait
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
MEGABYTE = 1_000_000
built = pytest.mark.skipif(not PAGES, reason="needs the built book in _build/html: make book")


@dataclass
class Visit:
    """A page of the book, open and at rest, and what it did on its way there."""

    browser: Browser
    formulas: bool
    errors: list[str]
    asked: list[str]


@pytest.fixture(scope="module", params=PAGES, ids=[page.stem for page in PAGES])
def visit(browser, request):
    """Each page is loaded once; tests change its size and its theme."""
    browser.visit(request.param)
    wait(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    wait(
        browser,
        lambda: len(all_of(browser, ".mtl-view > [role=group]")) == len(all_of(browser, ".mtl-static")),
    )
    formulas = bool(all_of(browser, "script[src*='mathjax/tex']"))
    if formulas:
        wait(browser, lambda: browser.execute_script("return !!window.MathJax?.startup?.promise"))
        browser.execute_async_script("MathJax.startup.promise.then(arguments[0])")
    return Visit(browser, formulas, browser.errors(), browser.asked())


@built
@pytest.mark.book
def test_book_page_needs_no_network_and_names_its_pictures(visit):
    unnamed = [
        picture.get_attribute("outerHTML")[:200]
        for picture in all_of(visit.browser, "img, svg[role=img]:not([aria-hidden=true])")
        if not is_named(picture)
    ]
    assert unnamed == []
    assert visit.errors == []
    assert [url for url in visit.asked if not url.startswith(LOCAL)] == []


@built
@pytest.mark.book
def test_book_page_is_light(visit):
    """What a first visit loads: 2 MB, or 3 MB with formulas."""
    files = {Path(unquote(urlparse(url).path)) for url in visit.asked if url.startswith("file:")}
    sizes = {file.name: file.stat().st_size for file in files if file.is_file()}
    assert len(sizes) > 10
    assert sum(sizes.values()) <= (3 if visit.formulas else 2) * MEGABYTE, sizes


@built
@pytest.mark.book
def test_book_page_has_its_icons(visit):
    """The fonts hold the icons that pages use, and no others."""
    fonts = [TTFont(path) for path in (BUILT / "_static").rglob("fa-*.ttf")]
    there = {chr(point) for font in fonts for point in font.getBestCmap()}
    drawn = visit.browser.execute_script(
        "return [...document.querySelectorAll('i[class*=fa-]')]"
        ".map((icon) => getComputedStyle(icon, '::before').content)"
    )
    assert {content.strip('"') for content in drawn} <= there
    assert len(drawn) > 5
    assert len(there) < 100


@built
@pytest.mark.book
def test_book_page_fits_a_phone(visit):
    visit.browser.resize(360, 740)
    html = one(visit.browser, "html")
    wait(visit.browser, lambda: html.get_property("scrollWidth") <= 360)


@built
@pytest.mark.book
@pytest.mark.parametrize(
    ("theme", "rules"),
    [("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})],
    ids=["light", "dark"],
)
def test_book_page_has_no_serious_barrier(visit, theme, rules):
    """Themes differ in their colours only: the rules that ask no colour run once."""
    axe = pytest.importorskip(
        "axe_core_python.selenium", reason="needs axe-core-python: install the extra 'test'"
    )
    visit.browser.resize(1200, 900)
    visit.browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    moving = "return document.getAnimations().some((a) => a instanceof CSSTransition)"
    wait(visit.browser, lambda: not visit.browser.execute_script(moving))
    visit.browser.set_script_timeout(120)
    found = axe.Axe().run(visit.browser, options={"resultTypes": ["violations"], **rules})["violations"]
    serious = [
        (violation["id"], node["html"][:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


@built
@pytest.mark.book
def test_code_and_tables_are_whole_on_a_desktop(visit):
    visit.browser.resize(1280, 900)
    visit.browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true })")
    cut = visit.browser.execute_script(
        """
        const narrow = (box) => Math.max(...box.textContent.split("\\n").map((l) => l.length)) <= 76;
        const code = [...document.querySelectorAll("article pre")].filter(narrow);
        const tables = [...document.querySelectorAll("article .text_html:has(table.dataframe)")];
        return [...code, ...tables]
          .filter((box) => box.scrollWidth > box.clientWidth + 1)
          .map((box) => box.textContent.trim().slice(0, 80));
        """
    )
    headers = [
        t.text[:80] for t in all_of(visit.browser, "table.dataframe") if len(all_of(t, "thead tr")) > 1
    ]
    assert (cut, headers) == ([], [])


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
