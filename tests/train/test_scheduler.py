"""fit(scheduler=...): the learning rates of torch's schedulers, exact resume, and what is refused."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.networks import toy, toy_network
from torch.optim import lr_scheduler as torch_schedulers
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

import mtlcore as mtl

SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)


def halving(epoch: int) -> float:
    return 0.5**epoch


def warmed_up(optimizer: torch.optim.Optimizer) -> LRScheduler:
    parts = [LinearLR(optimizer, start_factor=0.1, total_iters=2), StepLR(optimizer, 1)]
    return SequentialLR(optimizer, parts, milestones=[2])


def chained(optimizer: torch.optim.Optimizer) -> LRScheduler:
    return ChainedScheduler([LinearLR(optimizer, total_iters=2), ExponentialLR(optimizer, 0.5)])


SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer], LRScheduler]] = {
    "LambdaLR": partial(LambdaLR, lr_lambda=halving),
    "MultiplicativeLR": partial(MultiplicativeLR, lr_lambda=lambda epoch: 0.9),
    "StepLR": partial(StepLR, step_size=2),
    "MultiStepLR": partial(MultiStepLR, milestones=[1, 1, 3]),
    "ConstantLR": partial(torch_schedulers.ConstantLR, total_iters=2),
    "LinearLR": partial(LinearLR, total_iters=3),
    "ExponentialLR": partial(ExponentialLR, gamma=0.5),
    "SequentialLR": warmed_up,
    "CosineAnnealingLR": partial(CosineAnnealingLR, T_max=4),
    "ChainedScheduler": chained,
    "ReduceLROnPlateau": partial(ReduceLROnPlateau, patience=0, threshold=0.3, factor=0.5),
    "CyclicLR": partial(CyclicLR, base_lr=0.01, max_lr=0.1, step_size_up=2),
    "CosineAnnealingWarmRestarts": partial(CosineAnnealingWarmRestarts, T_0=2),
    "OneCycleLR": partial(OneCycleLR, max_lr=0.1, total_steps=4),
    "PolynomialLR": partial(PolynomialLR, total_iters=4),
}


def train(epochs: int = 4, **options: object) -> tuple[pd.DataFrame, dict[str, torch.Tensor]]:
    model = toy_network()
    options = {"optimizer": SGD, "batch_size": 16, "progress": False, **options}
    history = mtl.fit(model, toy(), mtl.UW(), epochs=epochs, **options)
    return history, model.state_dict()


def test_every_scheduler_of_torch_is_tried() -> None:
    assert {*SCHEDULERS, "LRScheduler"} == set(torch_schedulers.__all__)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_training_that_is_killed_goes_on_exactly(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def die(epoch: int, model: torch.nn.Module) -> dict[str, float]:
        if epoch == 3:
            raise Killed
        return {}

    history, whole = train(scheduler=SCHEDULERS[name])
    with pytest.raises(Killed):
        train(scheduler=SCHEDULERS[name], checkpoint=tmp_path / "t.pt", on_epoch=die)
    torch.manual_seed(99)
    resumed_history, resumed = train(scheduler=SCHEDULERS[name], checkpoint=tmp_path / "t.pt")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    never_twice = ["seconds", "samples_per_second"]
    pd.testing.assert_frame_equal(
        history.drop(columns=never_twice), resumed_history.drop(columns=never_twice), check_exact=True
    )
    assert history["lr"].nunique() > 1


def test_the_learning_rate_of_every_epoch_is_used_and_told() -> None:
    history, faded = train(scheduler=SCHEDULERS["LambdaLR"])
    assert history["lr"].tolist() == [0.05, 0.025, 0.0125, 0.00625]
    _, constant = train()
    assert not torch.equal(faded["trunk.0.weight"], constant["trunk.0.weight"])
    no_more = partial(LambdaLR, lr_lambda=lambda epoch: float(epoch == 0))
    _, first = train(scheduler=no_more)
    _, whole = train(epochs=1)
    assert torch.equal(first["trunk.0.weight"], whole["trunk.0.weight"])


def test_without_a_scheduler_there_is_no_learning_rate_in_the_history() -> None:
    assert "lr" not in train(epochs=1)[0]


@pytest.mark.parametrize(
    ("monitor", "mode", "column"),
    [
        (None, "min", None),
        ("square", "min", "validation_mse.square"),
        ("sign", "max", "validation_accuracy.sign"),
    ],
)
def test_a_plateau_is_one_of_the_value_that_early_stopping_compares(
    monitor: str | None, mode: str, column: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(ReduceLROnPlateau, "step", lambda self, value: given.append(value))
    history, _ = train(monitor=monitor, scheduler=partial(ReduceLROnPlateau, mode=mode))
    losses = history[["validation_loss.sign", "validation_loss.square"]].mean(axis=1)
    assert given == pytest.approx((losses if column is None else history[column]).tolist(), rel=1e-12)


@pytest.mark.parametrize(("monitor", "mode"), [(None, "max"), ("square", "max"), ("sign", "min")])
def test_a_plateau_in_the_wrong_direction(monitor: str | None, mode: str) -> None:
    with pytest.raises(ValueError, match=f"ReduceLROnPlateau has mode='{mode}'"):
        train(monitor=monitor, scheduler=partial(ReduceLROnPlateau, mode=mode))


def test_another_scheduler_is_another_training(tmp_path: Path) -> None:
    first = {"scheduler": SCHEDULERS["StepLR"], "checkpoint": tmp_path / "t.pt"}
    train(**first)
    for second, named in [
        (partial(StepLR, step_size=3), "scheduler.step_size is 2, here it is 3"),
        (SCHEDULERS["ExponentialLR"], "scheduler is .*StepLR, here it is .*ExponentialLR"),
        (None, "scheduler is .*StepLR, here it is absent"),
    ]:
        with pytest.raises(ValueError, match=f"another training: its {named}") as caught:
            train(**first | {"scheduler": second})
        assert "\n" not in str(caught.value)
    train(scheduler=warmed_up, checkpoint=tmp_path / "nested.pt")
    other = lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=2), StepLR(o, 9)], [2])  # noqa: E731
    with pytest.raises(ValueError, match=r"its scheduler\.1\.step_size is 1, here it is 9"):
        train(scheduler=other, checkpoint=tmp_path / "nested.pt")


def test_another_function_of_the_epoch_is_another_training(tmp_path: Path) -> None:
    path = tmp_path / "t.pt"
    train(scheduler=partial(LambdaLR, lr_lambda=lambda epoch: 0.5**epoch), checkpoint=path)
    with pytest.raises(ValueError, match="another training: its scheduler"):
        train(scheduler=partial(LambdaLR, lr_lambda=lambda epoch: 0.6**epoch), checkpoint=path)


def test_the_learning_rate_is_named_where_it_is_what_differs(tmp_path: Path) -> None:
    options = {"scheduler": SCHEDULERS["StepLR"], "checkpoint": tmp_path / "t.pt"}
    train(**options)
    with pytest.raises(ValueError, match=r"its optimizer\.lr is 0\.05, here it is 0\.1"):
        train(**options, optimizer=partial(SGD, lr=0.1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda o: None, "scheduler makes a NoneType"),
        (StepLR(SGD([torch.zeros(1, requires_grad=True)]), 1), "scheduler is a StepLR"),
    ],
)
def test_what_is_no_scheduler(wrong: object, message: str) -> None:
    with pytest.raises(TypeError, match=f"{message}: give a function that takes the optimiser"):
        train(scheduler=wrong)


def test_the_scheduler_of_another_optimiser() -> None:
    other = SGD([torch.zeros(1, requires_grad=True)])
    with pytest.raises(ValueError, match="belongs to another optimiser"):
        train(scheduler=lambda o: StepLR(other, 1))


def test_numbers_of_numpy_in_optimiser_and_scheduler_are_kept_in_a_checkpoint(tmp_path: Path) -> None:
    options = {
        "optimizer": partial(SGD, lr=np.float64(0.05)),
        "scheduler": partial(ExponentialLR, gamma=np.float64(0.5)),
    }
    _, whole = train(**options)
    train(epochs=2, **options, checkpoint=tmp_path / "t.pt")
    history, resumed = train(**options, checkpoint=tmp_path / "t.pt")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    assert history["lr"].tolist() == pytest.approx([0.05, 0.025, 0.0125, 0.00625])


def test_a_state_that_a_checkpoint_cannot_hold_is_said_before_the_training(tmp_path: Path) -> None:
    class Dated(StepLR):
        def state_dict(self) -> dict[str, object]:
            return super().state_dict() | {"began": Path("today")}

    seen: list[int] = []
    with pytest.raises(ValueError, match=r"t\.pt could be written but not read: the state_dict"):
        train(
            scheduler=partial(Dated, step_size=1),
            checkpoint=tmp_path / "t.pt",
            on_epoch=lambda epoch, model: seen.append(epoch) or {},
        )
    assert not seen and not list(tmp_path.iterdir())


def test_a_nan_on_the_way_is_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [1.0, math.nan, 0.9, 0.8]
    epochs = [{"loss.sign": v, "accuracy.sign": 0.5, "loss.square": v, "mse.square": v} for v in values]
    monkeypatch.setattr(sys.modules["mtlcore.train.fit"], "evaluate", lambda *_: epochs.pop(0))
    history, _ = train(scheduler=partial(ReduceLROnPlateau, patience=0, factor=0.5))
    assert history["lr"].tolist() == [0.05, 0.05, 0.025, 0.025]
