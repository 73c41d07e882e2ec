"""How the book looks: one colour a method, on light and on dark pages, and one style of figure."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from cycler import cycler
from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats

from mtlcore._names import nearest
from mtlcore.book import _colour
from mtlcore.methods import METHODS

INK = "#787c82"
"""Text and axes of figures: equally readable on the light and on the dark page."""
WIDTH, FONT = 5.6, 12
"""Width of a figure in inches and size of its letters in points: 10 pixels high on a phone's page."""


class Look(NamedTuple):
    """How a method is drawn. Members of a family differ in dash or marker.

    Parameters
    ----------
    label : str
        Name in legends and tables.
    light : str
        Colour on light pages, ``"#rrggbb"``.
    dark : str
        Colour on dark pages, ``"#rrggbb"``.
    dash : tuple of int, default ()
        Lengths of dashes and gaps, in points; empty for a solid line.
    marker : str, default "o"
        Marker of matplotlib.
    """

    label: str
    light: str
    dark: str
    dash: tuple[int, ...] = ()
    marker: str = "o"


# The criteria for a colour are in _colour.py; propose() finds colours that meet them. Hues: grey for the
# baselines, blue for losses, orange for gradients, green for auxiliary, pink for samples.
LOOKS = {
    "SingleTask": Look("Single task", "#75797f", "#b2b5ba", (2, 2), "*"),
    "Static": Look("EW", "#5e6671", "#c3c8cf", (), "H"),
    "UW": Look("UW", "#2d62c9", "#72a1f7", (6, 2), "s"),
    "DWA": Look("DWA", "#379cd0", "#8ed4fe", (2, 2), "^"),
    "IMTLL": Look("IMTL-L", "#077aaf", "#70b6e3", (8, 2, 2, 2), "D"),
    "MOML": Look("MOML", "#7a82d9", "#bcc4fd", (4, 4), "v"),
    "RLW": Look("RLW", "#3d96e9", "#a4d0fe", (10, 3), "P"),
    "SLAW": Look("SLAW", "#3a5be4", "#7e9fff"),
    "FAMO": Look("FAMO", "#29778b", "#9ae5fb", (6, 2, 2, 2, 2, 2), "<"),
    "STCH": Look("STCH", "#4372d4", "#89b0fe", (1, 2), ">"),
    "MGDA": Look("MGDA", "#bb4037", "#ef887c", (6, 2), "s"),
    "GradNorm": Look("GradNorm", "#5f6bb1", "#6d7cee", (4, 2), "X"),
    "PCGrad": Look("PCGrad", "#d04e03", "#fe9c76"),
    "GradDrop": Look("GradDrop", "#dc7473", "#ffbab7", (8, 2, 2, 2), "D"),
    "IMTLG": Look("IMTL-G", "#98591c", "#ce986c", (4, 4), "v"),
    "GradVac": Look("GradVac", "#d27710", "#febe8a", (10, 3), "P"),
    "CAGrad": Look("CAGrad", "#d63429", "#fe8f80", (4, 2), "X"),
    "RotoGrad": Look("RotoGrad", "#8f7225", "#c7af76", (6, 2, 2, 2, 2, 2), "<"),
    "RGW": Look("RGW", "#ec6c3d", "#ffbca5", (1, 2), ">"),
    "NashMTL": Look("Nash-MTL", "#935b47", "#f67d50", (3, 3), "p"),
    "AlignedMTL": Look("Aligned-MTL", "#a27b4c", "#f09c17", (12, 3), "d"),
    "FairGrad": Look("FairGrad", "#996d44", "#e98a15", (9, 2, 1, 2), "h"),
    "UPGrad": Look("UPGrad", "#876433", "#f8d09d", (5, 1), "*"),
    "CosSim": Look("CosSim", "#22a583", "#84dcbe", (6, 2), "s"),
    "Orthogonal": Look("Orthogonal", "#007268", "#5eada2", (2, 2), "^"),
    "Projection": Look("Projection", "#02815d", "#6abc9a"),
    "OLAux": Look("OL-AUX", "#2b9e93", "#8adad0", (8, 2, 2, 2), "D"),
    "HydaLearn": Look("HydaLearn", "#027761", "#57b39b", (4, 4), "v"),
    "SLGrad": Look("SLGrad", "#be379b", "#fb6bc4"),
}
OWN = Look("", "#9066d1", "#c7aafd")
"""A method that has no line in ``LOOKS``: a reader's own, or a new one."""
BASELINES = ("SingleTask", "Static")
"""Methods in grey, which belong to no family's hues."""

