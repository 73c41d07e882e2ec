"""The toy experiment, swept in this process."""

from pathlib import Path

from helpers import toy_experiment

from mtlcore.experiments import sweep

TOY = toy_experiment.experiment
RUNS = len(TOY.configurations("smoke"))


def toy_sweep(folder: Path, preset: str = "smoke", **options):
    return sweep(TOY, preset, progress=False, folder=folder, **options)
