"""What every widget shares: one ES module for the live kernel, for Colab and for the static page."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Iterable, Sequence
from html import escape
from numbers import Real
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mtlcore.book import style

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
    """The ES module of a widget: ``dom.js`` and the named files; the last one is the widget's own."""
    return "".join(source(f"{name}.js") for name in ("dom", *names))


def image(svg: str, alt: str) -> str:
    """Html of an SVG document as an image with a data address; that passes where inline SVG is stripped."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}">'


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Html of a table; the first cell of every row is its name."""
    heads = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def still(svg: str, alt: str, numbers: str, status: str = "") -> str:
    """Html of a first frame: the picture with a line of text below it, beside the table of numbers."""
    line = f'<p class="mtl-status">{escape(status)}</p>' if status else ""
    return f'<div class="mtl-plane">{image(svg, alt)}{line}</div><div class="mtl-panel">{numbers}</div>'


def colours(method: str) -> tuple[str, str]:
    """Colours of a method on the light and on the dark page."""
    look = style.look(method)
    return look.light, look.dark


class Choice(traitlets.TraitType):
    """One of a list of values; part of the state that Python and the page share.

    Parameters
    ----------
    values : iterable
        The allowed values.
    default : object, optional
        The value at the start, by default the first.

    Raises
    ------
    ValueError
        On assignment, if the value is not in the list.
    """

    def __init__(self, values: Iterable[Any], default: Any = None) -> None:
        self.values = list(values)
        super().__init__(self.values[0] if default is None else default)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> Any:
        if value not in self.values:
            raise ValueError(f"{self.name} is one of {', '.join(map(str, self.values))}, not {value!r}")
        return self.values[self.values.index(value)]  # 2 from the page becomes 2.0


class Number(traitlets.TraitType):
    """A number between two others; part of the state that Python and the page share.

    Parameters
    ----------
    low, high : float
        Least and largest value.
    default : float
        The value at the start.
    digits : int, optional
        Digits after the point that are kept. Default: none, a whole number.

    Raises
    ------
    ValueError
        On assignment, if the value does not lie between the two.
    """

    def __init__(self, low: float, high: float, default: float, digits: int | None = None) -> None:
        self.low, self.high, self.digits = low, high, digits
        super().__init__(default)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> Any:
        if not (isinstance(value, Real) and self.low <= float(value) <= self.high):
            raise ValueError(f"{self.name} lies between {self.low} and {self.high}, not {value!r}")
        return round(float(value), self.digits)


class Widget(anywidget.AnyWidget):
    """An interactive figure that works with a kernel and without one.

    A live kernel and Colab run the ES module through anywidget. The ``text/html`` view holds the first frame
    as drawn by Python, the same module, the state, and a few lines that stand in for the kernel's model. It
    needs nothing from the network and nothing from the page around it, and the same state gives the same
    text.

    A subclass sets ``_esm``, declares its state (:class:`Choice`, :class:`Number` or other traits tagged
    ``sync=True``), and defines ``content`` and ``first_frame``. Its constructor takes the state in the order
    of declaration.
    """

    _css = source("widgets.css")
    _ipython_display_ = None  # ipywidgets 7 has one, which would leave the html view out
    data = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _, *parameters = inspect.signature(cls.__init__).parameters.values()
        if "__init__" not in vars(cls):
            parameters = [
                inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=trait.default())
                for name, trait in vars(cls).items()
                if isinstance(trait, traitlets.TraitType) and trait.metadata.get("sync")
            ]
        cls.__signature__ = inspect.Signature(parameters)

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(**inspect.signature(type(self)).bind(*values, **named).arguments)

    @traitlets.default("data")
    def _data(self) -> dict[str, Any]:
        return self.content()

    def content(self) -> dict[str, Any]:
        """What the page needs beside the state: numbers, labels and colours, as JSON."""
        raise NotImplementedError

    def first_frame(self) -> str:
        """Picture and numbers as html that is complete without a script."""
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
