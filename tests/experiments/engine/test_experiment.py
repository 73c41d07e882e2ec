"""An experiment as a grid of configurations."""

import re
from dataclasses import replace

import pytest
from helpers.toy_runs import RUNS, TOY

from mtlcore.experiments import Experiment, Result, state, sweep
from mtlcore.experiments.slaw import table1


def trained(method: str, **options) -> Experiment:
    """One run with one method."""
    presets = {"smoke": {"seed": [0], "method": [method]}}
    return Experiment("one", "", "", presets, lambda config, device: Result({"value": 1}), **options)


def test_the_grid_has_the_seed_outermost():
    configurations = TOY.configurations("smoke")
    assert [(c["seed"], c["method"]) for c in configurations[:3]] == [(0, "a"), (0, "b b"), (1, "a")]
    assert RUNS == 8
    assert TOY.axes == ["seed", "method"]
    with pytest.raises(ValueError, match="no preset of toy called 'smok'; nearest: smoke"):
        TOY.configurations("smok")


def test_an_argument_of_a_method_is_part_of_the_run(tmp_path):
    """Defect 1 of 0.3: with another alpha the stored run of GradNorm still counted as done."""
    assert sweep(trained("GradNorm(alpha=0.12)"), "smoke", progress=False, folder=tmp_path).made == 1
    assert len(state(trained("GradNorm(alpha=0.12)"), "smoke", tmp_path).done) == 1
    assert len(state(trained("GradNorm(alpha=3.0)"), "smoke", tmp_path).missing) == 1
    assert "GradNorm(alpha=0.12)" in table1.METHODS


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("SLAW()", "SLAW"),
        ("GradNorm(alpha=1.5)", "GradNorm"),
        ("GradNorm( alpha = 0.120 )", "GradNorm(alpha=0.12)"),
        ("Static(weights=[1.0, 2.0])", "Static(weights=(1.0, 2.0))"),
    ],
)
def test_a_method_is_declared_by_its_canonical_text(written, canonical):
    with pytest.raises(ValueError, match=f"one: write the method .* as .{re.escape(canonical)}"):
        trained(written)


@pytest.mark.parametrize("text", ["gradnorm", "GradNorm(alpha=__import__('os'))", "GradNorm(beta=1)", "ew"])
def test_what_is_no_method_is_not_declared(text):
    with pytest.raises(ValueError):
        trained(text)
    assert trained(text, not_methods=[text]).configurations("smoke")[0]["method"] == text


def test_other_settings_may_hold_methods():
    presets = {"smoke": {"seed": [0], "trained_with": ["slaw"]}}
    with pytest.raises(ValueError):
        replace(TOY, presets=presets, methods=["trained_with"])
