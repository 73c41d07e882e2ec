"""The papers' tables and figures: declared as data, run into files, collated into the book."""

from mtlcore._names import nearest
from mtlcore.experiments.cost import step_cost
from mtlcore.experiments.engine.backends import Dask, Local
from mtlcore.experiments.engine.experiment import Experiment, Result
from mtlcore.experiments.engine.reported import reported
from mtlcore.experiments.engine.results import collate, results
from mtlcore.experiments.engine.sweep import Report, State, state, sweep, tables
from mtlcore.experiments.rlw import celeba as rlw_celeba
from mtlcore.experiments.rlw import cityscapes as rlw_cityscapes
from mtlcore.experiments.rlw import distributions as rlw_distributions
from mtlcore.experiments.rlw import figure1 as rlw_figure1
from mtlcore.experiments.rlw import nyuv2 as rlw_nyuv2
from mtlcore.experiments.rlw import office as rlw_office
from mtlcore.experiments.rlw import pos as rlw_pos
from mtlcore.experiments.slaw import figure2 as slaw_figure2
from mtlcore.experiments.slaw import figure3 as slaw_figure3
from mtlcore.experiments.slaw import settings as slaw_settings
from mtlcore.experiments.slaw import table1 as slaw_table1
from mtlcore.experiments.slaw import table2 as slaw_table2

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
    return EXPERIMENTS[nearest(name, EXPERIMENTS, "experiment")]


__all__ = [
    "EXPERIMENTS",
    "Dask",
    "Experiment",
    "Local",
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
