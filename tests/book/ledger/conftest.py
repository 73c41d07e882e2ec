"""A small folder of stored results."""

import pandas as pd
import pytest


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Stored rows of two methods, of which one ran twice, and one of another preset."""
    rows = pd.DataFrame({"method": ["a", "a", "b", "a"], "loss": [1.0, 2.0, 5.0, 9.0], "kind": "x"})
    rows["preset"] = ["laptop", "laptop", "laptop", "smoke"]
    rows.to_csv(tmp_path / "toy.csv", index=False)
    monkeypatch.setattr("mtlcore.experiments.engine.results.results_folder", lambda: tmp_path)
