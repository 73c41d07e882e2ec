"""evaluate(): every metric of every task in one pass, without the outputs of the whole split."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore import Metrics, Split, Task
from mtlcore.data import load
from mtlcore.data.ud import f1
from mtlcore.models import deeplab
from mtlcore.tasks import UNLABELLED, accuracy, area_under_roc, average_precision, mean_squared_error
from mtlcore.tasks.dense import depth, log_depth, normals, segmentation

NAN = torch.nan


class Passing(nn.Module):
    """A trunk that gives back what it gets, and a weak reference to each of its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(()))
        self.seen: list[weakref.ref[Tensor]] = []
        self.most = 0

    def forward(self, x: Tensor) -> Tensor:
        output = x + self.offset
        self.seen.append(weakref.ref(output))
        self.most = max(self.most, sum(reference() is not None for reference in self.seen))
        return output


def passing(tasks: int) -> mtl.MultiTaskModel:
    return mtl.MultiTaskModel(Passing(), [nn.Identity() for _ in range(tasks)])


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def classes(number: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(number)
    labels = torch.randint(number, shape, generator=generator)
    return labels.masked_fill(torch.rand(shape, generator=generator) < 0.2, UNLABELLED)


def holes(targets: Tensor) -> Tensor:
    targets = targets.clone()
    targets[torch.rand(targets.shape, generator=torch.Generator().manual_seed(0)) < 0.2] = NAN
    return targets


def unit() -> Tensor:
    targets = nn.functional.normalize(draw(23, 3, 4, 5), dim=1)
    targets[3:5, :, 1:3] = NAN
    return targets


# task, outputs, targets, and its metrics on all outputs together, where a function says so
KINDS: dict[str, tuple[Task, Tensor, Tensor, dict[str, Callable[[Tensor, Tensor], float]]]] = {
    "classification": (Task.classification("t"), draw(23, 4), classes(4, 23), {"accuracy": accuracy}),
    "regression": (Task.regression("t"), draw(23, 3), holes(draw(23, 3) + 1), {"mse": mean_squared_error}),
    "binary": (
        Task.binary("t", weights=(0.5, 2.0)),
        draw(23, 2),
        classes(2, 23),
        {"average_precision": average_precision},
    ),
    "logistic": (Task.logistic("t"), draw(23, 1), classes(2, 23), {"auc": area_under_roc}),
    "words": (
        Task(
            "t", Task.classification("").loss, Metrics.whole("f1", f1, True) | Task.classification("").metrics
        ),
        draw(23, 3, 6),
        classes(3, 23, 6),
        {"f1": f1, "accuracy": accuracy},
    ),
    "segmentation": (segmentation(5, "t"), draw(23, 5, 4, 6), classes(5, 23, 4, 6), {}),
    "depth": (depth("t"), draw(23, 1, 4, 6), holes(draw(23, 1, 4, 6).abs() + 1), {}),
    "log_depth": (log_depth(0.5, "t"), draw(23, 1, 4, 6), holes(draw(23, 1, 4, 6).abs() + 1), {}),
    "normals": (normals(0.5, "t"), draw(23, 3, 4, 5), unit(), {}),
}


@pytest.mark.parametrize("batch_size", [1, 5, 23, 500])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_give_what_the_whole_split_gives(kind: str, batch_size: int) -> None:
    task, outputs, targets, functions = KINDS[kind]
    found = mtl.evaluate(passing(1), Split(outputs, (targets,)), [task], batch_size)
    losses, present = task.sample_losses(outputs, targets)
    assert found.pop("loss.t") == pytest.approx(losses[present].mean().item(), rel=1e-6)
    assert found == pytest.approx({f"{k}.t": v for k, v in task.metrics(outputs, targets).items()}, rel=1e-6)
    assert [name.removesuffix(".t") for name in found] == list(task.metrics.higher_is_better)
    for name, function in functions.items():
        assert found[f"{name}.t"] == pytest.approx(function(outputs, targets), rel=1e-12)


def test_outputs_are_dropped_after_each_batch() -> None:
    """Of ten batches of images at most two are in memory, the last and the next."""
    tasks = [segmentation(3), depth(), normals()]
    labels = (
        classes(3, 40, 8, 8),
        holes(draw(40, 1, 8, 8).abs() + 1),
        nn.functional.normalize(draw(40, 3, 8, 8)),
    )
    model = mtl.MultiTaskModel(
        Passing(), [nn.Identity(), nn.Conv2d(3, 1, 1), nn.Identity()]
    )  # two heads hand on the very tensor
    found = mtl.evaluate(model, Split(draw(40, 3, 8, 8), labels), tasks, batch_size=4)
    assert len(found) == 3 + 2 + 2 + 5
    assert len(model.trunk.seen) == 10, "one pass for all metrics"
    assert model.trunk.most <= 2


def test_a_metric_of_the_whole_split_keeps_its_own_task_only() -> None:
    tasks = [Task.classification("a"), Task.binary("b")]
    split = Split((draw(40, 2), draw(40, 2)), (classes(2, 40), classes(2, 40)))
    model = passing(2)
    mtl.evaluate(model, split, tasks, batch_size=4)
    assert 10 <= model.trunk.most <= 12 and len(model.trunk.seen) == 20


def test_the_results_do_not_depend_on_the_batches() -> None:
    data = load("synthetic-rooms", images=40)
    torch.manual_seed(0)
    model = deeplab((13, 1, 3), depth=18, width=4, head_width=4)
    few, whole = (mtl.evaluate(model, data.test, data.tasks, n) for n in (7, 100))
    assert few == pytest.approx(whole, rel=1e-4)
    names = [
        f"{name}.{task.name}" for task in data.tasks for name in ("loss", *task.metrics.higher_is_better)
    ]
    assert list(few) == names
    with model.evaluating(), torch.no_grad():
        outputs = model(data.test.read(slice(None)).inputs)
    for task, output, targets in zip(data.tasks, outputs, data.test.targets, strict=True):
        for name, value in task.metrics(output, targets).items():
            assert few[f"{name}.{task.name}"] == pytest.approx(value, rel=1e-4)


def test_the_samples_of_a_shorter_task_count_once() -> None:
    """The first sample of the shorter task is wrong, its other two are right: 2/3, not 3/5 or 4/6."""
    inputs = (torch.eye(2)[[0, 1, 0, 1, 0]], torch.eye(2)[[1, 1, 0]])
    split = Split(inputs, (torch.tensor([0, 1, 0, 1, 1]), torch.tensor([0, 1, 0])))
    tasks = [Task.classification("long"), Task.classification("short")]
    right, wrong = (nn.functional.cross_entropy(torch.eye(2)[:1], torch.tensor([i])).item() for i in (0, 1))
    expected = {
        "loss.long": (4 * right + wrong) / 5,
        "accuracy.long": 4 / 5,
        "loss.short": (2 * right + wrong) / 3,
        "accuracy.short": 2 / 3,
    }
    for size in (1, 2, 3, 5):
        assert mtl.evaluate(passing(2), split, tasks, size) == pytest.approx(expected)


def test_a_task_without_labels() -> None:
    split = Split(draw(6, 2), (torch.full((6,), UNLABELLED), torch.full((6, 2), NAN)))
    found = mtl.evaluate(passing(2), split, [Task.classification("a"), Task.regression("b")], 4)
    assert found == pytest.approx(
        {"loss.a": NAN, "accuracy.a": NAN, "loss.b": NAN, "mse.b": NAN}, nan_ok=True
    )


def test_sums_are_taken_in_float64() -> None:
    """In float32 a sum of 2**26 stays where it is when ones are added."""
    targets = torch.zeros(1001, 1)
    outputs = torch.ones(1001, 1)
    outputs[0] = 2.0**13
    found = mtl.evaluate(passing(1), Split(outputs, (targets,)), [Task.regression("t")], batch_size=1)
    assert found["loss.t"] == pytest.approx((outputs.double() ** 2).mean().item(), rel=1e-12)


def test_the_model_is_left_in_its_mode() -> None:
    model = mtl.MultiTaskModel(nn.Dropout(0.5), [nn.Identity()])  # no parameters, no device
    found = mtl.evaluate(model, Split(torch.eye(2), (torch.tensor([0, 1]),)), [Task.classification("t")])
    assert found["accuracy.t"] == 1 and model.training


def test_tasks_that_are_not_those_of_the_split() -> None:
    split = Split(draw(3, 2), (classes(2, 3),))
    with pytest.raises(ValueError, match="2 tasks, but the split has targets of 1"):
        mtl.evaluate(passing(2), split, [Task.classification("a"), Task.classification("b")])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_the_device_of_the_model() -> None:
    data = load("synthetic-rooms", images=20)
    torch.manual_seed(0)
    model = deeplab((13, 1, 3), depth=18, width=4, head_width=4)
    expected = mtl.evaluate(model, data.test, data.tasks)
    assert mtl.evaluate(model.to("cuda"), data.test, data.tasks) == pytest.approx(expected, rel=1e-2)
