"""The training with weights of samples: its row, its curve, and the weights of clean and of noisy samples."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.experiments.slgrad._training import Watched, method_of, train

CONFIG = {"seed": 0, "method": "SLGrad", "lr": 0.05, "epochs": 4, "batch_size": 5, "measured": 8, "every": 2}


def start(config: dict) -> tuple[mtl.MultiTaskData, mtl.MultiTaskModel, Tensor]:
    """A line with two outputs; the main labels of the first three training samples have the wrong sign."""
    x = torch.linspace(-1, 1, 12).unsqueeze(1)
    noisy = torch.zeros(2, 12, dtype=torch.bool)
    noisy[0, :3] = True
    main = torch.where(noisy[0].unsqueeze(1), -x, x)
    train, clean = mtl.Split(x, (main, 2 * x)), mtl.Split(x, (x, 2 * x))
    tasks = (mtl.Task.regression("main"), mtl.Task.regression("other"))
    model = mtl.MultiTaskModel(nn.Linear(1, 2), [nn.Linear(2, 1), nn.Linear(2, 1)])
    return mtl.MultiTaskData("lines", train, clean, clean, tasks), model, noisy


def test_the_row_is_that_of_the_best_and_of_the_last_epoch() -> None:
    result = train(start, CONFIG | {"every": 1}, "cpu")
    losses = [point["validation_loss"] for point in result.curve]
    best = losses.index(min(losses))
    assert result.row["best_epoch"] == best + 1 and result.row["epochs_done"] == len(losses) == 4
    assert result.row["test_mse.best"] == result.curve[best]["test_mse"]
    assert result.row["test_mse.last"] == result.curve[-1]["test_mse"]
    totals = [point["total.main"] for point in result.curve]
    assert result.row["total.main"] == pytest.approx(sum(totals) / 4)


def test_the_curve_has_the_first_epoch_and_every_so_many() -> None:
    assert [point["epoch"] for point in train(start, CONFIG, "cpu").curve] == [1, 2, 4]


def test_equal_task_weights_are_equal_sample_weights() -> None:
    for point in train(start, CONFIG | {"method": "Static"}, "cpu").curve:
        assert point["weight.main.clean"] == pytest.approx(1) == point["weight.main.noisy"]
        assert point["total.main"] == pytest.approx(0.5) == point["total.other"]
        assert point["zero.main.noisy"] == 0 == point["large.main.clean"]
        assert not [name for name in point if name.startswith("weight.other")]  # it has no noisy label


def test_a_single_task_has_all_the_weight() -> None:
    for point in train(start, CONFIG | {"method": "SingleTask"}, "cpu").curve:
        assert point["total.main"] == pytest.approx(1)
        assert point["weight.main.noisy"] == pytest.approx(2)


def test_slgrad_gives_labels_of_the_wrong_sign_less_weight() -> None:
    point = train(start, CONFIG | {"epochs": 20, "every": 20}, "cpu").curve[-1]
    assert point["weight.main.noisy"] < 0.1 * point["weight.main.clean"]
    assert point["zero.main.noisy"] == 1
    assert point["total.main"] + point["total.other"] == pytest.approx(1)
    clean, noisy = (point[f"weight.main.{kind}"] for kind in ("clean", "noisy"))
    assert (9 * clean + 3 * noisy) / 12 == pytest.approx(2 * point["total.main"])  # by 12 samples, 2 tasks


def test_the_watched_step_is_the_step() -> None:
    data, model, _ = start({})
    grads = []
    for kind in (mtl.Signals, Watched):
        model.zero_grad()
        step = kind(model, data.train.read(slice(None)), data.tasks, data.validation.read(slice(None)))
        totals = mtl.SLGrad().backward(step)
        grads.append([p.grad.clone() for p in model.parameters()])
    assert all(map(torch.equal, *grads))
    assert torch.allclose(step.sample_weights.sum(1), totals)


def test_a_look_ahead_is_in_units_of_the_learning_rate() -> None:
    config = CONFIG | {"lr": 0.2}
    assert method_of(config | {"method": "SLGrad(lookahead=0.5)"}).lookahead == pytest.approx(0.1)
    assert method_of(config).lookahead is None
    assert method_of(config | {"method": "OLAux"}).lr == 0.2


def test_a_run_that_overflows_keeps_what_it_measured() -> None:
    row = train(start, CONFIG | {"method": "Static", "lr": 1e9, "epochs": 9}, "cpu").row
    assert row["epochs_done"] < 9
    assert row["epochs_done"] or row["test_mse.last"] is None
