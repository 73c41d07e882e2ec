"""fit(): resume to the bit, early stopping, messages."""

from __future__ import annotations

import gzip
import hashlib
import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.methods import methods
from helpers.networks import toy, toy_network
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.data.molecules import TOXCAST
from mtlcore.methods.samples.slgrad import SLGrad


def test_the_history_says_how_many_steps_were_skipped() -> None:
    class Never(SLGrad):
        def weights(self, signal: Tensor) -> Tensor:
            return torch.zeros_like(signal)

    model = mtl.MultiTaskModel(nn.Linear(5, 4), [nn.Linear(4, 2), nn.Linear(4, 2)])
    before = {k: v.clone() for k, v in model.state_dict().items()}
    history = mtl.fit(model, toy(), Never(), epochs=1, batch_size=20, progress=False)
    assert history["skipped"].tolist() == [3]
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)
NEVER_TWICE = ["seconds", "samples_per_second"]


def train(method: mtl.METHODS, epochs: int = 4, **options: object) -> tuple[pd.DataFrame, dict[str, Tensor]]:
    model = toy_network()
    history = mtl.fit(
        model,
        toy(),
        method,
        **{"optimizer": SGD, "epochs": epochs, "batch_size": 16, "progress": False, **options},
    )
    return history, model.state_dict()


