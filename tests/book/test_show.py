"""The source that the book shows."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

import mtlcore as mtl
from mtlcore.book.show import WIDTH, source


def test_the_source_is_the_code_with_the_summary_of_the_docstring() -> None:
    shown = repr(source(mtl.Signals.gramian))
    assert shown.startswith(
        'def gramian(self, level: Level = "parameters") -> Tensor:\n    """Return the inner'
    )
    assert shown.endswith("return self._weighted(self._weighted(gramian).T)")
    assert shown.count('"""') == 2
    assert "Parameters" not in shown
    compile(f"from __future__ import annotations\n{shown}", "shown", "exec")


def test_functions_without_docstrings_and_several_at_once() -> None:
    shown = repr(source(mtl.PCGrad.rule, mtl.UW.objective))
    assert shown.startswith("def rule(") and "\n\ndef objective(" in shown


def test_classes_are_shown_with_their_summary() -> None:
    shown = repr(source(mtl.SingleTask))
    assert shown.startswith('class SingleTask(LossBalancing):\n    """Train on one task alone')
    assert "Cost" not in shown and "def rule" in shown


def without_docstrings(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


@pytest.mark.parametrize("name", mtl.METHODS)
def test_what_is_shown_is_the_code_and_fits_a_page(name: str) -> None:
    method = mtl.METHODS[name]
    shown = repr(source(method))
    assert without_docstrings(shown) == without_docstrings(textwrap.dedent(inspect.getsource(method)))
    # ruff does not break what stands in quotation marks.
    long = [line for line in shown.split("\n") if len(line) > WIDTH and not line.lstrip(" f").startswith('"')]
    assert long == []


def test_comments_and_docstrings_are_refilled() -> None:
    def shown_nowhere() -> None:
        """Say in one line that is longer than the page of the book is wide what this function is for."""
        # A comment in the source may have up to one hundred and ten characters in a line,
        # and it goes on.
        return None

    lines = repr(source(shown_nowhere)).split("\n")
    assert lines[1:5] == [
        '    """Say in one line that is longer than the page of the book is wide what',
        '    this function is for."""',
        "    # A comment in the source may have up to one hundred and ten characters",
        "    # in a line, and it goes on.",
    ]
