"""What is timed: a network with random data, and the steps that can be taken on it, by name."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from inspect import signature

import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore.bench import peers
from mtlcore.methods import METHODS, Method
from mtlcore.methods._stand_in import make
from mtlcore.models import MultiTaskModel, lenet, mlp, resnet
from mtlcore.signals import Signals
from mtlcore.tasks.batch import Batch
from mtlcore.tasks.task import Task

Passes = dict[str, int]
Step = Callable[[], Passes]

BASELINE, PLAIN, LOOP = "Static", "plain torch", "plain loop"

OURS = tuple(
    full
    for name, method in METHODS.items()
    for full in (name, f"{name}(level='features')")
    if full == name or "level" in signature(method).parameters
)
"""Every method of the registry, and once more at the level of features where it has that option."""


@dataclass(frozen=True)
class Network:
    """A model for a number of tasks, the shape of one input, and the number of classes of every task."""

    build: Callable[[int], MultiTaskModel]
    shape: tuple[int, ...]
    classes: int


NETWORKS = {
    "MLP": Network(lambda tasks: mlp((2048, 2000, 100), (2,) * tasks), (2048,), 2),
    "LeNet": Network(lenet, (1, 36, 36), 10),
    "ResNet": Network(lambda tasks: resnet(tasks, depth=8), (3, 32, 32), 10),
}
"""MLP: SLAW's paper, efficiency experiment. LeNet: two-digit images. ResNet: one block a width."""


@dataclass(frozen=True)
class Problem:
    """A network, a training and a validation batch of random numbers, and the tasks."""

    model: MultiTaskModel
    batch: Batch
    validation: Batch
    tasks: tuple[Task, ...]

    def losses(self, features: Tensor) -> list[Tensor]:
        """The T task losses from the shared representation, in plain torch."""
        outputs = [head(features) for head in self.model.heads]
        return [F.cross_entropy(o, y) for o, y in zip(outputs, self.batch.targets, strict=True)]


def problem(network: str, tasks: int, batch: int, seed: int = 0, device: str = "cpu") -> Problem:
    """A network of :data:`NETWORKS` with as many tasks, and two batches of as many samples."""
    torch.manual_seed(seed)
    kind = NETWORKS[network]

    def draw() -> Batch:
        targets = tuple(torch.randint(kind.classes, (batch,)) for _ in range(tasks))
        return Batch(torch.rand(batch, *kind.shape), targets).to(device)

    named = tuple(Task.classification(f"task {t}") for t in range(tasks))
    return Problem(kind.build(tasks).to(device), draw(), draw(), named)


def make_step(name: str, on: Problem, seed: int = 0) -> Step:
    """One training step by name: gradients are cleared, filled, and used by SGD.

    `name` is one of :data:`OURS`, one of :data:`mtlcore.bench.PEERS`, "plain torch" (equal weights without
    mtlcore) or "plain loop" (one backward pass a task, then their mean: what any rule on task gradients
    costs at least if it knows no better). The step answers with the passes it counted, if it counts any.
    The learning rate is so small that every step meets the same problem.

    Raises
    ------
    ValueError : no step has that name. ImportError : its library is not here.
    """
    learnable: Iterable[Tensor] = ()
    if name == PLAIN:
        backward = _plain(on)
    elif name == LOOP:
        backward = _loop(on)
    elif name in peers.PEERS:
        backward, learnable = peers.backward(name, on)
    elif name in OURS:
        method = make(name)
        method.seed(seed)
        backward, learnable = _balanced(method.to(on.batch.targets[0].device), on), method.learnable()
    else:
        raise ValueError(f"there is no step called {name!r}")
    optimizer = torch.optim.SGD([*on.model.parameters(), *learnable], lr=1e-6)

    def step() -> Passes:
        optimizer.zero_grad()
        passes = backward()
        optimizer.step()
        return passes or {}

    return step


def _balanced(method: Method, on: Problem) -> peers.Backward:
    validation = on.validation if method.validates else None

    def backward() -> Passes:
        signals = Signals(on.model, on.batch, on.tasks, validation)
        method.backward(signals)
        return asdict(signals.passes)

    return backward


def _plain(on: Problem) -> peers.Backward:
    def backward() -> None:
        torch.stack(on.losses(on.model.trunk(on.batch.inputs))).mean().backward()

    return backward


def _loop(on: Problem) -> peers.Backward:
    def backward() -> None:
        rows = one_by_one(on.model, on.losses(on.model.trunk(on.batch.inputs)))
        fill_shared(on.model, torch.stack(rows).mean(0))

    return backward


def one_by_one(model: MultiTaskModel, losses: Iterable[Tensor]) -> list[Tensor]:
    """T task gradients (D,) on the shared parameters, by a backward pass a task; the heads' are filled in."""
    shared, rows = list(model.shared_parameters()), []
    for loss, own in zip(losses, model.head_parameters(), strict=True):
        gradients = torch.autograd.grad(loss, [*shared, *own], retain_graph=True)
        rows.append(torch.cat([g.flatten() for g in gradients[: len(shared)]]))
        for p, g in zip(own, gradients[len(shared) :], strict=True):
            p.grad = g
    return rows


def fill_shared(model: MultiTaskModel, direction: Tensor) -> None:
    """Make a direction (D,) the gradient of the shared parameters."""
    shared = list(model.shared_parameters())
    for p, piece in zip(shared, direction.split([p.numel() for p in shared]), strict=True):
        p.grad = piece.view_as(p)