STATEFUL = [
    mtl.RLW(),
    mtl.SLAW(),
    mtl.FAMO(),
    mtl.RGW("bernoulli"),
    mtl.PCGrad(),
    mtl.Projection(smoothing=0.1),
]


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


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_training_that_is_killed_in_any_epoch_goes_on_exactly(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last words of the first process: half a checkpoint, beside the whole one of the epoch before."""

    class Killed(Exception):
        pass

    def save(content: object, file: BinaryIO) -> None:
        write(content, file)
        if len(content["state"]["rows"]) > stop:
            raise Killed

    history, whole = train(mtl.GradNorm())
    path, write = tmp_path / "training.pt", torch.save
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", save)
        with pytest.raises(Killed):
            train(mtl.GradNorm(), checkpoint=path)
    (tmp_path / "training.pt.unfinished").write_bytes(path.read_bytes()[:1000])
    torch.manual_seed(99)
    seen: list[int] = []
    count = lambda epoch, model: seen.append(epoch) or {}  # noqa: E731
    resumed_history, resumed = train(mtl.GradNorm(), checkpoint=path, on_epoch=count)
    assert seen == list(range(stop + 1, 5))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    pd.testing.assert_frame_equal(
        history.drop(columns=NEVER_TWICE), resumed_history.drop(columns=NEVER_TWICE), check_exact=True
    )


@pytest.mark.parametrize("name", mtl.METHODS)
def test_every_method_goes_on_exactly_also_with_the_objects_of_before(name: str, tmp_path: Path) -> None:
    """As in a notebook that was interrupted: the model and the method carry what they learned."""
    history, whole = train(mtl.METHODS[name](), epochs=2)
    model, method, path = toy_network(), mtl.METHODS[name](), tmp_path / "training.pt"
    options = {"optimizer": SGD, "batch_size": 16, "progress": False, "checkpoint": path}
    mtl.fit(model, toy(), method, epochs=1, **options)
    again = mtl.fit(model, toy(), method, epochs=2, **options)
    assert all(torch.equal(whole[key], value) for key, value in model.state_dict().items())
    pd.testing.assert_frame_equal(
        history.drop(columns=NEVER_TWICE), again.drop(columns=NEVER_TWICE), check_exact=True
    )


def test_the_initial_weights_of_a_resumed_training_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    _, whole = train(mtl.Static(), epochs=2)
    train(mtl.Static(), epochs=1, checkpoint=path)
    model = toy_network()
    for p in model.parameters():
        p.data.add_(1)
    options = {"optimizer": SGD, "batch_size": 16, "progress": False, "checkpoint": path}
    mtl.fit(model, toy(), mtl.Static(), epochs=2, **options)
    assert all(torch.equal(whole[name], value) for name, value in model.state_dict().items())


def test_numbers_of_numpy_and_torch_from_on_epoch_are_kept_in_a_checkpoint(tmp_path: Path) -> None:
    numbers = lambda epoch, model: {"a": np.float64(epoch), "b": torch.tensor(2.0)}  # noqa: E731
    first, _ = train(mtl.Static(), epochs=1, checkpoint=tmp_path / "t.pt", on_epoch=numbers)
    second, _ = train(mtl.Static(), epochs=2, checkpoint=tmp_path / "t.pt", on_epoch=numbers)
    assert second["a"].tolist() == [1, 2] and second["b"].tolist() == [2, 2]
    pd.testing.assert_frame_equal(first, second[:1], check_exact=True)


@pytest.mark.parametrize("package", ["pandas", "tqdm.auto"])
def test_what_to_install_for_fit(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ImportError, match=rf"mtlcore\.fit needs {package.split('.')[0]}: pip install 'mtlcore\[train\]'"
    ):
        train(mtl.Static(), epochs=1)


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
    model, data = toy_network(), toy()
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
    found = mtl.evaluate(model, data.validation, data.tasks)
    best = history.iloc[column.idxmin()]
    assert found["loss.square"] == pytest.approx(best["validation_loss.square"])
    assert found["accuracy.sign"] == pytest.approx(best["validation_accuracy.sign"])


def test_one_input_a_task() -> None:
    """Tasks of different length: an epoch is a pass over the longest, and evaluation counts each once."""
    data, model = toy(separate=True), toy_network()
    history = mtl.fit(model, data, mtl.PCGrad(), epochs=2, batch_size=16, optimizer=SGD, progress=False)
    assert len(history) == 2
    found = mtl.evaluate(model, data.test, data.tasks, batch_size=7)
    model.eval()
    expected = ((model.heads[1](model.trunk(data.test.inputs[1])) - data.test.targets[1]) ** 2).mean()
    assert found["loss.square"] == pytest.approx(expected.item(), rel=1e-5)


def test_on_epoch_adds_to_the_row() -> None:
    history, _ = train(mtl.Static(), epochs=2, on_epoch=lambda epoch, model: {"twice": 2.0 * epoch})
    assert list(history["twice"]) == [2, 4]


@pytest.mark.parametrize(("samples", "steps"), [(60, 3), (48, 3), (47, 2)])
def test_drop_last_leaves_out_the_smaller_last_step(samples: int, steps: int) -> None:
    seen: list[int] = []

    class Recorder(mtl.Static):
        def backward(self, signals: mtl.Signals) -> Tensor | None:
            seen.append(signals.labelled.shape[1])
            return super().backward(signals)

    data = toy(samples=samples)
    options = {"epochs": 2, "batch_size": 16, "progress": False}
    history = mtl.fit(toy_network(), data, Recorder(), drop_last=True, **options)
    assert seen == [16] * steps * 2
    total = history["samples_per_second"] * history["seconds"]
    assert total.tolist() == pytest.approx([16 * steps] * 2)
    seen.clear()
    mtl.fit(toy_network(), data, Recorder(), **options)
    assert seen == ([16] * (samples // 16) + [samples % 16] * (samples % 16 > 0)) * 2


def test_the_means_of_the_history_are_over_the_steps_that_were_taken() -> None:
    history, _ = train(mtl.Static(), epochs=1, drop_last=True)
    assert history["weight.sign"].tolist() == [0.5]


def test_drop_last_of_all_steps() -> None:
    with pytest.raises(ValueError, match=r"drop_last leaves no step: .* 60 samples, and a step 64"):
        train(mtl.Static(), batch_size=64, drop_last=True)


def in_double(data: mtl.MultiTaskData) -> mtl.MultiTaskData:
    def convert(split: mtl.Split) -> mtl.Split:
        one = isinstance(split.inputs, Tensor)
        inputs = split.inputs.double() if one else tuple(x.double() for x in split.inputs)
        return mtl.Split(inputs, tuple(y.double() if y.is_floating_point() else y for y in split.targets))

    return replace(data, **{name: convert(getattr(data, name)) for name in ("train", "validation", "test")})


def smooth_network() -> mtl.MultiTaskModel:
    """Without batch statistics and dropout, whose numbers depend on how the samples are put into batches."""
    torch.manual_seed(3)
    trunk = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 6), nn.Tanh())
    return mtl.MultiTaskModel(trunk, [nn.Linear(6, 2), nn.Linear(6, 2)]).double()


@methods()
def test_mini_batches_that_make_one_step_train_like_one_large_batch(text: str) -> None:
    """The last step of an epoch has fewer mini-batches, and the last of these fewer samples."""
    data = in_double(toy())
    answers = []
    for sizes in ({"batch_size": 21}, {"batch_size": 7, "accumulate": 3}):
        model = smooth_network()
        options = {"epochs": 2, "validation_batch_size": 10, "progress": False, "optimizer": SGD}
        history = mtl.fit(model, data, mtl.methods.make(text), **options, **sizes)
        answers.append((model.state_dict(), history.drop(columns=NEVER_TWICE)))
    (whole, told), (parts, told_of_parts) = answers
    torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-9)
    pd.testing.assert_frame_equal(told_of_parts, told, rtol=1e-9, atol=1e-9)


def test_tasks_of_different_length_in_mini_batches_that_make_one_step() -> None:
    data, answers = in_double(toy(separate=True)), []
    for sizes in ({"batch_size": 21}, {"batch_size": 7, "accumulate": 3}):
        model = smooth_network()
        mtl.fit(model, data, mtl.PCGrad(), epochs=2, progress=False, optimizer=SGD, **sizes)
        answers.append(model.state_dict())
    torch.testing.assert_close(*answers, rtol=1e-9, atol=1e-9)


def test_a_training_by_mini_batches_that_make_one_step_goes_on_exactly(tmp_path: Path) -> None:
    options = {"batch_size": 7, "accumulate": 3, "drop_last": True}
    history, whole = train(mtl.RLW(), **options)
    train(mtl.RLW(), epochs=2, checkpoint=tmp_path / "t.pt", **options)
    torch.manual_seed(99)
    again, resumed = train(mtl.RLW(), checkpoint=tmp_path / "t.pt", **options)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    pd.testing.assert_frame_equal(
        history.drop(columns=NEVER_TWICE), again.drop(columns=NEVER_TWICE), check_exact=True
    )


class Counting(nn.Identity):
    """Notes how many samples it is given at a time in training."""

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.samples.append(len(x))
        return x


@pytest.mark.parametrize(("drop_last", "steps"), [(False, 3), (True, 2)])
def test_no_more_samples_at_a_time_than_batch_size(drop_last: bool, steps: int) -> None:
    """60 samples are two steps of three mini-batches of 8, and one of a mini-batch of 8 and one of 4."""
    model = smooth_network()
    model.trunk.append(Counting())
    taken: list[int] = []

    class Recorder(mtl.Static):
        def backward(self, signals: mtl.Signals) -> Tensor | None:
            taken.append(signals.labelled.shape[1])
            return super().backward(signals)

    options = {"epochs": 1, "batch_size": 8, "accumulate": 3, "progress": False, "drop_last": drop_last}
    history = mtl.fit(model, in_double(toy()), Recorder(), **options)
    assert taken == [24, 24, 12][:steps]
    assert max(model.trunk[-1].samples) == 8
    assert history["weight.sign"].tolist() == [0.5]


def rarely_labelled() -> mtl.MultiTaskData:
    """The second task has 4 labels among 60 samples."""
    data = in_double(toy())
    values = data.train.targets[1].clone()
    values[4:] = torch.nan
    return replace(data, train=mtl.Split(data.train.inputs, (data.train.targets[0], values)))


@methods()
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_task_without_a_label_in_a_step_is_left_out_and_counted(text: str, accumulate: int) -> None:
    found: list[tuple[list[bool], Tensor, Tensor | None]] = []
    method = mtl.methods.make(text)
    backward = method.backward

    def recorded(signals: mtl.Signals) -> Tensor | None:
        answer = backward(signals)
        found.append((signals.labelled.any(1).tolist(), signals.losses, answer))
        return answer

    method.backward = recorded
    options = {"epochs": 1, "batch_size": 6, "accumulate": accumulate, "progress": False, "optimizer": SGD}
    model = smooth_network()
    history = mtl.fit(model, rarely_labelled(), method, validation_batch_size=20, **options).iloc[0]
    labels = [present[1] for present, _, _ in found]
    assert len(found) == 10 / accumulate and 0 < sum(labels) < len(labels)
    assert history["absent.square"] == len(found) - sum(labels) and history["absent.sign"] == 0
    losses = [loss[1].item() for _, loss, _ in found]
    assert [math.isnan(loss) for loss in losses] == [not here for here in labels]
    expected = sum(loss for loss in losses if not math.isnan(loss)) / sum(labels)
    assert history["train_loss.square"] == pytest.approx(expected)
    weights = [answer for _, _, answer in found]
    if all(weight is not None for weight in weights):
        assert all(weight[1] == 0 for weight, here in zip(weights, labels, strict=True) if not here)
        assert history["weight.square"] == pytest.approx(sum(float(w[1]) for w in weights) / len(weights))
    assert all(torch.isfinite(p).all() for p in model.parameters())


@methods()
def test_a_training_in_which_tasks_are_absent_goes_on_exactly(text: str, tmp_path: Path) -> None:
    options = {"batch_size": 6, "validation_batch_size": 20, "progress": False, "optimizer": SGD}

    def trained(epochs: int, **more: object) -> tuple[pd.DataFrame, dict[str, Tensor]]:
        model = smooth_network()
        history = mtl.fit(model, rarely_labelled(), mtl.methods.make(text), epochs=epochs, **options, **more)
        return history.drop(columns=NEVER_TWICE), model.state_dict()

    history, whole = trained(3)
    trained(1, checkpoint=tmp_path / "t.pt")
    torch.manual_seed(99)
    again, resumed = trained(3, checkpoint=tmp_path / "t.pt")
    assert history["absent.square"].gt(0).all()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    pd.testing.assert_frame_equal(history, again, check_exact=True)


@pytest.mark.parametrize("method", [mtl.UW, mtl.IMTLL])
def test_an_optimiser_that_has_to_know_the_number_of_tasks(method: type[mtl.Method], tmp_path: Path) -> None:
    options = {"optimizer": partial(torch.optim.Adagrad, lr=0.05)}
    _, whole = train(method(), **options)
    train(method(), epochs=2, checkpoint=tmp_path / "t.pt", **options)
    _, resumed = train(method(), checkpoint=tmp_path / "t.pt", **options)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


class TwoTensors(nn.Linear):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(x), x


@pytest.mark.parametrize("what", ["inputs", "targets", "trunk"])
def test_what_is_expected_is_said(what: str) -> None:
    def fitted() -> None:
        data, model = toy(), toy_network()
        if what == "trunk":
            model = mtl.MultiTaskModel(TwoTensors(5, 16), list(model.heads))
        inputs, targets = data.train.inputs, data.train.targets
        given = {
            "inputs": ({"x": inputs}, targets),
            "targets": (inputs, {"sign": targets[0], "square": targets[1]}),
        }
        data = replace(data, train=mtl.Split(*given.get(what, (inputs, targets))))
        mtl.fit(model, data, mtl.Static(), epochs=1, progress=False)

    expected = {"inputs": "one tensor", "targets": "a tuple with one tensor", "trunk": "one tensor"}[what]
    given = "tuple" if what == "trunk" else "dict"
    with pytest.raises(TypeError, match=rf"(?s)(?=.*{expected})(?=.*{given})") as caught:
        fitted()
    assert "\n" not in str(caught.value)


def test_a_task_without_any_label_has_no_training_loss() -> None:
    data = rarely_labelled()
    nothing = torch.full_like(data.train.targets[1], torch.nan)
    data = replace(data, train=mtl.Split(data.train.inputs, (data.train.targets[0], nothing)))
    model = smooth_network()
    before = model.heads[1].weight.detach().clone()
    history = mtl.fit(model, data, mtl.PCGrad(), epochs=1, batch_size=20, progress=False)
    assert history["train_loss.square"].isna().all() and history["absent.square"].tolist() == [3]
    assert torch.equal(before, model.heads[1].weight)


@pytest.fixture
def toxcast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> mtl.MultiTaskData:
    """A small file in the form of ToxCast, whose last assay has one label."""
    pytest.importorskip("rdkit")
    labels = np.random.default_rng(0).integers(0, 2, (300, 4)).astype(float)
    labels[1:, 3] = np.nan
    table = pd.DataFrame({"smiles": ["C" * n + "O" for n in range(1, 301)]})
    content = table.join(pd.DataFrame(labels, columns=[*"abcd"])).to_csv(index=False).encode()
    path = tmp_path / TOXCAST.folder / f"{TOXCAST.name}.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(content))
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    monkeypatch.setattr(TOXCAST, "size", len(content))
    monkeypatch.setattr(TOXCAST, "sha256", hashlib.sha256(content).hexdigest())
    return mtl.load("toxcast")


def test_toxcast_is_fitted_with_default_arguments(toxcast: mtl.MultiTaskData) -> None:
    model = mtl.models.mlp((2048, 16), (2,) * 4)
    history = mtl.fit(model, toxcast, mtl.SLAW(), epochs=2, progress=False)
    assert (history["absent.d"] > 0).all() and history["absent.a"].tolist() == [0, 0]
    assert history[[f"train_loss.{task}" for task in "abc"]].notna().all(axis=None)


def test_absent_may_be_an_error() -> None:
    with pytest.raises(ValueError, match=r"epoch 1, step \d+: task 'square' has no labelled entry"):
        mtl.fit(
            smooth_network(),
            rarely_labelled(),
            mtl.Static(),
            epochs=1,
            batch_size=6,
            absent="raise",
            progress=False,
        )


class Seen(nn.Identity):
    """Notes in which mode it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training)
        return x


