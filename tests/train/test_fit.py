"""fit(): resume to the bit, early stopping, messages."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import mtlcore as mtl

SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)
NEVER_TWICE = ["seconds", "samples_per_second"]


def toy(separate: bool = False, samples: int = 60) -> mtl.MultiTaskData:
    """A regression and a classification task on five inputs."""
    generator = torch.Generator().manual_seed(0)

    def split() -> mtl.Split:
        x = torch.randn(samples, 5, generator=generator)
        labels, values = (x[:, 0] > x[:, 1]).long(), x[:, :2] ** 2
        if separate:
            half = samples // 2
            return mtl.Split((x, x[:half] + 1), (labels, values[:half]))
        return mtl.Split(x, (labels, values))

    tasks = (mtl.Task.classification("sign"), mtl.Task.regression("square"))
    return mtl.MultiTaskData("toy", split(), split(), split(), tasks)


def network() -> mtl.MultiTaskModel:
    torch.manual_seed(3)
    trunk = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2))
    return mtl.MultiTaskModel(trunk, [nn.Linear(16, 2), nn.Linear(16, 2)])


def train(method: mtl.METHODS, epochs: int = 4, **options: object) -> tuple[pd.DataFrame, dict[str, Tensor]]:
    model = network()
    history = mtl.fit(
        model,
        toy(),
        method,
        **{"optimizer": SGD, "epochs": epochs, "batch_size": 16, "progress": False, **options},
    )
    return history, model.state_dict()


STATEFUL = [mtl.RLW(), mtl.SLAW(), mtl.RGW("bernoulli"), mtl.PCGrad(), mtl.Projection(smoothing=0.1)]


@pytest.mark.parametrize("method", STATEFUL, ids=repr)
def test_resume_is_exact(method: mtl.METHODS, tmp_path: Path) -> None:
    """Four epochs at once, and two, a fresh process's worth of objects, and two: the same bits."""
    cls, settings = type(method), {"patience": 3}
    fresh = lambda: eval(f"mtl.{method!r}")  # noqa: E731
    history, whole = train(fresh(), **settings)
    path = tmp_path / "training.pt"
    train(fresh(), epochs=2, checkpoint=path, **settings)
    torch.manual_seed(99)
    resumed_history, resumed = train(fresh(), checkpoint=path, **settings)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole), cls
    pd.testing.assert_frame_equal(
        history.drop(columns=NEVER_TWICE), resumed_history.drop(columns=NEVER_TWICE), check_exact=True
    )
    assert [p.name for p in tmp_path.iterdir()] == ["training.pt"]


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    first, _ = train(mtl.Static(), checkpoint=tmp_path / "t.pt")
    second, _ = train(mtl.Static(), checkpoint=tmp_path / "t.pt")
    pd.testing.assert_frame_equal(first, second, check_exact=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"batch_size": 20}, "batch_size"),
        ({"optimizer": torch.optim.Adam}, "optimizer"),
    ],
)
def test_a_checkpoint_of_another_training(change: dict, named: str, tmp_path: Path) -> None:
    train(mtl.Static(), checkpoint=tmp_path / "t.pt")
    with pytest.raises(ValueError, match=f"another training: its {named}"):
        train(mtl.Static(), checkpoint=tmp_path / "t.pt", **change)
    with pytest.raises(ValueError, match="another training: its method"):
        train(mtl.Static(scale="sum"), checkpoint=tmp_path / "t.pt")


def test_the_seed_decides_everything() -> None:
    (_, first), (_, second), (_, other) = (train(mtl.RLW(), seed=s) for s in (5, 5, 6))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not torch.equal(first["trunk.0.weight"], other["trunk.0.weight"])


