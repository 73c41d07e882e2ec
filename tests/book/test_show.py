"""The source that the book shows."""

from __future__ import annotations

import mtlcore as mtl
from mtlcore.book.show import source


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
