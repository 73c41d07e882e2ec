"""The smoke preset of every experiment, made once for all tests."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mtlcore.experiments import EXPERIMENTS, sweep, tables

Smoke = Callable[[str], tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="session")
def smoke_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run files; no test may change them."""
    return tmp_path_factory.mktemp("smoke")


@pytest.fixture(scope="session")
def smoke(smoke_folder: Path) -> Smoke:
    """Rows and curves of an experiment's smoke preset, by its name."""

    def made(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        report = sweep(EXPERIMENTS[name], "smoke", progress=False, folder=smoke_folder)
        assert not report.failed, str(report)
        return tables(EXPERIMENTS[name], "smoke", smoke_folder)

    return made
