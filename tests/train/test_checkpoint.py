"""A checkpoint belongs to one training: what must agree, what may change, and damaged files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.networks import toy, toy_network
from torch import nn

import mtlcore as mtl
from mtlcore.train import clipped
from mtlcore.train.checkpoint import FORMAT

SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9, weight_decay=1e-4)
NAMES = [task.name for task in toy().tasks]


def accuracy_of_first(outputs: torch.Tensor, targets: torch.Tensor) -> float:
    return (outputs.argmax(1) == targets).double().mean().item()


def minus_error(outputs: torch.Tensor, targets: torch.Tensor) -> float:
    return -(outputs.argmax(1) != targets).double().mean().item()


def network(activation: Callable[[], nn.Module] = nn.Tanh) -> mtl.MultiTaskModel:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(5, 4), activation())
    return mtl.MultiTaskModel(trunk, [nn.Linear(4, 3), nn.Linear(4, 2)])


class Functional(nn.Module):
    """A trunk whose activation is an attribute and no module."""

    def __init__(self, activation: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.linear, self.activation = nn.Linear(5, 4), activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.linear(x))


def functional(activation: Callable[[torch.Tensor], torch.Tensor]) -> mtl.MultiTaskModel:
    torch.manual_seed(0)
    return mtl.MultiTaskModel(Functional(activation), [nn.Linear(4, 3), nn.Linear(4, 2)])


def train(path: Path, **changes: Any) -> None:
    options = {
        "model": toy_network(),
        "data": toy(),
        "method": mtl.Static(),
        "optimizer": SGD,
        "epochs": 1,
        "batch_size": 16,
        "progress": False,
    } | changes
    model, data, method = (options.pop(name) for name in ("model", "data", "method"))
    mtl.fit(model, data, method, checkpoint=path, **options)


def relabelled() -> mtl.MultiTaskData:
    """The toy data under their own name, with one label of the validation split changed."""
    data = toy()
    first = data.validation.targets[0].clone()
    first[0] = 1 - first[0]
    targets = (first, *data.validation.targets[1:])
    return replace(data, validation=mtl.Split(data.validation.inputs, targets))


def shorter() -> mtl.MultiTaskData:
    data = toy()
    cut = mtl.Split(data.train.inputs[:-1], tuple(y[:-1] for y in data.train.targets))
    return replace(data, train=cut)


def lower(x: torch.Tensor) -> torch.Tensor:
    return x - 1


FOREIGN: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "method": ({}, {"method": mtl.SLAW()}, "method"),
    "argument of a method": ({"method": mtl.SLAW()}, {"method": mtl.SLAW(beta=0.9)}, "beta"),
    "metric of HydaLearn": (
        {"method": mtl.HydaLearn(metric=accuracy_of_first)},
        {"method": mtl.HydaLearn(metric=minus_error)},
        "metric",
    ),
    "optimiser of GradNorm": (
        {"method": mtl.GradNorm()},
        {"method": mtl.GradNorm(optimizer=partial(torch.optim.Adam, lr=0.5))},
        "lr=0.5",
    ),
    "optimiser of MOML": (
        {"method": mtl.MOML()},
        {"method": mtl.MOML(optimizer=partial(torch.optim.SGD, lr=1e-3))},
        "SGD",
    ),
    "part of a composition": (
        {"method": mtl.Compose(mtl.RLW(scale="sum"), mtl.CAGrad())},
        {"method": mtl.Compose(mtl.RLW(scale="sum"), mtl.CAGrad(c=0.5))},
        "c",
    ),
    "labels of the data": ({}, {"data": relabelled()}, "data.validation.targets.0"),
    "size of the data": ({}, {"data": shorter()}, "data.train"),
    "activation": ({"model": network()}, {"model": network(nn.ReLU)}, "model"),
    "functional activation": (
        {"model": functional(torch.tanh)},
        {"model": functional(torch.relu)},
        "activation",
    ),
    "local function": ({"model": functional(lambda x: x + 1)}, {"model": functional(lower)}, "activation"),
    "dropout": (
        {"model": network(partial(nn.Dropout, 0.5))},
        {"model": network(partial(nn.Dropout, 0.1))},
        "model",
    ),
    "momentum": ({}, {"optimizer": partial(SGD, momentum=0.5)}, "optimizer.momentum"),
    "weight decay": ({}, {"optimizer": partial(SGD, weight_decay=0.1)}, "optimizer.weight_decay"),
    "clipping": ({"optimizer": clipped(SGD, 1.0)}, {"optimizer": clipped(SGD, 0.5)}, "optimizer"),
    "no clipping": ({"optimizer": clipped(SGD, 1.0)}, {}, "optimizer"),
    "seed": ({}, {"seed": 1}, "seed"),
    "batch size": ({}, {"batch_size": 20}, "batch_size"),
    "accumulate": ({}, {"accumulate": 2}, "accumulate"),
    "drop last": ({}, {"drop_last": True}, "drop_last"),
    "validation batch size": (
        {"method": mtl.HydaLearn()},
        {"method": mtl.HydaLearn(), "validation_batch_size": 3},
        "validation_batch_size",
    ),
    "patience": ({"patience": 2}, {"patience": 3}, "patience"),
    "monitor": ({"monitor": NAMES[0]}, {"monitor": NAMES[1]}, "monitor"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_another_training_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    first, second, named = FOREIGN[case]
    path = tmp_path / "training.pt"
    train(path, **first)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="checkpoint of another training") as caught:
        train(path, **second)
    message = str(caught.value)
    assert named in message and "training.pt" in message and "\n" not in message
    assert " at 0x" not in message, "an address differs from process to process"
    assert path.read_bytes() == before


@pytest.mark.parametrize("case", FOREIGN)
def test_the_same_training_goes_on(case: str, tmp_path: Path) -> None:
    """Each training of the other test is accepted by itself, made anew, for more epochs."""
    first, _, _ = FOREIGN[case]
    train(tmp_path / "training.pt", **first)
    train(tmp_path / "training.pt", **first, epochs=2, on_epoch=lambda epoch, model: {})


def test_a_truncated_file_is_no_checkpoint(tmp_path: Path) -> None:
    whole = tmp_path / "whole.pt"
    train(whole)
    content = whole.read_bytes()
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        path = tmp_path / f"{length}.pt"
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=rf"{length}\.pt is not a checkpoint of mtlcore\.fit"):
            train(path)


def test_a_changed_bit_in_a_tensor_is_found(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    train(path)
    content = bytearray(path.read_bytes())
    state = torch.load(path, weights_only=True)["state"]
    place = content.find(state["model"]["trunk.0.weight"].numpy().tobytes())
    assert place > 0
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint of mtlcore"):
        train(path)


@pytest.mark.parametrize("content", [b"not a checkpoint\n", b"\x80\x05garbage", b"PK\x03\x04"])
def test_another_file_is_no_checkpoint(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint of mtlcore"):
        train(path)


@pytest.mark.parametrize("content", [{"epoch": 3}, [1, 2], torch.zeros(3)], ids=["dict", "list", "tensor"])
def test_a_file_of_torch_is_no_checkpoint(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "training.pt")
    with pytest.raises(ValueError, match="is not a checkpoint of mtlcore"):
        train(tmp_path / "training.pt")


def test_a_checkpoint_of_another_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    torch.save({"identity": {"data": "toy"}, "model": {}, "rows": []}, path)
    with pytest.raises(ValueError, match=r"another version of mtlcore \(0\.3 or older\)"):
        train(path)
    train(tmp_path / "new.pt")
    content = torch.load(tmp_path / "new.pt", weights_only=True)
    torch.save(content | {"format": FORMAT + 1, "mtlcore": "9.9"}, path)
    with pytest.raises(ValueError, match=r"another version of mtlcore \(9\.9\)"):
        train(path)


def test_a_folder_as_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder: give the checkpoint the name of a file in it"):
        train(tmp_path)


def never(epoch: int, model: nn.Module) -> dict[str, float]:
    raise AssertionError("an epoch was trained before the file was tried")


def test_a_missing_folder_is_said_before_the_training(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "training.pt"
    with pytest.raises(FileNotFoundError, match=r"training\.pt: there is no folder .*nowhere"):
        train(path, on_epoch=never)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        train(tmp_path / "file" / "training.pt", on_epoch=never)


def refusing(reason: int) -> Callable[..., Any]:
    """``Path.open`` on a system that does not let files be written."""
    opened = Path.open

    def refuse(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if "w" in mode:
            raise OSError(reason, os.strerror(reason), str(self))
        return opened(self, mode, *args, **options)

    return refuse


@pytest.mark.parametrize("reason", [errno.EACCES, errno.EROFS, errno.ENAMETOOLONG, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_said_before_the_training(
    reason: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "training.pt"
    monkeypatch.setattr(Path, "open", refusing(reason))
    with pytest.raises(
        OSError, match=rf"cannot write the checkpoint .*\.pt \({os.strerror(reason)}\)"
    ) as caught:
        train(path, on_epoch=never)
    assert type(caught.value) is type(OSError(reason, "")) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to /dev/full")
@pytest.mark.parametrize("width", [4, 100_000], ids=["small", "large"])
def test_a_disk_that_is_full_leaves_the_old_checkpoint(width: int, tmp_path: Path) -> None:
    """Linux has a file that is always on a full disk; torch words the error by how much it writes at once."""
    path = tmp_path / "training.pt"

    def fill(epoch: int, model: nn.Module) -> dict[str, float]:
        if epoch == 2:
            path.with_name("training.pt.unfinished").symlink_to("/dev/full")
        return {}

    def wide() -> mtl.MultiTaskModel:
        return mtl.MultiTaskModel(nn.Linear(5, width), [nn.Linear(width, 2), nn.Linear(width, 2)])

    options = {"optimizer": partial(SGD, lr=1e-6)}
    train(path, model=wide(), **options)
    before = path.read_bytes()
    with pytest.raises(
        OSError, match=r"cannot write the checkpoint .*training\.pt \(No space left"
    ) as caught:
        train(path, model=wide(), epochs=3, **options, on_epoch=fill)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    train(path, model=wide(), epochs=3, **options)


def test_an_error_of_torch_that_is_not_the_disk_s_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*_: Any) -> None:
        raise RuntimeError("no memory on the device")

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(RuntimeError, match="no memory on the device"):
        train(tmp_path / "training.pt")


def test_a_finished_training_is_read_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path / "training.pt")
    monkeypatch.setattr(Path, "open", refusing(errno.EROFS))
    train(tmp_path / "training.pt", on_epoch=never)
    with pytest.raises(OSError, match="Read-only"):
        train(tmp_path / "training.pt", epochs=2, on_epoch=never)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to /dev/full")
def test_a_full_disk_is_said_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "training.pt.unfinished").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        train(tmp_path / "training.pt", on_epoch=never)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot write the checkpoint"):
        train(tmp_path / "training.pt", on_epoch=never)
