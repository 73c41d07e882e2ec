"""The registry of methods, and methods as text."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import torch

from mtlcore._names import nearest
from mtlcore.methods._params import plain
from mtlcore.methods.auxiliary.cossim import CosSim
from mtlcore.methods.auxiliary.hydalearn import HydaLearn
from mtlcore.methods.auxiliary.olaux import OLAux
from mtlcore.methods.auxiliary.orthogonal import Orthogonal
from mtlcore.methods.auxiliary.projection import Projection
from mtlcore.methods.base import Method
from mtlcore.methods.compose import Compose
from mtlcore.methods.gradients.alignedmtl import AlignedMTL
from mtlcore.methods.gradients.cagrad import CAGrad
from mtlcore.methods.gradients.fairgrad import FairGrad
from mtlcore.methods.gradients.graddrop import GradDrop
from mtlcore.methods.gradients.gradvac import GradVac
from mtlcore.methods.gradients.imtlg import IMTLG
from mtlcore.methods.gradients.mgda import MGDA
from mtlcore.methods.gradients.nashmtl import NashMTL
from mtlcore.methods.gradients.pcgrad import PCGrad
from mtlcore.methods.gradients.rgw import RGW
from mtlcore.methods.gradients.rotograd import RotoGrad
from mtlcore.methods.gradients.upgrad import UPGrad
from mtlcore.methods.losses.dwa import DWA
from mtlcore.methods.losses.famo import FAMO
from mtlcore.methods.losses.gradnorm import GradNorm
from mtlcore.methods.losses.imtll import IMTLL
from mtlcore.methods.losses.moml import MOML
from mtlcore.methods.losses.rlw import RLW
from mtlcore.methods.losses.single_task import SingleTask
from mtlcore.methods.losses.slaw import SLAW
from mtlcore.methods.losses.static import Static
from mtlcore.methods.losses.stch import STCH
from mtlcore.methods.losses.uw import UW
from mtlcore.methods.samples.slgrad import SLGrad

LONGEST = 10_000
"""Characters of the longest text of a method that is read."""


class Registry(dict[str, type[Method]]):
    """Methods by name; a name that is not there is a ValueError with the nearest ones."""

    def __missing__(self, name: str) -> type[Method]:
        return self[nearest(name, self, "method")]


METHODS = Registry(
    (method.__name__, method)
    for method in (
        *(SingleTask, Static, UW, DWA, IMTLL, MOML, RLW, SLAW, FAMO, STCH),
        *(MGDA, GradNorm, PCGrad, GradDrop, IMTLG, GradVac, CAGrad, RotoGrad, RGW),
        *(NashMTL, AlignedMTL, FairGrad, UPGrad),
        *(CosSim, Orthogonal, Projection, OLAux, HydaLearn),
        SLGrad,
    )
)
"""The registry, in the book's order: name -> class."""

_READABLE = Registry({**METHODS, "Compose": Compose})


