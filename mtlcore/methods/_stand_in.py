"""Methods as text until ``mtlcore.methods`` has it: the same contract."""

from __future__ import annotations

import ast
from functools import cache
from inspect import signature
from typing import Any

from mtlcore.methods import METHODS, Compose, Method


def make(text: str) -> Method:
    """Make the method that a text such as ``GradNorm(alpha=0.12)`` describes."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise ValueError(_wrong(text)) from None
    cls, options = _read(tree, text)
    arguments: Any = {k: make(ast.unparse(v)) if isinstance(v, ast.AST) else v for k, v in options.items()}
    return cls(**arguments)


@cache
def canonical(text: str) -> str:
    """Return the one text of the method that ``text`` describes."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise ValueError(_wrong(text)) from None
    make(text)
    return _canonical(tree, text)


def _canonical(tree: ast.expr, text: str) -> str:
    cls, options = _read(tree, text)
    shown = []
    for name, parameter in signature(cls).parameters.items():
        if name not in options:
            continue
        value = options[name]
        if isinstance(value, ast.expr):
            shown.append(_canonical(value, text))
            continue
        default = cls.published if name == "scale" else parameter.default
        if value != default and value != parameter.default:
            shown.append(f"{name}={_tuples(value)!r}")
    return cls.__name__ + (f"({', '.join(shown)})" if shown else "")


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _read(tree: ast.expr, text: str) -> tuple[type[Method], dict[str, Any]]:
    call = tree if isinstance(tree, ast.Call) else None
    name = call.func if call else tree
    if not isinstance(name, ast.Name):
        raise ValueError(_wrong(text))
    cls = Compose if name.id == "Compose" else METHODS[name.id]
    names = list(signature(cls).parameters)
    options: dict[str, Any] = {}
    if call:
        if call.args and cls is not Compose:
            raise ValueError(_wrong(text))
        options = dict(zip(names, call.args, strict=False))
        for k in call.keywords:
            if k.arg not in names:
                raise ValueError(_wrong(text))
            try:
                options[k.arg] = k.value if cls is Compose else ast.literal_eval(k.value)
            except ValueError:
                raise ValueError(_wrong(text)) from None
    return cls, options


def _wrong(text: str) -> str:
    return f"a method is written as Name or Name(argument=value) with literal values, not {text!r}"
