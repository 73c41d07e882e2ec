"""Names that a user types: the one that is meant, or an error that lists the nearest ones."""

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], kind: str) -> str:
    """Return ``name`` if it is one of ``names``.

    Raises
    ------
    ValueError
        If it is not; the message lists the nearest names, or all where none is near.
    """
    names = list(names)
    if name not in names:
        near = difflib.get_close_matches(str(name), names, cutoff=0.4) or names
        raise ValueError(f"there is no {kind} called {name!r}; nearest: {', '.join(near)}")
    return name