def make(text: str) -> Method:
    """Make a method from its text. Nothing is evaluated: arguments are literals, or methods for Compose.

    Parameters
    ----------
    text : str
        A class of the registry or ``Compose``, with arguments by keyword: ``"SLAW"``,
        ``"GradNorm(alpha=0.12)"``, ``"Compose(RLW(scale='sum'), CAGrad)"``. Methods inside ``Compose`` may
        be positional.

    Returns
    -------
    method : Method
        A new one, with random generators of its own.

    Raises
    ------
    ValueError
        If the text is anything else, a name is unknown, or an argument has a value that it cannot have.

    Examples
    --------
    >>> mtl.methods.make("GradNorm(alpha=0.12)")
    GradNorm(alpha=0.12)
    >>> mtl.methods.make("Compose(RLW(scale='sum'), CAGrad)")
    Compose(RLW(scale='sum'), CAGrad())
    >>> mtl.methods.make("GradNorm(beta=0.12)")
    Traceback (most recent call last):
    ValueError: there is no argument of GradNorm called 'beta'; nearest: alpha, optimizer, ...
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ValueError(_wrong(text))
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(_wrong(text)) from None
    try:
        return _make(tree)
    except (RecursionError, TypeError, _NotAMethodError):
        raise ValueError(_wrong(text)) from None


def describe(method: Method) -> str:
    """Write a method as text, in the one shortest form.

    Parameters
    ----------
    method : Method
        A method whose arguments are literals or methods.

    Returns
    -------
    text : str
        Its class, and the arguments that differ from the defaults in the order of the signature. Two methods
        of the registry have the same text if and only if their arguments are the same.

    Raises
    ------
    ValueError
        If an argument is a function, which has no text.

    Examples
    --------
    >>> mtl.methods.describe(mtl.SLAW(beta=0.99, init="zero"))
    "SLAW(init='zero')"
    >>> mtl.methods.describe(mtl.PCGrad())
    'PCGrad'
    """
    arguments = []
    for name, value in method.changed_params().items():
        if isinstance(value, Method):
            arguments.append(describe(value))
        elif callable(value):
            raise ValueError(f"{method} has no text that can be read again: {name} is a function")
        else:
            arguments.append(f"{name}={plain(value)!r}")
    return type(method).__name__ + (f"({', '.join(arguments)})" if arguments else "")


@cache
def canonical(text: str) -> str:
    """Return the shortest text of the method that a text describes: ``describe(make(text))``.

    Unlike :func:`make` it draws nothing from torch's global generator.

    Parameters
    ----------
    text : str
        As for :func:`make`.

    Returns
    -------
    text : str
        As from :func:`describe`.

    Raises
    ------
    ValueError
        As from :func:`make`.

    Examples
    --------
    >>> mtl.methods.canonical("RLW(scale='mean', distribution='normal')")
    'RLW'
    """
    with torch.random.fork_rng(devices=[]):
        return describe(make(text))


class _NotAMethodError(Exception):
    """The text is a valid expression, but not a method."""


def _make(node: ast.expr) -> Method:
    name, positional, keywords = node, list[ast.expr](), list[ast.keyword]()
    if isinstance(node, ast.Call):
        name, positional, keywords = node.func, node.args, node.keywords
    if not isinstance(name, ast.Name):
        raise _NotAMethodError
    cls = _READABLE[name.id]
    hints = get_type_hints(cls.__init__)
    names = [n for n in inspect.signature(cls).parameters if n != "generator"]
    if len(positional) > sum(hints[n] is Method for n in names):
        raise _NotAMethodError
    arguments: dict[str, Any] = {n: _make(value) for n, value in zip(names, positional, strict=False)}
    for keyword in keywords:
        if keyword.arg is None or keyword.arg in arguments:
            raise _NotAMethodError
        argument = nearest(keyword.arg, names, f"argument of {name.id}")
        if hints[argument] is Method:
            arguments[argument] = _make(keyword.value)
        else:
            arguments[argument] = _literal(keyword.value, hints[argument], f"{argument} of {name.id}")
    inspect.signature(cls).bind(**arguments)
    return cls(**arguments)


def _literal(node: ast.expr, hint: Any, what: str) -> Any:
    try:
        value = plain(ast.literal_eval(node))
    except ValueError:
        raise _NotAMethodError from None
    if not _fits(value, hint):
        raise ValueError(f"{what} cannot be {_shown(value)}")
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a literal is of a type; functions and generators are types without literals."""
    options = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, option) for option in options)
    if get_origin(hint) is Literal:
        return any(type(value) is type(option) and value == option for option in options)
    if get_origin(hint) in (tuple, Sequence):
        return isinstance(value, tuple) and all(_fits(part, options[0]) for part in value)
    if hint is float:
        return type(value) in (int, float)
    return hint in (int, str, bool, NoneType) and type(value) is hint


def _wrong(text: object) -> str:
    return f"a method is written as Name or Name(argument=value) with literal values, not {_shown(text)}"


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 100 else repr(value)[:100] + "..."
