"""Tables that a cell prints have one row of headers: pandas puts the names of the index into a second one."""

from typing import Any

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class OneHeader(SphinxPostTransform):
    # After myst_nb has chosen what to show of an output, at 4.
    default_priority = 190
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for node in self.document.findall(nodes.raw):
            if 'class="dataframe"' in node.astext():
                soup = BeautifulSoup(node.astext(), "html.parser")
                for table in soup.find_all("table"):
                    merge_headers(table)
                node.children = [nodes.Text(str(soup))]


def merge_headers(table: Tag) -> None:
    """Put the names of the index over their columns; ``index \\ columns`` where both have one."""
    rows = table.select("thead tr")
    columns, index = (row.find_all("th") for row in rows) if len(rows) == 2 else ([], [])
    if len(columns) == len(index) > 0 and not index[-1].get_text(strip=True):
        for cell, name in zip(columns, index, strict=True):
            names = (name.get_text(strip=True), cell.get_text(strip=True))
            cell.string = " \\ ".join(filter(None, names))
        rows[1].decompose()
    for cell in table.select("thead th"):
        cell["scope"] = "col"
        if not cell.get_text(strip=True):
            cell.name = "td"
            del cell["scope"]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(OneHeader)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