def test_training_learns_and_tells() -> None:
    history, _ = train(mtl.Static(), epochs=15)
    assert list(history["epoch"]) == list(range(1, 16))
    assert history["train_loss.sign"].iloc[-1] < 0.7 * history["train_loss.sign"].iloc[0]
    assert (history["weight.sign"] == 0.5).all()
    assert history["validation_accuracy.sign"].iloc[-1] > 0.8
    assert {"validation_loss.square", "validation_mse.square", *NEVER_TWICE} <= set(history)


def test_a_direction_has_no_weights() -> None:
    history, _ = train(mtl.Projection(per="variable"), epochs=1)
    assert history["weight.sign"].isna().all()


@pytest.mark.parametrize("monitor", [None, "sign", "square"])
def test_early_stopping_gives_back_the_best_epoch(monitor: str | None) -> None:
    model, data = network(), toy()
    wild = partial(torch.optim.SGD, lr=0.4, momentum=0.9)
    history = mtl.fit(
        model,
        data,
        mtl.Static(),
        optimizer=wild,
        epochs=60,
        batch_size=16,
        patience=3,
        monitor=monitor,
        progress=False,
    )
    column = {
        None: history[["validation_loss.sign", "validation_loss.square"]].mean(axis=1),
        "sign": -history["validation_accuracy.sign"],
        "square": history["validation_mse.square"],
    }[monitor]
    assert len(history) == column.idxmin() + 1 + 3 < 60
    losses, metrics = mtl.evaluate(model, data.validation, data.tasks)
    best = history.iloc[column.idxmin()]
    assert losses["square"] == pytest.approx(best["validation_loss.square"])
    assert metrics["sign"] == pytest.approx(best["validation_accuracy.sign"])


def test_one_input_a_task() -> None:
    """Tasks of different length: an epoch is a pass over the longest, and evaluation counts each once."""
    data, model = toy(separate=True), network()
    history = mtl.fit(model, data, mtl.PCGrad(), epochs=2, batch_size=16, optimizer=SGD, progress=False)
    assert len(history) == 2
    losses, _ = mtl.evaluate(model, data.test, data.tasks, batch_size=7)
    model.eval()
    expected = ((model.heads[1](model.trunk(data.test.inputs[1])) - data.test.targets[1]) ** 2).mean()
    assert losses["square"] == pytest.approx(expected.item(), rel=1e-5)


def test_on_epoch_adds_to_the_row() -> None:
    history, _ = train(mtl.Static(), epochs=2, on_epoch=lambda epoch, model: {"twice": 2.0 * epoch})
    assert list(history["twice"]) == [2, 4]


def test_a_diverging_loss_says_where() -> None:
    with pytest.raises(ValueError, match=r"epoch \d+, step \d+: the loss of task 'square' is"):
        train(mtl.Static(), epochs=30, optimizer=partial(torch.optim.SGD, lr=1e6))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience": 0}, "patience"),
        ({"monitor": "area"}, "sign, square"),
    ],
)
def test_wrong_arguments(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(mtl.Static(), **wrong)


def test_a_split_needs_as_many_labels_as_inputs() -> None:
    with pytest.raises(ValueError, match="as many labels"):
        mtl.Split(torch.ones(3, 2), (torch.ones(3), torch.ones(2)))


def test_images_are_read_as_floats_between_zero_and_one() -> None:
    split = mtl.Split(torch.tensor([[0], [51], [255]], dtype=torch.uint8), (torch.arange(3),))
    assert split.read(slice(None)).inputs.flatten().tolist() == pytest.approx([0, 0.2, 1])


def test_shuffled_batches_hold_every_sample_once() -> None:
    split = mtl.Split(torch.arange(10.0)[:, None], (torch.arange(10),))
    batches = list(split.batches(4, torch.Generator().manual_seed(0)))
    assert [len(b.inputs) for b in batches] == [4, 4, 2]
    order = torch.cat([b.targets[0] for b in batches])
    assert order.tolist() != list(range(10))
    assert sorted(order.tolist()) == list(range(10))
    for b in batches:
        assert torch.equal(b.inputs[:, 0], b.targets[0].float())
