"""An experiment as a grid of configurations."""

import pytest
from helpers.toy_runs import RUNS, TOY


def test_the_grid_has_the_seed_outermost():
    configurations = TOY.configurations("smoke")
    assert [(c["seed"], c["method"]) for c in configurations[:3]] == [(0, "a"), (0, "b b"), (1, "a")]
    assert RUNS == 8
    assert TOY.axes == ["seed", "method"]
    with pytest.raises(ValueError, match="no preset of toy called 'smok'; nearest: smoke"):
        TOY.configurations("smok")
