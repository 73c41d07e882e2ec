"""Checkpoints of a training: what identifies the training, and a file that is written whole or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mtlcore.methods.base import Method
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData
from mtlcore.train._text import method_parts, module_parts, qualified_name, stable_text, tensor_text

FORMAT = 2
"""Version of the file's form. Files of mtlcore 0.3 and older have none."""

_MODEL_STATE = frozenset({"rotations"})
"""Buffers of the model that a method sets in training."""

_SHOWN = 120
"""The message about a foreign checkpoint shows so many characters of a value."""


def identity(
    model: MultiTaskModel,
    data: MultiTaskData,
    method: Method,
    optimizer: Optimizer,
    scheduler: LRScheduler | None = None,
    **settings: Any,
) -> dict[str, str]:
    """What two trainings must have in common for one to go on from the other's checkpoint.

    Parameters
    ----------
    model : MultiTaskModel
        Its structure counts: the modules with their options and functions, which of them are in evaluation
        mode, the shapes of the parameters.
    data : MultiTaskData
        The tensors of its training and validation splits count, and its tasks.
    method : Method
        Its class and arguments count.
    optimizer : Optimizer
        Its class and settings count, those of each group of parameters, and its hooks (gradient clipping).
    scheduler : LRScheduler, optional
        Its class and settings count: it must be as it was made.
    **settings : Any
        Numbers and texts: the seed, the batch size, ...

    Returns
    -------
    identity : dict from str to str
        One text for each part, by a dotted name such as ``"optimizer.lr"``.

    Notes
    -----
    Cost: one SHA-256 of all bytes of the two splits, about a second a gigabyte. Devices, and the values of
    parameters, which the checkpoint replaces, do not count.
    """
    parts = {name: stable_text(value) for name, value in settings.items()}
    parts |= _under("method", method_parts(method))
    parts |= _under("optimizer", _optimizer_parts(optimizer))
    if scheduler is not None:
        parts |= _under("scheduler", _scheduler_parts(scheduler))
    parts |= _under("model", module_parts(model, state=_MODEL_STATE))
    parts["modules in evaluation mode"] = repr([n for n, m in model.named_modules() if not m.training])
    parts["tasks"] = repr([task.name for task in data.tasks])
    for task in data.tasks:
        for name in ("loss", "labelled", "metrics", "main"):
            parts[f"tasks.{task.name}.{name}"] = stable_text(getattr(task, name))
    return parts | _under("data", _data_parts(data))


def rehearse(path: Path, identity: Mapping[str, str], data: str, state: Mapping[str, Any]) -> None:
    """Write a checkpoint beside the file, read it and delete it.

    Before the training this finds what would else end it after the first epoch: a missing or unwritable
    folder, a full disk, a state that cannot be read again.

    Parameters
    ----------
    path : Path
        The file, which need not exist, and which is not changed.
    identity, data, state
        As for :func:`save`.

    Raises
    ------
    OSError
        If the file cannot be written; the message says why.
    ValueError
        If it can be written, but not be read.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write the checkpoint {path}: there is no folder {path.parent}; make it"
        )
    with _unfinished(path, identity, data, state) as file:
        if _content(file) is None:
            raise ValueError(
                f"the checkpoint {path} could be written but not read: the state_dict of the model, method, "
                "optimiser or scheduler has more than tensors, numbers, texts and containers of these"
            )


def save(path: Path, identity: Mapping[str, str], data: str, state: Mapping[str, Any]) -> None:
    """Write a checkpoint; a process that is killed meanwhile leaves the old file as it was.

    Parameters
    ----------
    path : Path
        The file.
    identity : Mapping from str to str
        That of the training: :func:`identity`.
    data : str
        Name of the data set, for messages.
    state : Mapping from str to Any
        What the training needs to go on: tensors, numbers, texts and containers of these.

    Raises
    ------
    OSError
        If the file cannot be written, on a full disk say. The old file is as it was.
    """
    with _unfinished(path, identity, data, state) as file:
        os.replace(file, path)


def load(path: Path, identity: Mapping[str, str], data: str) -> dict[str, Any]:
    """Read the state from a checkpoint of the same training.

    Parameters
    ----------
    path : Path
        The file.
    identity : Mapping from str to str
        That of the training that wants to go on.
    data : str
        Name of its data set, for messages.

    Returns
    -------
    state : dict from str to Any
        As it was saved, on the CPU.

    Raises
    ------
    ValueError
        If the file is no checkpoint, is cut short, was written by another version, or belongs to another
        training. The message says which part differs, what it was and what it is.
    OSError
        If it is a folder, or cannot be opened.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the checkpoint the name of a file in it")
    content = _read(path)
    if content.keys() != {"format", "mtlcore", "identity", "data", "state"} or content["format"] != FORMAT:
        by = content.get("mtlcore", "0.3 or older")
        raise ValueError(
            f"{path} was written by another version of mtlcore ({by}): go on with that version, or give the "
            "new training another file"
        )
    theirs = content["identity"]
    for key in [*identity, *(key for key in theirs if key not in identity)]:
        was, now = theirs.get(key, "absent"), identity.get(key, "absent")
        if was != now:
            was, now = _shorten(was, now)
            if key.startswith("data"):
                was, now = f"{was} (data set {content['data']!r})", f"{now} (data set {data!r})"
            raise ValueError(
                f"{path} is a checkpoint of another training: its {key} is {was}, here it is {now}; give the "
                "new training another file"
            )
    state: dict[str, Any] = content["state"]
    return state


