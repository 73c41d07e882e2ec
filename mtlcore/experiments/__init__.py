"""The papers' tables and figures: declared as data, run into files, collated into the book."""

from mtlcore.experiments import (
    rlw_celeba,
    rlw_cityscapes,
    rlw_distributions,
    rlw_figure1,
    rlw_nyuv2,
    rlw_office,
    rlw_pos,
    slaw_figure2,
    slaw_figure3,
    slaw_settings,
    slaw_table1,
    slaw_table2,
    step_cost,
)
from mtlcore.experiments.base import Experiment, Result, pick
from mtlcore.experiments.papers import reported
from mtlcore.experiments.runs import Report, State, state, sweep, tables
from mtlcore.experiments.stored import collate, results

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        rlw_figure1.experiment,
        rlw_pos.experiment,
        rlw_distributions.experiment,
        rlw_nyuv2.experiment,
        rlw_cityscapes.experiment,
        rlw_celeba.experiment,
        rlw_office.experiment,
        slaw_table1.experiment,
        slaw_settings.experiment,
        slaw_table2.experiment,
        slaw_figure2.experiment,
        slaw_figure3.experiment,
        step_cost.cost,
        step_cost.scaling,
    )
}


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
    "reported",
    "results",
    "state",
    "sweep",
    "tables",
]
