"""Figure 3 of the SLAW paper at smoke size."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl
from mtlcore.experiments.slaw import figure3 as slaw_figure3


def test_figure3_samples_where_it_says(smoke) -> None:
    rows, _ = smoke("slaw-figure3")
    assert len(rows) == 8
    assert rows.loc[rows["statistics"] == "SLAW", "update"].between(100, 120).all()
    assert rows.loc[rows["statistics"] == "SLAW(init='zero')", "update"].between(10, 120).all()
    assert rows[["estimated", "true", "true_all"]].gt(0).all(axis=None)
    assert rows[["estimated", "true", "true_all"]].lt(10).all(axis=None)


def test_figure3_s_true_weights_level_the_gradient_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = torch.arange(1.0, 11.0)
    monkeypatch.setattr(mtl.Signals, "norms", lambda self, on=None: norms if on is None else 1 / norms)
    own = {"statistics": "SLAW(init='zero')", "trained_with": "SLAW(init='zero')"}
    config = slaw_figure3.SMOKE[0] | own | {"seed": 0, "updates": 12}
    row = slaw_figure3.run(config, "cpu").row
    assert row["true"] == pytest.approx(10 / row["task"] / (1 / norms).sum().item())
    assert row["true_all"] == pytest.approx(10 * row["task"] / norms.sum().item())
