"""The settings that the SLAW paper leaves open, changed one at a time."""

from __future__ import annotations

from pathlib import Path

from mtlcore.experiments import Experiment, experiment, sweep, tables
from mtlcore.experiments.slaw import table1 as slaw_table1


def test_settings_change_one_at_a_time(tmp_path: Path) -> None:
    one: Experiment = experiment("slaw-settings")
    few = Experiment(
        one.name,
        one.title,
        one.source,
        {"smoke": one.presets["smoke"] | {"seed": [0], "method": ["SLAW"]}},
        one.run,
    )
    assert not sweep(few, "smoke", progress=False, folder=tmp_path).failed
    rows, _ = tables(few, "smoke", tmp_path)
    base = slaw_table1.PAPER
    settings = ["activation", "init", "input_std", "eps", "max_norm"]
    changed = [[s for s in settings if row[s] != base[s]] for _, row in rows.iterrows()]
    assert changed == [[name] for name in settings]
    assert rows["test_nl.final"].nunique() == len(rows)