@contextmanager
def _unfinished(
    path: Path, identity: Mapping[str, str], data: str, state: Mapping[str, Any]
) -> Iterator[Path]:
    """A whole checkpoint beside the file, deleted at the end if it was not moved."""
    content = {"format": FORMAT, "mtlcore": version("mtlcore"), "identity": dict(identity), "data": data}
    file = path.with_name(path.name + ".unfinished")
    try:
        try:
            with file.open("wb") as stream:
                torch.save(content | {"state": _plain(dict(state))}, stream)
        except (OSError, RuntimeError) as error:
            # torch's writer hides the error of the stream behind one of its own
            cause = error if isinstance(error, OSError) else error.__context__
            if not isinstance(cause, OSError):
                raise
            raise type(cause)(
                f"cannot write the checkpoint {path} ({cause.strerror}): make room, or give another file; "
                "a file that was there is unchanged"
            ) from error
        yield file
    finally:
        file.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """The value with Python's numbers for numpy's, which torch does not read back."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) is dict:
        return {key: _plain(part) for key, part in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb"):
        pass  # a file that cannot be opened is an OSError of its own; torch raises one for a damaged file too
    content = _content(path)
    if not isinstance(content, dict) or "identity" not in content:
        raise ValueError(
            f"{path} is not a checkpoint of mtlcore.fit, or is damaged: delete it or give another file"
        )
    return content


def _content(path: Path) -> Any:
    """What torch reads from a file; None if it cannot, or if the file is damaged."""
    try:
        with zipfile.ZipFile(path) as parts:
            whole = parts.testzip() is None  # torch itself does not look at the checksums
        # On the CPU: an error then is the file's, not that of a device without memory.
        return torch.load(path, map_location="cpu", weights_only=True) if whole else None
    except MemoryError:
        raise
    except Exception:  # torch, zipfile and pickle raise errors of many types for damaged files
        return None


def _optimizer_parts(optimizer: Optimizer) -> dict[str, str]:
    parts = {"": qualified_name(type(optimizer))}
    for number, group in enumerate(optimizer.param_groups):
        where = f"group {number}." if number else ""
        parts[f"{where}parameters"] = str(len(group["params"]))
        # A scheduler notes there with which learning rate it began: it belongs to the scheduler.
        own = {name: v for name, v in group.items() if name not in ("params", "initial_lr")}
        parts |= {f"{where}{name}": stable_text(v) for name, v in own.items()}
    parts |= {f"defaults.{name}": stable_text(v) for name, v in optimizer.defaults.items()}
    for kind in ("pre", "post"):
        hooks = getattr(optimizer, f"_optimizer_step_{kind}_hooks", {})
        parts[f"step_{kind}_hooks"] = stable_text(list(hooks.values()))
    return parts


def _scheduler_parts(scheduler: LRScheduler) -> dict[str, str]:
    parts = {"": qualified_name(type(scheduler))}
    for name, value in vars(scheduler).items():
        if isinstance(value, list | tuple) and all(isinstance(v, LRScheduler) for v in value):
            for number, inner in enumerate(value):
                parts |= _under(str(number), _scheduler_parts(inner))
        elif not isinstance(value, Optimizer):
            parts[name] = stable_text(value)
    return parts


def _data_parts(data: MultiTaskData) -> dict[str, str]:
    seen: dict[int, str] = {}  # several tasks may share one tensor

    def text(tensor: Tensor) -> str:
        if id(tensor) not in seen:
            seen[id(tensor)] = tensor_text(tensor)
        return seen[id(tensor)]

    parts: dict[str, str] = {}
    for name, split in (("train", data.train), ("validation", data.validation)):
        inputs = split.inputs if isinstance(split.inputs, tuple) else (split.inputs,)
        for what, tensors in (("inputs", inputs), ("targets", split.targets)):
            parts |= {f"{name}.{what}.{i}": text(tensor) for i, tensor in enumerate(tensors)}
    return parts


def _under(prefix: str, parts: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}.{name}" if name else prefix: text for name, text in parts.items()}


def _shorten(was: str, now: str) -> tuple[str, str]:
    """Both texts, long ones from a little before the first difference."""
    pairs = enumerate(zip(was, now, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(was), len(now)))
    start = max(0, same - _SHOWN // 4)

    def short(text: str) -> str:
        if len(text) <= _SHOWN:
            return text
        cut = ("..." if start else "") + text[start:]
        return cut if len(cut) <= _SHOWN else cut[: _SHOWN - 3] + "..."

    return short(was), short(now)