def with_a_frozen_norm() -> mtl.MultiTaskModel:
    model = toy_network()
    model.trunk.append(Seen())
    model.trunk[1].eval()
    return model


@pytest.mark.parametrize("name", mtl.METHODS)
def test_a_frozen_batch_normalisation_stays_frozen(name: str) -> None:
    model = with_a_frozen_norm()
    before = {key: value.clone() for key, value in model.trunk[1].named_buffers()}
    mtl.fit(model, toy(), mtl.METHODS[name](), epochs=2, batch_size=16, progress=False)
    assert all(torch.equal(before[key], value) for key, value in model.trunk[1].named_buffers())
    assert [name for name, module in model.named_modules() if not module.training] == ["trunk.1"]
    assert True in model.trunk[-1].modes


def test_a_model_in_evaluation_mode_is_put_into_training_mode_once() -> None:
    model = with_a_frozen_norm().eval()
    mtl.fit(model, toy(), mtl.Static(), epochs=1, batch_size=16, progress=False)
    assert all(module.training for module in model.modules())
    assert model.trunk[1].num_batches_tracked == 4


def test_on_epoch_may_leave_the_model_in_evaluation_mode() -> None:
    model = with_a_frozen_norm()
    forget = lambda epoch, model: model.eval() and {}  # noqa: E731
    mtl.fit(model, toy(), mtl.Static(), epochs=2, batch_size=16, progress=False, on_epoch=forget)
    assert model.trunk[-1].modes == [True] * 4 + [False] + [True] * 4 + [False]
    assert not model.trunk[1].training and model.training


def test_a_frozen_module_makes_another_training(tmp_path: Path) -> None:
    options = {"epochs": 1, "batch_size": 16, "progress": False, "checkpoint": tmp_path / "t.pt"}
    mtl.fit(with_a_frozen_norm(), toy(), mtl.Static(), **options)
    awake = with_a_frozen_norm()
    awake.train()
    with pytest.raises(ValueError, match=r"modules in evaluation mode is \['trunk.1'\], here it is \[\]"):
        mtl.fit(awake, toy(), mtl.Static(), **options)


def test_a_diverging_loss_says_where() -> None:
    with pytest.raises(ValueError, match=r"epoch \d+, step \d+: the loss of task 'square' is"):
        train(mtl.Static(), epochs=30, optimizer=partial(torch.optim.SGD, lr=1e6))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"accumulate": 0}, "accumulate"),
        ({"patience": 0}, "patience"),
        ({"monitor": "area"}, "sign, square"),
    ],
)
def test_wrong_arguments(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(mtl.Static(), **wrong)
