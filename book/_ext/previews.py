"""Previews of theorems, equations, figures, exercises and sources beside the links to them.

``previews.js`` shows them. A page that lies on a disk may not read another one, so what links on other pages
refer to is copied into a script.
"""

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

LINK = re.compile(r'<a class="reference internal" href="([^"#:]+\.html)#([^"]+)"')
SHOWN = re.compile(r"\b(proof|exercise|math)\b")


def collect(app: Sphinx, exception: Exception | None) -> None:
    """Write what is shown beside links to other pages, by page and anchor."""
    if exception or app.builder.format != "html":
        return
    root = Path(app.outdir).resolve()
    pages = [path for path in root.rglob("*.html") if "_static" not in path.parts]
    wanted: dict[Path, set[str]] = {}
    for page in pages:
        for address, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            wanted.setdefault((page.parent / address).resolve(), set()).add(anchor)
    found = {}
    for page, anchors in wanted.items():
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for node in soup.find_all(id=sorted(anchors)):
            if node.name != "figure" and not SHOWN.search(" ".join(node.get("class", []))):
                continue
            for image in node.find_all("img"):
                image["src"] = (page.parent / image["src"]).resolve().relative_to(root).as_posix()
            found[f"{page.relative_to(root).as_posix()}#{node['id']}"] = str(node)
    data = json.dumps(dict(sorted(found.items())), ensure_ascii=False, indent=0)
    (root / "_static" / "previews-elsewhere.js").write_text(f"const PREVIEWS = {data};\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_js_file("previews.js", loading_method="defer")
    app.connect("build-finished", collect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
