"""How soon and how far a training goes: pace, settling, growth, rank correlation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mtlcore.analysis.convergence import growth, pace, rank_correlation, settled


def test_settled_is_the_first_test_below_a_tenth_for_good():
    errors = {"soon": [0.05, 0.3, 0.02, 0.01], "at once": [0.1 - 1e-9] * 4, "never": [0.01, 0.01, 0.01, 0.1]}
    curves = pd.DataFrame(
        [(m, 0, 10 * n, e) for m, values in errors.items() for n, e in enumerate(values, 1)],
        columns=["method", "seed", "update", "error"],
    ).sample(frac=1, random_state=0)
    assert settled(curves, ["method"], "error")["mean"].to_dict() == {"soon": 30, "at once": 10}


def test_pace_counts_epochs_to_what_equal_weights_end_with():
    f1 = {"Static": [0.5, 0.96, 1.0], "one": [0.4, 0.94, 0.95], "never": [0.1, 0.2, 0.3]}
    curves = pd.DataFrame(
        [(m, 0, epoch, v) for m, values in f1.items() for epoch, v in enumerate(values, 1)],
        columns=["method", "seed", "epoch", "f1"],
    )
    assert pace(curves, ["method"], "f1")["mean"].to_dict() == {"Static": 2, "one": 3}


def test_growth_is_taken_at_the_same_seed():
    rows = pd.DataFrame(
        [(0, 32, 1.0), (0, 64, 9.0), (0, 128, 2.0), (1, 32, 2.0), (1, 128, 8.0), (2, 32, 1.0)],
        columns=["seed", "tasks", "seconds"],
    ).assign(method="a")
    table = growth(rows, ["method"], "seconds")
    assert table.loc["a", ["mean", "seeds"]].tolist() == [3, 2]


def test_rank_correlation_looks_at_ranks_and_its_interval_narrows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    few = pd.DataFrame({"kind": "few", "true": np.exp(4 * x[:40]), "estimated": x[:40] + rng.normal(size=40)})
    many = pd.DataFrame({"kind": "many", "true": np.exp(4 * x), "estimated": x + rng.normal(size=400)})
    table = rank_correlation(pd.concat([few, many]), ["kind"], "true")
    assert table.loc["many", "mean"] == pytest.approx(stats.spearmanr(x, many["estimated"]).statistic)
    assert table.loc["few", "interval"] > 2 * table.loc["many", "interval"] > 0.04
    assert table["seeds"].tolist() == [40, 400]
