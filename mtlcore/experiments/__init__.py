"""The papers' tables and figures: declared as data, run into files, collated into the book.

An experiment is a module of a folder beside ``engine``, one for each table or figure, that defines
``experiment``. It is registered by being there. A module whose name starts with an underscore holds what the
experiments of a folder share.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from mtlcore._names import nearest
from mtlcore.experiments.engine.backends import Dask, Local
from mtlcore.experiments.engine.confirm import Confirmation, confirm
from mtlcore.experiments.engine.experiment import Experiment, Result
from mtlcore.experiments.engine.reported import reported
from mtlcore.experiments.engine.results import collate, results
from mtlcore.experiments.engine.sweep import Report, State, state, sweep, tables


def _discovered() -> Iterator[Experiment]:
    """The experiments of every folder but ``engine``, in alphabetical order."""
    for folder in iter_modules(__path__):
        if not folder.ispkg or folder.name == "engine":
            continue
        package = import_module(f"{__name__}.{folder.name}")
        for module in iter_modules(package.__path__):
            if not module.name.startswith("_"):
                yield import_module(f"{package.__name__}.{module.name}").experiment


def _registered() -> dict[str, Experiment]:
    found: dict[str, Experiment] = {}
    for one in _discovered():
        if one.name in found:
            raise ValueError(f"two experiments are called {one.name!r}")
        found[one.name] = one
    return found


EXPERIMENTS: dict[str, Experiment] = _registered()
"""Every experiment by name."""


def experiment(name: str) -> Experiment:
    """Find an experiment by its name.

    Parameters
    ----------
    name : str
        A key of :data:`EXPERIMENTS`.

    Returns
    -------
    experiment : Experiment
        The experiment.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists the nearest ones.
    """
    return EXPERIMENTS[nearest(name, EXPERIMENTS, "experiment")]


__all__ = [
    "EXPERIMENTS",
    "Confirmation",
    "Dask",
    "Experiment",
    "Local",
    "Report",
    "Result",
    "State",
    "collate",
    "confirm",
    "experiment",
    "reported",
    "results",
    "state",
    "sweep",
    "tables",
]
