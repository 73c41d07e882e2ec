"""The papers' tables and figures: declared as data, run into files, collated into the book."""

from mtlcore.experiments import rlw_figure1
from mtlcore.experiments.base import Experiment, Result, pick
from mtlcore.experiments.runs import Report, State, state, sweep, tables
from mtlcore.experiments.stored import collate, results

EXPERIMENTS: dict[str, Experiment] = {experiment.name: experiment for experiment in [rlw_figure1.experiment]}


def experiment(name: str) -> Experiment:
    """The experiment of that name; ValueError with the nearest names if there is none."""
    return EXPERIMENTS[pick(name, EXPERIMENTS, "experiment")]


__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Report",
    "Result",
    "State",
    "collate",
    "experiment",
    "results",
    "state",
    "sweep",
    "tables",
]
