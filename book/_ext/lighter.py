"""Leave out what no page needs."""

import re
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx

SEARCH = re.compile(r'\s*<script src="[^"]*\b(?:searchtools|language_data|searchindex)\.js[^"]*"></script>')
COORDINATES = re.compile(r' (?:d|x|y)="[^"]+"')
DIGITS = re.compile(r"(\.\d\d)\d+")
ICON = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"[^"]*"\}')
NAME = re.compile(r"\bfa-[\w-]+")
COMPRESSED = re.compile(r'url\([^)]*\.woff2\) format\("woff2"\),')
ESCAPED = re.compile(r"\\([ef][0-9a-f]{3})")
PRIVATE = re.compile("[\ue000-\uf8ff]")
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
    scripts = (root / "_static" / "scripts").glob("*.js")
    icons = {icon for script in scripts for icon in NAME.findall(script.read_text(encoding="utf-8"))}
    for page in root.rglob("*.html"):
        text = page.read_text(encoding="utf-8").replace(*SOURCES)
        page.write_text(text if page.name == "search.html" else SEARCH.sub("", text), encoding="utf-8")
        icons.update(NAME.findall(text))
    drop_icons(root / "_static", icons)
    for figure in (root / "_images").glob("*.svg"):
        text = figure.read_text(encoding="utf-8")
        figure.write_text(COORDINATES.sub(lambda found: DIGITS.sub(r"\1", found[0]), text), encoding="utf-8")


def drop_icons(static: Path, used: set[str]) -> None:
    """Keep the icons whose classes are used, in the theme's style sheet and in its fonts.

    The theme brings 2,000 of them: 120 kB of style and 300 kB of fonts.
    """
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    text = COMPRESSED.sub("", sheet.read_text(encoding="utf-8"))
    text = ICON.sub(lambda rule: rule[0] if used & {*NAME.findall(rule[1])} else "", text)
    sheet.write_text(text, encoding="utf-8")
    styles = "".join(path.read_text(encoding="utf-8") for path in static.rglob("*.css"))
    points = [*(int(code, 16) for code in ESCAPED.findall(styles)), *map(ord, PRIVATE.findall(styles))]
    for path in (static / "vendor" / "fontawesome" / "webfonts").glob("*.ttf"):
        options = subset.Options(notdef_outline=True, hinting=False)
        font = subset.load_font(path, options)
        icons = subset.Subsetter(options)
        icons.populate(unicodes=points)
        icons.subset(font)
        subset.save_font(font, path, options)


def setup(app: Sphinx) -> dict[str, bool]:
    # After Sphinx has copied the static files.
    app.connect("build-finished", drop, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
