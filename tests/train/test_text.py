"""Texts of objects: equal in two processes if and only if the objects do the same."""

from __future__ import annotations

import enum
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mtlcore as mtl
from mtlcore.models import deeplab, face_net, lenet, mtan, tagger
from mtlcore.train._text import module_parts, stable_text, tensor_text


class Colour(enum.Enum):
    RED = 1


class Scaled:
    """An object without a repr of its own."""

    def __init__(self, factor: float) -> None:
        self.factor, self.me = factor, self

    def __call__(self, x: Any) -> Any:
        return self.factor * x

    def method(self, x: Any) -> Any:
        return self.factor * x


def scaled(factor: float) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        return factor * x

    return function


def with_default(x: Any, factor: float = 2) -> Any:
    return factor * x


DIFFERENT: list[Callable[[], Any]] = [
    lambda: None,
    lambda: True,
    lambda: 1,
    lambda: 1.0,
    lambda: "1",
    lambda: b"1",
    lambda: [1, 2],
    lambda: [2, 1],
    lambda: {1: 2},
    lambda: {1, 2},
    lambda: torch.float32,
    lambda: torch.tanh,
    lambda: torch.relu,
    lambda: F.relu,
    lambda: nn.ReLU,
    lambda: nn.ReLU(),
    lambda: nn.Dropout(0.1),
    lambda: nn.Dropout(0.2),
    lambda: nn.Dropout(0.2).forward,
    lambda: math_like,
    lambda: partial(F.gelu, approximate="tanh"),
    lambda: partial(F.gelu, approximate="none"),
    lambda: partial(partial(F.gelu), approximate="none", input=1),
    lambda: scaled(1),
    lambda: scaled(2),
    lambda: lambda x: x + 1,
    lambda: lambda x: x + 2,
    lambda: lambda x: x - 2,
    lambda: lambda x: x in {"a", "b", "c"},
    lambda: lambda x: (lambda y: y + 1)(x),
    lambda: lambda x: (lambda y: y + 2)(x),
    lambda: with_default,
    lambda: Scaled(1),
    lambda: Scaled(2),
    lambda: Scaled(2).method,
    lambda: Colour.RED,
    lambda: torch.arange(3),
    lambda: torch.arange(3.0),
    lambda: torch.arange(4),
    lambda: torch.zeros(()),
    lambda: torch.zeros(0),
    lambda: torch.zeros(2, dtype=torch.bfloat16),
    lambda: torch.zeros(2, dtype=torch.bool),
    lambda: np.arange(3),
    lambda: np.arange(3.0),
    lambda: mtl.CAGrad(),
    lambda: mtl.CAGrad(c=0.5),
    lambda: mtl.Task.regression("a"),
    lambda: mtl.Task.classification("a"),
    lambda: mtl.Task.binary("a"),
    lambda: mtl.Task.binary("a", weights=(1.0, 2.0)),
]


def math_like(x: Any) -> Any:
    return with_default(x)


def test_different_things_have_different_texts() -> None:
    texts = [stable_text(make()) for make in DIFFERENT]
    assert len(set(texts)) == len(texts)


def test_the_same_things_made_twice_have_one_text() -> None:
    for make in DIFFERENT:
        text = stable_text(make())
        assert text == stable_text(make())
        assert "0x" not in text


def test_another_process_has_the_same_texts() -> None:
    """Sets of strings have another order there, and every object another address."""
    program = (
        "import importlib.util as u\n"
        f"spec = u.spec_from_file_location('texts', {str(Path(__file__))!r})\n"
        "module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "for make in module.DIFFERENT: print(module.stable_text(make()))\n"
    )
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    )
    assert ours == theirs and len(ours.splitlines()) == len(DIFFERENT)


def test_a_text_knows_no_device_and_no_folder() -> None:
    assert stable_text(torch.device("cpu")) == stable_text(torch.device("cuda"))
    assert stable_text("/here/bert") == stable_text("/there/bert") != stable_text("/there/other")
    assert stable_text(np.float64(0.5)) == stable_text(0.5)


def test_a_generator_is_known_by_its_type_alone() -> None:
    used = torch.Generator().manual_seed(1)
    torch.rand(3, generator=used)
    assert stable_text(used) == stable_text(torch.Generator())


def test_the_layout_of_a_tensor_in_memory_does_not_matter() -> None:
    x = torch.arange(24.0).view(2, 3, 2, 2)
    assert tensor_text(x) == tensor_text(x.to(memory_format=torch.channels_last))
    assert tensor_text(x.mT) != tensor_text(x)
    assert tensor_text(torch.eye(2).to_sparse()) == tensor_text(torch.eye(2))


NETWORKS: dict[str, Callable[[], mtl.MultiTaskModel]] = {
    "lenet": lambda: lenet(size=11, kernels=(3, 3)),
    "tagger": lambda: tagger(40, 10),
    "deeplab": lambda: deeplab((13, 1, 3), depth=18, width=4, head_width=4),
    "mtan": lambda: mtan((13, 1, 3), depth=18, width=4, head_width=4),
    "face_net": face_net,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_structure_of_a_network_does_not_depend_on_its_parameters(name: str) -> None:
    first, second = NETWORKS[name](), NETWORKS[name]()
    for p in first.parameters():
        p.data.add_(1)
    parts = module_parts(first.eval())
    assert parts == module_parts(second.train())
    assert not any("0x" in text for text in parts.values())
    next(second.parameters()).requires_grad_(False)
    assert parts != module_parts(second)


class Part(nn.Module):
    def __init__(self, value: float, persistent: bool, attribute: Any = None) -> None:
        super().__init__()
        self.register_buffer("constant", torch.tensor(value), persistent=persistent)
        self._private = attribute
        self.hidden = [nn.Linear(1, 1), {"activation": attribute}]


def test_what_a_state_dict_replaces_does_not_count_and_the_rest_does() -> None:
    assert module_parts(Part(1, True)) == module_parts(Part(2, True))
    assert module_parts(Part(1, False)) != module_parts(Part(2, False))
    assert module_parts(Part(1, True, torch.tanh)) != module_parts(Part(1, True, torch.relu))


def test_what_a_forward_pass_leaves_on_a_module_does_not_count() -> None:
    used, fresh = nn.Linear(2, 2), nn.Linear(2, 2)
    used.last = used(torch.ones(1, 2))
    assert module_parts(used) == module_parts(fresh)