MAIN_TASK, AUXILIARY_TASK = ("#927a08", "#cdb867"), ("#9066d1", "#c7aafd")
TASKS = (("#939448", "#d6c930"), ("#a05ef7", "#a67ad6"), ("#2c94b0", "#8ef9ff"))
"""Olive, violet and cyan: further from every method's colour than two families are from each other."""


GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "lam": "λ", "rho": "ρ", "temperature": "τ"}


def look(text: str) -> Look:
    """How a method is drawn.

    Parameters
    ----------
    text : str
        A canonical text of a method, such as ``"SLAW"``, ``"GradNorm(alpha=0.12)"`` or
        ``"Compose(RLW(scale='sum'), CAGrad)"``.

    Returns
    -------
    look : Look
        Colours, dash and marker of the class, with :func:`label` as label; for ``Compose`` those of its
        second method, dotted. A class of the registry that has no line in ``LOOKS`` gets those of ``OWN``.

    Raises
    ------
    ValueError
        If the text names no method of the registry; the message names the nearest ones.

    Examples
    --------
    >>> from mtlcore.book import style
    >>> style.look("GradNorm(alpha=0.12)").light == style.LOOKS["GradNorm"].light
    True
    """
    name, positional, _ = _parse(text)
    if name == "Compose":
        return look(positional[1])._replace(label=label(text), dash=(1, 1))
    own = LOOKS.get(nearest(name, METHODS, "method"), OWN)
    return own._replace(label=label(text))


def label(text: str) -> str:
    """What legends, tables and the ledger call a method.

    The name in the literature, and the arguments that differ from their defaults in brackets: a word stands
    alone, a number after its symbol.

    Parameters
    ----------
    text : str
        A canonical text of a method.

    Raises
    ------
    ValueError
        If the text names no method of the registry; the message names the nearest ones.

    Examples
    --------
    >>> from mtlcore.book import style
    >>> style.label("Static"), style.label("Static(scale='sum')"), style.label("GradNorm(alpha=0.12)")
    ('EW', 'EW (sum)', 'GradNorm (α = 0.12)')
    >>> style.label("Compose(RLW(scale='sum'), CAGrad)")
    'RLW (sum) + CAGrad'
    """
    name, positional, named = _parse(text)
    if name == "Compose":
        return " + ".join(map(label, positional))
    known = LOOKS.get(nearest(name, METHODS, "method"))
    title = known.label if known else name
    if name == "Static" and "weights" in named:
        title = "Fixed weights"
    arguments = [_argument(key, value) for key, value in named.items()]
    return f"{title} ({', '.join(arguments)})" if arguments else title


def _argument(name: str, text: str) -> str:
    value = ast.literal_eval(text)
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        shown = [_number(x) for x in value]
        shown = shown if len(shown) < 5 else [*shown[:2], "…", shown[-1]]
        return ", ".join(shown) if name == "weights" else f"{name} = ({', '.join(shown)})"
    return f"{GREEK.get(name, name)} = {_number(value)}"


def _number(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.3g}".replace("-", "−") if is_number else str(value)


def _parse(text: str) -> tuple[str, list[str], Mapping[str, str]]:
    """Class, positional and named arguments of a canonical text; arguments as texts."""
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:
        call = ast.Constant(text)
    name = call.func if isinstance(call, ast.Call) else call
    if not isinstance(name, ast.Name):
        return text, [], {}  # the caller says that there is no such method
    if not isinstance(call, ast.Call):
        return name.id, [], {}
    named = {str(keyword.arg): ast.unparse(keyword.value) for keyword in call.keywords}
    if name.id == "Compose":
        return name.id, [*map(ast.unparse, call.args), *named.values()], {}
    return name.id, [], named


def color(method: str, dark: bool = False) -> str:
    """Colour of a method, or of the ``"main"`` or the ``"auxiliary"`` task.

    Parameters
    ----------
    method : str
        A canonical text of a method, or ``"main"`` or ``"auxiliary"``.
    dark : bool, default False
        False gives the colour that serves both pages, True the brighter one for dark pages.

    Raises
    ------
    ValueError
        If the book has no such method; the message names the nearest ones.
    """
    tasks = {"main": MAIN_TASK, "auxiliary": AUXILIARY_TASK}
    if method in tasks:
        return tasks[method][dark]
    own = look(method)
    return own.dark if dark else own.light


