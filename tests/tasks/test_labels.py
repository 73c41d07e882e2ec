"""Targets that are no labels of their task are refused in one sentence."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor

import mtlcore as mtl
from mtlcore.tasks import UNLABELLED
from mtlcore.tasks.dense import depth, log_depth, normals, segmentation

INF, NAN = torch.inf, torch.nan
PIXELS = (2, 2, 2)
UP = torch.tensor([0.0, 0.0, 1.0])


def image(values: list[float]) -> Tensor:
    """One row of pixels as a batch (1, 1, 1, W)."""
    return torch.tensor([[[values]]])


def directions(*vectors: list[float]) -> Tensor:
    """One row of normals as a batch (1, 3, 1, W)."""
    return torch.tensor(vectors).T[None, :, None]


MISSING = r"-100 \(mtlcore\.tasks\.UNLABELLED\) where one is missing"
WRONG: dict[str, tuple[mtl.Task, Tensor, Tensor, str]] = {
    "-1": (
        mtl.Task.classification("t"),
        torch.randn(4, 3),
        torch.tensor([0, 2, -1, UNLABELLED]),
        f"from 0 to 2, or {MISSING}, not -1",
    ),
    "255 and others": (
        mtl.Task.classification("t"),
        torch.randn(4, 3),
        torch.tensor([255, 3, 4, 9]),
        "not 3, 4, 9 and 1 other values",
    ),
    "uint8": (
        mtl.Task.classification("t"),
        torch.randn(2, 3),
        torch.tensor([255, 0], dtype=torch.uint8),
        "from 0 to 2, .*not 255",
    ),
    "pixels of class 255": (
        segmentation(3),
        torch.randn(2, 3, 2, 2),
        torch.full(PIXELS, 255),
        f"from 0 to 2, or {MISSING}, not 255",
    ),
    "binary 2": (
        mtl.Task.binary("t"),
        torch.randn(3, 2),
        torch.tensor([0, 1, 2]),
        f"from 0 to 1, or {MISSING}, not 2",
    ),
    "binary, three logits": (
        mtl.Task.binary("t"),
        torch.randn(3, 3),
        torch.tensor([0, 1, 2]),
        "a binary task has two logits",
    ),
    "logistic 2": (
        mtl.Task.logistic("t"),
        torch.randn(4, 1),
        torch.tensor([0, 1, UNLABELLED, 2]),
        f"from 0 to 1, or {MISSING}, not 2",
    ),
    "logistic -1": (
        mtl.Task.logistic("t"),
        torch.randn(2, 1),
        torch.tensor([-1, 1]),
        f"from 0 to 1, or {MISSING}, not -1",
    ),
    "segmentation, other logits": (
        segmentation(3),
        torch.randn(2, 4, 2, 2),
        torch.zeros(PIXELS, dtype=torch.int64),
        "into 3 classes has 3 logits a pixel",
    ),
    "infinite": (
        mtl.Task.regression("t"),
        torch.zeros(3, 1),
        torch.tensor([[1.0], [NAN], [-INF]]),
        "finite numbers, or NaN where one is missing, not -inf",
    ),
    "depth -1": (depth(), image([1, 1, 1]), image([-1, NAN, 3]), "positive finite numbers.*not -1"),
    "depth 0": (depth(), image([1, 1]), image([0, NAN]), "positive.*not 0"),
    "depth, no labels missing": (depth(), image([1, 1]), image([-1.0, 2]), "positive.*not -1"),
    "depth inf": (depth(), image([1, 1]), image([INF, NAN]), "positive.*not inf"),
    "log depth 0": (log_depth(), image([1, 1, 1]), image([0, NAN, 3]), "positive.*not 0"),
    "depth, other shape": (depth(), image([1, 1]), torch.ones(1, 1, 2), "one shape"),
    "normals of zeros": (
        normals(),
        torch.randn(1, 3, 1, 2),
        directions([0.0, 0, 0], [0, 0, 1.0]),
        "length 1, and are NaN where one is missing, not 0",
    ),
    "normals as images": (
        normals(),
        torch.randn(1, 3, 1, 2),
        directions([0.5, 0.5, 1], [NAN] * 3),
        "lengths of normals differ from 1 by 0.1 at most, not 0.224745",
    ),
    "normals as bytes": (
        normals(),
        torch.randn(1, 3, 1, 1),
        torch.tensor([128, 128, 255]).view(1, 3, 1, 1),
        "real numbers",
    ),
}
WRONG |= {
    f"{kind}, {dtype}": (task, torch.randn(2, logits), torch.tensor([0, 1]).to(dtype), "integers.*-100.*long")
    for kind, task, logits in (
        ("class", mtl.Task.classification("t"), 3),
        ("binary", mtl.Task.binary("t"), 2),
        ("logistic", mtl.Task.logistic("t"), 1),
    )
    for dtype in (torch.float32, torch.float64)
}
WRONG |= {
    f"whole {name}": (
        task,
        torch.ones(shape),
        torch.ones(shape, dtype=torch.int64),
        "real numbers.*NaN.*float",
    )
    for name, task, shape in (
        ("numbers", mtl.Task.regression("t"), (2, 1)),
        ("depths", depth(), (1, 1, 2, 2)),
        ("log depths", log_depth(), (1, 1, 2, 2)),
        ("normals", normals(), (1, 3, 2, 2)),
    )
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_label_is_refused(case: str) -> None:
    task, outputs, targets, words = WRONG[case]
    with pytest.raises(ValueError, match=words) as error:
        task.sample_losses(outputs, targets)
    assert str(error.value).startswith(f"task {task.name!r}: ") and "\n" not in str(error.value)


def test_metrics_refuse_logits_of_other_classes() -> None:
    with pytest.raises(TypeError, match="into 2 classes has 2 logits"):
        segmentation(2).metrics(torch.randn(1, 3, 2, 2), torch.zeros((1, 2, 2), dtype=torch.int64))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32])
@pytest.mark.parametrize(
    ("task", "logits"),
    [(mtl.Task.classification("t"), 2), (mtl.Task.binary("t"), 2), (mtl.Task.logistic("t"), 1)],
    ids=["classification", "binary", "logistic"],
)
def test_any_integers_are_labels(task: mtl.Task, logits: int, dtype: torch.dtype) -> None:
    outputs, targets = torch.randn(2, logits), torch.tensor([1, 0])
    expected, _ = task.sample_losses(outputs, targets)
    found, _ = task.sample_losses(outputs, targets.to(dtype))
    assert torch.equal(found, expected)


def test_a_normal_with_one_nan_has_no_label() -> None:
    task = normals()
    outputs, targets = torch.randn(1, 3, 1, 3), UP.view(1, 3, 1, 1).repeat(1, 1, 1, 3)
    targets[0, :, 0, 1] = NAN
    expected = task.sample_losses(outputs, targets)[0], task.metrics(outputs, targets)
    targets[0, :2, 0, 1] = 0.0
    found = task.sample_losses(outputs, targets)[0], task.metrics(outputs, targets)
    assert found == expected and found[0].isfinite().all()


def test_a_check_of_ones_own_names_the_task() -> None:
    def whole(targets: Tensor) -> None:
        if (targets % 1 != 0).any():
            raise ValueError("counts are whole numbers")

    task = mtl.Task("count", mtl.Task.regression("").loss, mtl.Task.regression("").metrics, check=whole)
    with pytest.raises(ValueError, match=re.compile("'count'.*counts are whole")):
        task.sample_losses(torch.ones(1), torch.tensor([0.5]))
    assert task.sample_losses(torch.ones(1), torch.tensor([2.0]))[0] == 1


@pytest.mark.parametrize("kind", ["depth", "normals", "regression"])
def test_no_label_at_all_is_no_error(kind: str) -> None:
    task = {"depth": depth(), "normals": normals(), "regression": mtl.Task.regression("t")}[kind]
    targets = torch.full((2, 3 if kind == "normals" else 1, 2, 2), NAN)
    losses, mask = task.sample_losses(torch.randn_like(targets), targets)
    assert losses.tolist() == [0, 0] and mask.tolist() == [False, False]
