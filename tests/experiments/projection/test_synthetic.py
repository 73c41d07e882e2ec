"""The synthetic regressions of the Projection paper."""

from __future__ import annotations

import torch

import mtlcore as mtl
from mtlcore.experiments.projection import synthetic
from mtlcore.experiments.projection._methods import at
from mtlcore.experiments.projection.synthetic import SETTINGS, experiment, network


def test_a_task_sees_its_own_inputs_only() -> None:
    model, x = network((6, 5, 4), outputs=3), torch.rand(7, 2, 6)
    other = x.clone()
    other[:, 1] = 0
    assert [output.shape for output in model(x)] == [(7, 3)] * 2
    assert torch.equal(model(x)[0], model(other)[0])
    assert not torch.equal(model(x)[1], model(other)[1])


def test_the_weights_of_the_further_seeds_are_those_that_validation_chooses() -> None:
    rows = mtl.results("projection-synthetic", "laptop")
    rows = rows[rows["seed"].isin(synthetic.FEW)]
    errors = rows.groupby(["auxiliary", "method"])["validation_mse.best"].mean()
    chosen = {
        kind: [errors[kind][at(synthetic.LAMBDAS, method)].idxmin() for method in synthetic.KEY]
        for kind in synthetic.RELATIONS
    }
    assert chosen == synthetic.BEST


def test_the_paper_s_grid_has_its_twenty_runs_of_every_configuration() -> None:
    configurations = experiment.configurations("paper")
    rules, scopes, alphas = 4, 2, 3
    assert len(configurations) == 20 * (1 + 3 * 5 * (1 + rules * scopes * alphas))
    single = [c for c in configurations if c["method"] == "SingleTask"]
    assert [c["seed"] for c in single] == list(range(20))


def test_initial_weights_depend_on_the_seed_alone(monkeypatch) -> None:
    """As in the paper, where every configuration begins with the same twenty networks."""
    starts = {}

    def fit_nothing(model, data, method, *, seed, on_epoch, **options):
        starts[seed, type(method).__name__] = {k: v.clone() for k, v in model.state_dict().items()}
        on_epoch(1, model)
        return synthetic.pd.DataFrame({"epoch": [1], "validation_mse.main": [1.0]})

    monkeypatch.setattr("mtlcore.experiments.engine.training.fit", fit_nothing)
    for seed in (0, 1):
        for method in ("SingleTask", "Projection"):
            small = {"seed": seed, "method": method, "auxiliary": "same", "train": 5}
            experiment.run(SETTINGS | small, "cpu")
    for name, value in starts[0, "SingleTask"].items():
        assert torch.equal(value, starts[0, "Projection"][name])
    assert not torch.equal(*(starts[seed, "Projection"]["trunk.0.weight"] for seed in (0, 1)))


def test_best_and_last_epoch_are_two_networks() -> None:
    """The test error of the best epoch is that of the restored network, not of the last one."""
    config = SETTINGS | {"seed": 0, "method": "SingleTask", "auxiliary": "same", "train": 200, "epochs": 30}
    row = experiment.run(config | {"lr": 0.02, "patience": 3}, "cpu").row
    assert row["epochs_made"] == row["best_epoch"] + 3
    assert row["test_mse.best"] != row["test_mse.final"]
    constant = mtl.load("related-regressions", auxiliary="same").test.targets[0].var(0).mean().item()
    assert row["test_mse.best"] < 1.2 * constant
