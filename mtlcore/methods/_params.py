"""Arguments of methods: whether two are the same, and how they are written."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor


def plain(value: Any) -> Any:
    """The value with lists and tensors as tuples."""
    if isinstance(value, Tensor):
        value = value.tolist()
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def same(value: Any, other: Any) -> bool:
    """Whether two arguments are equal; partial functions are equal if their parts are."""
    if isinstance(value, partial) and isinstance(other, partial):
        return (value.func, value.args, value.keywords) == (other.func, other.args, other.keywords)
    return bool(plain(value) == plain(other))


def as_text(value: Any) -> str:
    """An argument as an expression: a literal, or a function by its name, without addresses in memory."""
    if isinstance(value, partial):
        options = [as_text(v) for v in value.args] + [f"{k}={as_text(v)}" for k, v in value.keywords.items()]
        return f"partial({', '.join([as_text(value.func), *options])})"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    return repr(plain(value))
