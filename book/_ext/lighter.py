"""Leave out what no page needs."""

import re
from pathlib import Path

from sphinx.application import Sphinx

SEARCH = re.compile(r'\s*<script src="[^"]*\b(?:searchtools|language_data|searchindex)\.js[^"]*"></script>')
COORDINATES = re.compile(r' (?:d|x|y)="[^"]+"')
DIGITS = re.compile(r"(\.\d\d)\d+")
SOURCES = '<div role="list" class="citation-list">', '<div class="citation-list">'


def drop(app: Sphinx, exception: Exception | None) -> None:
    """Drop the index of the search from all pages but its own, and a script of 1.5 MB that draws icons.

    The theme's style sheet draws the icons too, with fonts. docutils calls its sources a list without
    giving it items, which a screen reader cannot read: that role goes too. A coordinate in a figure keeps
    hundredths of a point.
    """
    if exception or app.builder.format != "html":
        return
    root = Path(app.outdir)
    (root / "_static" / "scripts" / "fontawesome.js").write_text("")
    for name in app.env.found_docs:
        page = root / f"{name}.html"
        text = SEARCH.sub("", page.read_text(encoding="utf-8")).replace(*SOURCES)
        page.write_text(text, encoding="utf-8")
    for figure in (root / "_images").glob("*.svg"):
        text = figure.read_text(encoding="utf-8")
        figure.write_text(COORDINATES.sub(lambda found: DIGITS.sub(r"\1", found[0]), text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    # After Sphinx has copied the static files.
    app.connect("build-finished", drop, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
