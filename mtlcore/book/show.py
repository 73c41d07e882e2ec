"""Show in the book the code that is tested."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable


class source:
    """The source of functions or classes, set as code in a notebook.

    What the page shows is what ``mtlcore`` runs.
    """

    def __init__(self, *objects: Callable | type) -> None:
        self.text = "\n\n".join(textwrap.dedent(inspect.getsource(o)).rstrip() for o in objects)

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"
