"""HydaLearn's toy: the rates, the row and the curve of one run."""

import pytest

from mtlcore.experiments.hydalearn.toy import SMOKE, run

CONFIG = SMOKE[1] | {"seed": 0, "epochs": 3}


def test_the_row_is_that_of_the_best_epoch_on_the_validation_split() -> None:
    result = run(CONFIG | {"method": "Static(weights=(1.2, 0.8))"}, "cpu")
    errors = [row["validation_mae.main"] for row in result.curve]
    best = errors.index(min(errors))
    assert len(errors) == 3 and result.row["best_epoch"] == best + 1
    assert result.row["validation.best"] == errors[best]
    assert result.row["test.best"] == result.curve[best]["test_mae.main"]
    assert result.row["test.final"] == result.curve[-1]["test_mae.main"]


@pytest.mark.parametrize(
    ("method", "share"), [("SingleTask", 0.0), ("Static(weights=(1.2, 0.8))", 0.4), ("CosSim", None)]
)
def test_the_share_is_that_of_the_weights(method: str, share: float | None) -> None:
    row = run(CONFIG | {"method": method}, "cpu").row
    if share is None:
        assert 0 <= row["share.mean"] <= 0.5 < 1 and row["share.sd"] > 0
    else:
        assert row["share.mean"] == pytest.approx(share) and row["share.sd"] == pytest.approx(0, abs=1e-9)


def test_hydalearn_measures_the_main_metric_of_the_whole_training() -> None:
    row = run(CONFIG | {"method": "HydaLearn(beta=6.0, total=2.0)"}, "cpu").row
    assert 0 <= row["share.mean"] <= 1 and row["share.sd"] > 0


@pytest.mark.parametrize("method", ["Static(weights=(1.2, 0.8))", "HydaLearn(beta=6.0, total=2.0)"])
def test_a_run_that_overflows_keeps_what_it_measured(method: str) -> None:
    row = run(CONFIG | {"method": method, "lr": 1e6}, "cpu").row
    assert row["epochs_done"] < 3
    assert row["epochs_done"] or row["test.best"] is None
