"""What every widget shares: one ES module for the live kernel, for Colab and for the static page."""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from typing import Any

import anywidget

HERE = Path(__file__).parent
TEMPLATE = """\
<div class="mtl-static"><style>{css}</style>
<div class="mtl-view"><div class="mtl-widget mtl-{kind}">{first_frame}</div></div>
<script type="application/json">{data}</script>
<script>{static_view}</script></div>"""


def source(name: str) -> str:
    """Text of a file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


def module(*names: str) -> str:
    """The ES module of a widget: what all of them share, and the named files; the last one is its own."""
    return "".join(source(f"{name}.js") for name in ("dom", *names))


def image(svg: str, alt: str) -> str:
    """An SVG picture as an image in the text itself; that passes where inline SVG is stripped."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}">'


class Widget(anywidget.AnyWidget):
    """A picture that moves with a kernel and without one.

    A live kernel and Colab run the ES module through anywidget. The ``text/html`` view holds the first
    frame as drawn by Python, the same module, the state, and a few lines that play the model; it needs
    nothing from the network and nothing from the page around it, and the same state gives the same
    text. Subclasses set ``_esm``, have traits tagged ``sync=True``, and draw ``first_frame``.
    """

    _css = source("widgets.css")
    _ipython_display_ = None  # ipywidgets 7 has one, which would leave the html view out

    def first_frame(self) -> str:
        """Picture and numbers as html that makes sense with no script at all."""
        raise NotImplementedError

    def html(self) -> str:
        """The view for a page with no kernel."""
        names = sorted(set(self.trait_names(sync=True)) - set(anywidget.AnyWidget.class_trait_names()))
        state = {name: getattr(self, name) for name in names if not name.startswith("_")}
        data = json.dumps({"module": str(self._esm), "state": state}, separators=(",", ":"))
        return TEMPLATE.format(
            css=self._css,
            kind=type(self).__name__.lower(),
            first_frame=self.first_frame(),
            data=data.replace("<", "\\u003c"),
            static_view=source("static.js"),
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data = {**data, "text/plain": type(self).__name__, "text/html": self.html()}
        return (data, metadata) if metadata else data
