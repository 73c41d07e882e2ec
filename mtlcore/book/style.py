"""How the book looks: one colour a method, on light and on dark pages, and one style of figure."""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple

import matplotlib as mpl
from cycler import cycler
from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats

INK = "#787c82"
"""Text and axes of figures: equally readable on the light and on the dark page."""


class Look(NamedTuple):
    """How a method is drawn: its label, colours, and dash and marker, which tell a family's members apart."""

    label: str
    light: str
    dark: str
    dash: tuple[int, ...] = ()
    marker: str = "o"


# Every light colour has a contrast of at least 3 to the light and to the dark page, so that a stored
# figure serves both; a dark one has at least 4.5 to the dark page. Hues: grey for the baselines, blue
# for losses, orange for gradients, green for auxiliary, pink for samples.
LOOKS = {
    "SingleTask": Look("Single task", "#75797f", "#b2b5ba", (2, 2), "*"),
    "Static": Look("EW", "#5e6671", "#c3c8cf", (), "H"),
    "UW": Look("UW", "#2d62c9", "#72a1f7", (6, 2), "s"),
    "DWA": Look("DWA", "#379cd0", "#8ed4fe", (2, 2), "^"),
    "IMTLL": Look("IMTL-L", "#077aaf", "#70b6e3", (8, 2, 2, 2), "D"),
    "MOML": Look("MOML", "#7a82d9", "#bcc4fd", (4, 4), "v"),
    "RLW": Look("RLW", "#3d96e9", "#a4d0fe", (10, 3), "P"),
    "SLAW": Look("SLAW", "#3a5be4", "#7e9fff"),
    "MGDA": Look("MGDA", "#bb4037", "#ef887c", (6, 2), "s"),
    "GradNorm": Look("GradNorm", "#5f6bb1", "#6d7cee", (4, 2), "X"),
    "PCGrad": Look("PCGrad", "#d04e03", "#fe9c76"),
    "GradDrop": Look("GradDrop", "#dc7473", "#ffbab7", (8, 2, 2, 2), "D"),
    "IMTLG": Look("IMTL-G", "#98591c", "#ce986c", (4, 4), "v"),
    "GradVac": Look("GradVac", "#d27710", "#febe8a", (10, 3), "P"),
    "CAGrad": Look("CAGrad", "#d63429", "#fe8f80", (4, 2), "X"),
    "RotoGrad": Look("RotoGrad", "#8f7225", "#c7af76", (6, 2, 2, 2, 2, 2), "<"),
    "RGW": Look("RGW", "#ec6c3d", "#ffbca5", (1, 2), ">"),
    "CosSim": Look("CosSim", "#22a583", "#84dcbe", (6, 2), "s"),
    "Orthogonal": Look("Orthogonal", "#007268", "#5eada2", (2, 2), "^"),
    "Projection": Look("Projection", "#02815d", "#6abc9a"),
    "OLAux": Look("OL-AUX", "#2b9e93", "#8adad0", (8, 2, 2, 2), "D"),
    "HydaLearn": Look("HydaLearn", "#027761", "#57b39b", (4, 4), "v"),
    "SLGrad": Look("SLGrad", "#be379b", "#fb6bc4"),
}
OWN = Look("", "#9066d1", "#c7aafd")
"""A rule that is not in the book, such as a reader's own."""

MAIN_TASK, AUXILIARY_TASK = ("#927a08", "#cdb867"), ("#9066d1", "#c7aafd")
TASKS = (("#5b6980", "#98a4b8"), ("#958375", "#d1c2b6"), ("#6f8071", "#adbcaf"))


def color(method: str, dark: bool = False) -> str:
    """Colour of a method of the registry, or of the "main" or the "auxiliary" task.

    Parameters
    ----------
    dark : False (default) gives the colour that serves both pages, True the brighter one for dark ones.

    Raises
    ------
    ValueError : a name that the book does not have; the nearest ones are named.
    """
    tasks = {"main": MAIN_TASK, "auxiliary": AUXILIARY_TASK}
    if method in tasks:
        return tasks[method][dark]
    return _look(method).dark if dark else _look(method).light


def task_color(i: int, dark: bool = False) -> str:
    """Colour of task number i where no task is the main one; after three they come again."""
    return TASKS[i % len(TASKS)][dark]


def line(method: str) -> dict[str, Any]:
    """Keywords for ``ax.plot``: the colour, dash, marker and label of a method.

    Raises
    ------
    ValueError : a name that the book does not have; the nearest ones are named.
    """
    look = _look(method)
    dash: Any = (0, look.dash) if look.dash else "-"
    return {"color": look.light, "linestyle": dash, "marker": look.marker, "label": look.label}


def use() -> None:
    """Give matplotlib the book's style: vector figures that read on a phone, on light and on dark pages."""
    mpl.rcParams.update(
        {
            "figure.figsize": (6.0, 3.6),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "svg.hashsalt": "mtlcore",
            "font.size": 12,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "axes.titlesize": 12,
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


def _look(method: str) -> Look:
    if method not in LOOKS:
        near = difflib.get_close_matches(method, LOOKS, cutoff=0.3) or list(LOOKS)
        raise ValueError(f"no method {method!r} in the book; did you mean {', '.join(near)}?")
    return LOOKS[method]
