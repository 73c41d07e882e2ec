"""The settings that the SLAW paper leaves open, changed one at a time."""

from __future__ import annotations

from mtlcore.experiments.slaw import table1 as slaw_table1


def test_settings_change_one_at_a_time(smoke) -> None:
    rows, _ = smoke("slaw-settings")
    rows = rows[(rows["seed"] == 0) & (rows["method"] == "SLAW")]
    base = slaw_table1.PAPER
    settings = ["activation", "init", "input_std", "eps", "max_norm"]
    changed = [[s for s in settings if row[s] != base[s]] for _, row in rows.iterrows()]
    assert changed == [[name] for name in settings]
    assert rows["test_nl.final"].nunique() == len(rows)
