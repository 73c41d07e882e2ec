"""Early stopping and plateaus: which tasks decide, and what happens where a value is missing."""

from __future__ import annotations

import math
import sys
import warnings
from dataclasses import replace
from functools import partial

import pytest
import torch
from helpers.networks import toy, toy_network
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

import mtlcore as mtl
from mtlcore.tasks import UNLABELLED
from mtlcore.train._score import Score

SGD = partial(torch.optim.SGD, lr=0.4, momentum=0.9)
OPTIONS = {"optimizer": SGD, "batch_size": 16, "patience": 3, "progress": False}


def without_validation_labels(*tasks: int) -> mtl.MultiTaskData:
    data = toy()
    targets = list(data.validation.targets)
    for task in tasks:
        missing = torch.nan if targets[task].is_floating_point() else UNLABELLED
        targets[task] = torch.full_like(targets[task], missing)
    return replace(data, validation=mtl.Split(data.validation.inputs, tuple(targets)))


def ranked(validation: Tensor) -> mtl.MultiTaskData:
    """The first task is measured by the area under the ROC curve, on these validation labels."""
    data = toy()
    return replace(
        data,
        tasks=(mtl.Task.logistic("sign"), data.tasks[1]),
        validation=mtl.Split(data.validation.inputs, (validation, data.validation.targets[1])),
    )


def logistic_network() -> mtl.MultiTaskModel:
    model = toy_network()
    return mtl.MultiTaskModel(model.trunk, [torch.nn.Linear(16, 1), model.heads[1]])


def test_a_task_without_validation_labels_does_not_stop_training() -> None:
    """The mean is that of the other task, and so is the best epoch."""
    data, model = without_validation_labels(1), toy_network()
    with pytest.warns(UserWarning, match="'square'") as caught:
        history = mtl.fit(model, data, mtl.Static(), epochs=60, **OPTIONS)
    assert len([w for w in caught if "validation split" in str(w.message)]) == 1
    assert caught[0].filename == __file__
    best = history["validation_loss.sign"].idxmin()
    assert best > 0 and len(history) == best + 1 + 3 < 60
    found = mtl.evaluate(model, data.validation, data.tasks)
    assert found["loss.sign"] == pytest.approx(history["validation_loss.sign"][best])
    assert history["validation_loss.square"].isna().all()


def test_no_warning_where_nothing_is_left_out_or_nothing_is_compared() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mtl.fit(toy_network(), toy(), mtl.Static(), epochs=1, **OPTIONS)
        unlabelled = without_validation_labels(0, 1)
        mtl.fit(toy_network(), unlabelled, mtl.Static(), epochs=1, **OPTIONS | {"patience": None})
        other = without_validation_labels(1)
        mtl.fit(toy_network(), other, mtl.Static(), epochs=1, monitor="sign", **OPTIONS)


@pytest.mark.parametrize(
    "compare", [{}, {"patience": None, "scheduler": ReduceLROnPlateau}], ids=["stop", "plateau"]
)
def test_without_any_validation_label_nothing_is_computed(compare: dict) -> None:
    model = toy_network()
    before = model.trunk[0].weight.detach().clone()
    with pytest.raises(ValueError, match="no task has a label in the validation split"):
        mtl.fit(model, without_validation_labels(0, 1), mtl.Static(), epochs=2, **OPTIONS | compare)
    assert torch.equal(before, model.trunk[0].weight)


def test_a_monitored_task_without_validation_labels() -> None:
    with pytest.raises(ValueError, match=r"monitor='square' .* no label in the validation split"):
        mtl.fit(
            toy_network(), without_validation_labels(1), mtl.Static(), epochs=2, monitor="square", **OPTIONS
        )


def test_a_monitored_metric_that_is_nan() -> None:
    """The labels of the validation split are all of one class: their ranking has no measure."""
    data = ranked(torch.ones(60, dtype=torch.int64))
    with pytest.raises(ValueError, match="the validation auc of task 'sign' is NaN"):
        mtl.fit(logistic_network(), data, mtl.Static(), epochs=2, monitor="sign", **OPTIONS)
    history = mtl.fit(logistic_network(), data, mtl.Static(), epochs=2, **OPTIONS)  # the loss has a value
    assert history["validation_auc.sign"].isna().all() and history["validation_loss.sign"].notna().all()


@pytest.mark.parametrize("monitor", [None, "square"])
def test_a_value_that_comes_and_goes_is_compared_with_itself_only(
    monitor: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean over what has a value would be best in epoch 2, where the large loss is missing."""
    signs, squares = [0.6, 0.5, 0.6, 0.6], [5.0, math.nan, 4.0, 4.5]
    epochs = [
        {"loss.sign": a, "accuracy.sign": 0.5, "loss.square": b, "mse.square": b}
        for a, b in zip(signs, squares, strict=True)
    ]
    monkeypatch.setattr(sys.modules["mtlcore.train.fit"], "evaluate", lambda *_: epochs.pop(0))
    model, kept = toy_network(), []
    remember = lambda epoch, model: kept.append(model.heads[0].weight.detach().clone()) or {}  # noqa: E731
    mtl.fit(model, toy(), mtl.Static(), epochs=4, monitor=monitor, on_epoch=remember, **OPTIONS)
    assert torch.equal(model.heads[0].weight, kept[2])


def test_nan_is_never_better() -> None:
    score = Score(toy(), "sign")
    assert score.higher_is_better and score.better(0.2, 0.1) and not score.better(0.1, 0.2)
    assert not score.better(math.nan, 0.1) and not score.better(math.nan, None)
    score = Score(toy(), None)
    assert score.better(0.1, 0.2) and not score.better(0.2, 0.1) and score.better(math.inf, None)


def test_a_metric_whose_name_has_a_dot() -> None:
    data = toy()
    metrics = mtl.Metrics.whole("within_0.5", lambda o, y: math.nan, True)
    named = replace(data, tasks=(data.tasks[0], replace(data.tasks[1], metrics=metrics, main=None)))
    with pytest.raises(ValueError, match=r"the validation within_0\.5 of task 'square' is NaN"):
        mtl.fit(toy_network(), named, mtl.Static(), epochs=1, monitor="square", **OPTIONS)