def propose(family: str, count: int = 5) -> list[tuple[str, str]]:
    """Colours for a new method that meet the book's criteria.

    Parameters
    ----------
    family : {"losses", "gradients", "auxiliary", "samples"}
        The family of the method; the hues are near those that it has.
    count : int, default 5
        How many pairs to propose.

    Returns
    -------
    pairs : list of (str, str)
        Colours for the light and for the dark page, the most distinct first.

    Raises
    ------
    ValueError
        If there is no such family.

    Notes
    -----
    The criteria are those of :mod:`mtlcore.book._colour`: contrast to the pages, and distance to the colours
    of other families and of tasks for readers with normal vision, protanopia and deuteranopia. Among the
    colours that meet them, those furthest from every colour in use come first.
    """
    families = {name: method.family for name, method in METHODS.items()}
    nearest(family, dict.fromkeys(families.values()), "family")
    hued = [name for name in LOOKS if name in METHODS and name not in BASELINES]
    own = [name for name in hued if families[name] == family]
    rest = [name for name in hued if families[name] != family]
    hues = np.radians([_colour.to_oklch(color(name))[2] for name in own])
    middle = np.degrees(np.arctan2(np.sin(hues).mean(), np.cos(hues).mean()))

    def best(hue: float, dark: bool) -> tuple[float, str]:
        """The legal colour of a hue that is furthest from those in use, and how far."""
        lightness = np.arange(0.72, 0.92, 0.04) if dark else np.arange(0.45, 0.67, 0.04)
        legal = _colour.is_readable_dark if dark else _colour.is_readable_light
        candidates = [_colour.from_oklch(x, chroma, hue) for x in lightness for chroma in (0.08, 0.12, 0.16)]
        tasks = [pair[dark] for pair in (MAIN_TASK, AUXILIARY_TASK, *TASKS)]
        others = [color(name, dark) for name in rest] + tasks
        used = [color(name, dark) for name in own] + others
        fit = [
            (_colour.nearest(c, used), c)
            for c in candidates
            if c and legal(c) and _colour.nearest(c, others) > _colour.DISTANCE
        ]
        return max(fit, default=(0.0, ""))

    pairs = [(best(hue, False), best(hue, True)) for hue in middle + np.arange(-40, 41, 5)]
    pairs.sort(key=lambda pair: min(gap for gap, _ in pair), reverse=True)
    return [(light, dark) for (_, light), (_, dark) in pairs if light and dark][:count]


def task_color(i: int, dark: bool = False) -> str:
    """Give the colour of a task where no task is the main one.

    Parameters
    ----------
    i : int
        Number of the task; the three colours repeat.
    dark : bool, default False
        Whether the page is dark.

    Returns
    -------
    color : str
        ``"#rrggbb"``.
    """
    return TASKS[i % len(TASKS)][dark]


def line(method: str) -> dict[str, Any]:
    """Keywords for ``ax.plot``: the colour, dash, marker and label of a method.

    Parameters
    ----------
    method : str
        A canonical text of a method.

    Raises
    ------
    ValueError
        If the book has no such method; the message names the nearest ones.
    """
    own = look(method)
    dash: Any = (0, own.dash) if own.dash else "-"
    return {"color": own.light, "linestyle": dash, "marker": own.marker, "label": own.label}


def use() -> None:
    """Give matplotlib the book's style: vector figures that read on a phone, on light and on dark pages."""
    mpl.rcParams.update(
        {
            "figure.figsize": (WIDTH, 3.4),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "svg.hashsalt": "mtlcore",
            "font.size": FONT,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "axes.titlesize": FONT,
            "legend.fontsize": FONT,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": INK,
            "grid.alpha": 0.25,
            "lines.linewidth": 2,
            "lines.markersize": 5,
            "lines.markeredgewidth": 0,
            "legend.frameon": False,
            "axes.prop_cycle": cycler(
                color=[color(name) for name in ("SLAW", "PCGrad", "Projection", "SLGrad", "Static")]
            ),
        }
    )
    if get_ipython() is not None:
        set_matplotlib_formats("svg", metadata={"Date": None})
