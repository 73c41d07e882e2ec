"""Show in the book the code that is tested."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable


class source:
    """The source of functions or classes, set as code in a notebook.

    What the page shows is what ``mtlcore`` runs.
    """

    def __init__(self, *objects: Callable | type) -> None:
        self.text = "\n\n".join(
            _with_short_docstring(textwrap.dedent(inspect.getsource(o)).rstrip()) for o in objects
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def _with_short_docstring(text: str) -> str:
    """Source of one function or class with the summary of its docstring only; the reference has the rest."""
    first = ast.parse(text).body[0].body[0]  # type: ignore[attr-defined]
    lines = text.split("\n")
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and first.lineno != first.end_lineno
    ):
        docstring = lines[first.lineno - 1 : first.end_lineno]
        summary = docstring[: docstring.index("")] if "" in docstring else docstring[:-1]
        lines[first.lineno - 1 : first.end_lineno] = [*summary[:-1], summary[-1] + '"""']
    return "\n".join(lines)
