"""MTRegression: the data, what is measured on it, and SLAW's experiments at smoke size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import mtlcore as mtl
from mtlcore.data.mtregression import ideal_weights, normalised_loss, weight_error
from mtlcore.experiments import Experiment, experiment, sweep, tables
from mtlcore.experiments.slaw import figure3 as slaw_figure3
from mtlcore.experiments.slaw import table1 as slaw_table1

SIZES = {"train": 400, "validation": 30, "test": 20}

# --- the data -----------------------------------------------------------------------------------


def test_shapes_names_and_types() -> None:
    data = mtl.load("mtregression", tasks=3, inputs=6, outputs=4, **SIZES)
    assert [task.name for task in data.tasks] == ["1", "2", "3"]
    for split, samples in zip((data.train, data.validation, data.test), SIZES.values(), strict=True):
        assert split.inputs.shape == (samples, 6) and split.inputs.dtype == torch.float32
        assert [y.shape for y in split.targets] == [(samples, 4)] * 3
        assert {y.dtype for y in split.targets} == {torch.float32}


def test_the_paper_s_sizes_are_the_defaults() -> None:
    data = mtl.load("mtregression")
    assert data.train.inputs.shape == (9_000, 250) and data.test.inputs.shape == (1_000, 250)
    assert [y.shape for y in data.test.targets] == [(1_000, 100)] * 10


def test_the_functions_are_sigma_tanh_of_a_shared_and_an_own_matrix() -> None:
    """Undo sigma and tanh, fit the matrices, and look at their spreads."""
    data = mtl.load("mtregression", tasks=4, inputs=20, outputs=500, **SIZES)
    x = data.train.inputs.double()
    assert x.std().item() == pytest.approx(0.01, rel=0.02)
    targets = [y.double() / sigma for sigma, y in enumerate(data.train.targets, start=1)]
    a = torch.stack([torch.linalg.lstsq(x, torch.atanh(y)).solution for y in targets])
    for sigma, (y, matrix) in enumerate(zip(data.test.targets, a, strict=True), start=1):
        torch.testing.assert_close(
            y.double(), sigma * torch.tanh(data.test.inputs.double() @ matrix), atol=1e-4, rtol=0
        )
    assert a.std().item() == pytest.approx((10**2 + 3.5**2) ** 0.5, rel=0.03)
    assert (a[0] - a[3]).std().item() == pytest.approx(3.5 * 2**0.5, rel=0.03)


@pytest.mark.parametrize(("input_std", "least", "most"), [(0.01, 0.50, 0.60), (1.0, 0.98, 1.0)])
def test_inputs_as_in_the_code_keep_tanh_away_from_its_ends(
    input_std: float, least: float, most: float
) -> None:
    data = mtl.load("mtregression", input_std=input_std, **SIZES)
    for sigma, y in enumerate(data.train.targets, start=1):
        assert least < (y / sigma).square().mean() < most


def test_a_seed_gives_the_same_data_and_another_seed_others() -> None:
    one, same = (mtl.load("mtregression", tasks=2, **SIZES) for _ in range(2))
    other = mtl.load("mtregression", tasks=2, **SIZES, seed=1)
    assert torch.equal(one.train.inputs, same.train.inputs)
    assert torch.equal(one.test.targets[1], same.test.targets[1])
    assert not torch.equal(one.train.inputs, other.train.inputs)
    assert not torch.equal(one.train.inputs[:20], one.test.inputs)


def test_the_size_of_a_split_changes_nothing_else() -> None:
    small = mtl.load("mtregression", tasks=2, **SIZES)
    large = mtl.load("mtregression", tasks=2, **SIZES | {"train": 401})
    assert torch.equal(small.test.targets[1], large.test.targets[1])


def test_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match="tasks must be a whole number of at least 1"):
        mtl.load("mtregression", tasks=0)
    with pytest.raises(ValueError, match="has no option 'sigma'"):
        mtl.load("mtregression", sigma=1)


# --- what is measured ---------------------------------------------------------------------------


def test_normalised_loss_by_hand() -> None:
    """Three tasks, two outputs, one sample: errors (1, 1), (2, 0), (3, 6) on scales 1, 2, 3."""
    errors = torch.tensor([[1.0, 1.0], [2.0, 0.0], [3.0, 6.0]])
    by_hand = (2 / 1 + 4 / 4 + 45 / 9) / 3
    assert normalised_loss(errors.square().mean(1), outputs=2) == pytest.approx(by_hand)


def test_ideal_weights() -> None:
    assert ideal_weights(3).tolist() == pytest.approx([1, 1 / 4, 1 / 9])
    assert ideal_weights(10).sum().item() == pytest.approx(1.5497677312)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 6.45])
def test_the_weight_error_is_zero_at_ideal_weights_whatever_their_scale(factor: float) -> None:
    assert weight_error(factor * ideal_weights(10)) == pytest.approx(0, abs=1e-20)


def test_the_weight_error_of_equal_weights() -> None:
    ideal = [10 / i**2 / 1.5497677312 for i in range(1, 11)]
    assert weight_error(torch.ones(10)) == pytest.approx(sum((1 - w) ** 2 for w in ideal) / 10)
    assert weight_error(torch.ones(10)) == pytest.approx(3.505, abs=5e-4)


# --- the experiments ----------------------------------------------------------------------------


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


@pytest.fixture(scope="module")
def table1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    report = sweep(slaw_table1.experiment, "smoke", progress=False, folder=folder)
    assert not report.failed, str(report)
    return folder


def test_table1_measures_every_method(table1: Path) -> None:
    rows, curves = tables(slaw_table1.experiment, "smoke", table1)
    assert list(rows["method"]) == 2 * list(slaw_table1.METHODS)
    by_method = rows[rows["seed"] == 0].set_index("method")
    assert by_method["weight_error.final"]["constant"] == pytest.approx(3.505, abs=5e-4)
    for ideal in ("ideal", "ideal-sum-10"):
        assert by_method["weight_error.final"][ideal] == pytest.approx(0, abs=1e-9)
        assert by_method["ideal_after"][ideal] == 1
    assert (rows["test_nl.best"] <= rows["test_nl.final"]).all()
    assert rows["test_nl.final"].between(20, 500).all()
    first = curves[(curves["seed"] == 0) & (curves["method"] == "slaw")]
    assert list(first["update"]) == [2, 4, 8]  # of the tests after Figure 1's updates, one in THINNING


def test_methods_start_alike_and_part_when_their_weights_do(table1: Path) -> None:
    """At one seed: DWA's weights are ones for two epochs of three updates, SLAW's for one update."""
    _, curves = tables(slaw_table1.experiment, "smoke", table1)
    losses = curves[curves["seed"] == 0].pivot(index="update", columns="method", values="train_nl")
    assert losses["slaw"][2] == losses["dwa-epoch"][2] == losses["constant"][2]
    assert losses["slaw"][4] != losses["dwa-epoch"][4] == losses["constant"][4]
    errors = curves[curves["update"] == 8].pivot(index="seed", columns="method", values="weight_error")
    assert (errors["dwa-epoch"] != errors["constant"]).all()


def test_a_sweep_that_lost_a_run_makes_it_again_to_the_bit(table1: Path) -> None:
    before, curves = tables(slaw_table1.experiment, "smoke", table1)
    next(table1.rglob("*slaw-zero*.json")).unlink()
    report = sweep(slaw_table1.experiment, "smoke", progress=False, folder=table1)
    assert (report.found, report.made) == (len(before) - 1, 1)
    after, again = tables(slaw_table1.experiment, "smoke", table1)
    numbers = ["train_nl.final", "test_nl.best", "weight_error.final"]
    assert after[numbers].equals(before[numbers]) and again.equals(curves)


def test_figure3_samples_where_it_says(tmp_path: Path) -> None:
    report = sweep(slaw_figure3.experiment, "smoke", progress=False, folder=tmp_path)
    assert not report.failed, str(report)
    rows, _ = tables(slaw_figure3.experiment, "smoke", tmp_path)
    assert len(rows) == 8
    assert rows.loc[rows["statistics"] == "arithmetic", "update"].between(100, 120).all()
    assert rows.loc[rows["statistics"] == "zero", "update"].between(10, 120).all()
    assert rows[["estimated", "true", "true_all"]].gt(0).all(axis=None)
    assert rows[["estimated", "true", "true_all"]].lt(10).all(axis=None)


def test_figure3_s_true_weights_level_the_gradient_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = torch.arange(1.0, 11.0)
    monkeypatch.setattr(mtl.Signals, "norms", lambda self, on=None: norms if on is None else 1 / norms)
    config = slaw_figure3.SMOKE | {"seed": 0, "statistics": "zero", "trained_with": "slaw", "updates": 12}
    row = slaw_figure3.run(config, "cpu").row
    assert row["true"] == pytest.approx(10 / row["task"] / (1 / norms).sum().item())
    assert row["true_all"] == pytest.approx(10 * row["task"] / norms.sum().item())


def test_settings_change_one_at_a_time(tmp_path: Path) -> None:
    one: Experiment = experiment("slaw-settings")
    few = Experiment(
        one.name,
        one.title,
        one.source,
        {"smoke": one.presets["smoke"] | {"seed": [0], "method": ["slaw"]}},
        one.run,
    )
    assert not sweep(few, "smoke", progress=False, folder=tmp_path).failed
    rows, _ = tables(few, "smoke", tmp_path)
    base = slaw_table1.PAPER
    settings = ["activation", "init", "input_std", "eps", "max_norm"]
    changed = [[s for s in settings if row[s] != base[s]] for _, row in rows.iterrows()]
    assert changed == [[name] for name in settings]
    assert rows["test_nl.final"].nunique() == len(rows)
