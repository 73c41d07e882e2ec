"""Show in the book the code that is tested."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable

WIDTH = 76
"""Most characters in a line of code that a page shows without scrolling."""


class source:
    """The source of functions or classes, set as code in a notebook.

    What the page shows is what ``mtlcore`` runs, with line breaks where a page needs them.

    Parameters
    ----------
    *objects : callable or type
        The functions and classes, in the order in which they are shown.
    """

    def __init__(self, *objects: Callable | type) -> None:
        self.text = "\n\n".join(
            _wrapped(_with_short_docstrings(textwrap.dedent(inspect.getsource(o)).rstrip())) for o in objects
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def _with_short_docstrings(text: str) -> str:
    """Source of one function or class with the summaries of its docstrings; the reference has the rest."""
    lines = text.split("\n")
    documented = (ast.ClassDef, ast.FunctionDef)
    firsts = [node.body[0] for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    for first in sorted(firsts, key=lambda node: node.lineno, reverse=True):
        if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
            continue
        docstring = lines[first.lineno - 1 : first.end_lineno]
        if len(docstring) > 1:
            docstring = docstring[: docstring.index("")] if "" in docstring else docstring[:-1]
            docstring[-1] += '"""'
        lines[first.lineno - 1 : first.end_lineno] = [_refilled("\n".join(docstring), " " * first.col_offset)]
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    """The code in lines of at most ``WIDTH`` characters; only its line breaks change."""
    text = re.sub("  # noqa.*", "", text)
    comments = re.compile(r"^( *)# .*(?:\n\1# .*)*", re.MULTILINE)
    text = comments.sub(lambda found: _refilled(found[0], f"{found[1]}# "), text)
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", f"--line-length={WIDTH}", "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout.rstrip()


def _refilled(text: str, indent: str) -> str:
    """Lines of prose that all begin with ``indent``, broken anew if one of them is too long."""
    if max(map(len, text.split("\n"))) <= WIDTH:
        return text
    words = " ".join(line.removeprefix(indent) for line in text.split("\n"))
    return textwrap.fill(words, WIDTH, initial_indent=indent, subsequent_indent=indent)
