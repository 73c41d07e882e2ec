"""Table 1 of the SLAW paper at smoke size."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

import mtlcore as mtl
from mtlcore.experiments import sweep, tables
from mtlcore.experiments.slaw import table1 as slaw_table1
from mtlcore.methods import make


def test_the_network_starts_as_in_the_public_code() -> None:
    model, _ = slaw_table1.start(slaw_table1.SMOKE | {"seed": 0}, "cpu")
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    assert [tuple(layer.weight.shape) for layer in layers] == [(100, 250)] + [(100, 100)] * 13
    for layer in layers:
        torch.testing.assert_close(layer.weight @ layer.weight.T, 2 * torch.eye(100), atol=1e-4, rtol=0)
        assert not layer.bias.any()
    assert sum(isinstance(layer, nn.Tanh) for layer in model.trunk) == 4


@pytest.mark.parametrize("change", [{"activation": "relu"}, {"init": "default"}, {"input_std": 1.0}])
def test_a_setting_changes_what_it_names(change: dict) -> None:
    config = slaw_table1.SMOKE | {"seed": 0}
    outputs = []
    for settings in (config, config | change):
        model, data = slaw_table1.start(settings, "cpu")
        outputs.append(model(data.test.inputs)[0])
    assert not torch.equal(*outputs)


def test_gradients_are_clipped_unless_told_otherwise() -> None:
    """With SGD's plain arithmetic in Adam's first moment: it holds a tenth of the clipped gradient."""
    for max_norm, norm in [(0.5, 0.05), (None, 0.1 * 7)]:
        config = slaw_table1.SMOKE | {"seed": 0, "max_norm": max_norm}
        model, _ = slaw_table1.start(config, "cpu")
        optimizer = slaw_table1.adam(config, model, mtl.Static())
        size = sum(p.numel() for p in model.parameters())
        for p in model.parameters():
            p.grad = torch.full_like(p, 7 / size**0.5)
        optimizer.step()
        moments = torch.cat([state["exp_avg"].flatten() for state in optimizer.state.values()])
        assert moments.norm().item() == pytest.approx(norm, rel=1e-3)


def test_the_ideal_weights_are_written_out() -> None:
    for text, total in (
        (slaw_table1.IDEAL_CONSTANT, slaw_table1.IDEAL.sum()),
        (slaw_table1.IDEAL_SUM_10, 10),
    ):
        weights = make(text).weights(torch.ones(10, dtype=torch.float64))
        expected = slaw_table1.IDEAL * total / slaw_table1.IDEAL.sum()
        torch.testing.assert_close(weights, expected, rtol=1e-15, atol=0)


@pytest.fixture
def table1(smoke, smoke_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run files."""
    smoke("slaw-table1")
    shutil.copytree(smoke_folder / "slaw-table1", tmp_path / "slaw-table1")
    return tmp_path


def test_table1_measures_every_method(table1: Path) -> None:
    rows, curves = tables(slaw_table1.experiment, "smoke", table1)
    assert list(rows["method"]) == 2 * list(slaw_table1.METHODS)
    by_method = rows[rows["seed"] == 0].set_index("method")
    assert by_method["weight_error.final"][slaw_table1.CONSTANT] == pytest.approx(3.505, abs=5e-4)
    for ideal in (slaw_table1.IDEAL_CONSTANT, slaw_table1.IDEAL_SUM_10):
        assert by_method["weight_error.final"][ideal] == pytest.approx(0, abs=1e-9)
        assert by_method["ideal_after"][ideal] == 1
    assert (rows["test_nl.best"] <= rows["test_nl.final"]).all()
    assert rows["test_nl.final"].between(20, 500).all()
    first = curves[(curves["seed"] == 0) & (curves["method"] == "SLAW")]
    assert list(first["update"]) == [2, 4, 8]  # of the tests after Figure 1's updates, one in THINNING


def test_methods_start_alike_and_part_when_their_weights_do(table1: Path) -> None:
    """At one seed: DWA's weights are ones for two epochs of three updates, SLAW's for one update."""
    _, curves = tables(slaw_table1.experiment, "smoke", table1)
    losses = curves[curves["seed"] == 0].pivot(index="update", columns="method", values="train_nl")
    constant = slaw_table1.CONSTANT
    assert losses["SLAW"][2] == losses["DWA"][2] == losses[constant][2]
    assert losses["SLAW"][4] != losses["DWA"][4] == losses[constant][4]
    errors = curves[curves["update"] == 8].pivot(index="seed", columns="method", values="weight_error")
    assert (errors["DWA"] != errors[constant]).all()


def test_a_sweep_that_lost_a_run_makes_it_again_to_the_bit(table1: Path) -> None:
    before, curves = tables(slaw_table1.experiment, "smoke", table1)
    next(table1.rglob("*SLAW-init-zero*.json")).unlink()
    report = sweep(slaw_table1.experiment, "smoke", progress=False, folder=table1)
    assert (report.found, report.made) == (len(before) - 1, 1)
    after, again = tables(slaw_table1.experiment, "smoke", table1)
    numbers = ["train_nl.final", "test_nl.best", "weight_error.final"]
    assert after[numbers].equals(before[numbers]) and again.equals(curves)
