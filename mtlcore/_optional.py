"""Optional packages: one sentence that names the extra to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_DISTRIBUTIONS = {"PIL": "Pillow", "rdkit": "RDKit", "sklearn": "scikit-learn"}
"""Import name -> the package's own name, where they differ."""

_OWN_EXTRAS = {
    "distributed": "dask",
    "rdkit": "molecules",
    "torchjd": "peers",
    "transformers": "transformers",
}
"""Import name -> the extra, for packages that have an extra of their own."""


@contextmanager
def needed_by(what: str, extra: str) -> Iterator[None]:
    """Say how to install an optional package that the enclosed code imports and does not find.

    Parameters
    ----------
    what : str
        What needs the package, the subject of the error message, e.g. ``"data set 'toxcast'"``.
    extra : str
        The extra of mtlcore that installs the package, unless the package has an extra of its own
        (``molecules`` for RDKit, ``transformers``, ``peers``, ``dask``).

    Raises
    ------
    ImportError
        If the enclosed code imports a package that is not installed. A missing module of mtlcore itself is
        passed on unchanged.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "mtlcore").partition(".")[0]
        if package == "mtlcore":
            raise
        raise ImportError(
            f"{what} needs {_DISTRIBUTIONS.get(package, package)}: "
            f"pip install 'mtlcore[{_OWN_EXTRAS.get(package, extra)}]'",
            name=error.name,
        ) from error
