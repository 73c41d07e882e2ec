"""What is timed: a network with random data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore._names import nearest
from mtlcore.models import MultiTaskModel, lenet, mlp, resnet
from mtlcore.tasks import Batch, Task


@dataclass(frozen=True)
class Network:
    """A kind of network.

    Parameters
    ----------
    build : callable
        Function from the number of tasks to a model.
    shape : tuple of int
        Shape of one input.
    classes : int
        Number of classes of every task.
    """

    build: Callable[[int], MultiTaskModel]
    shape: tuple[int, ...]
    classes: int


NETWORKS = {
    "MLP": Network(lambda tasks: mlp((2048, 2000, 100), (2,) * tasks), (2048,), 2),
    "LeNet": Network(lenet, (1, 36, 36), 10),
    "ResNet": Network(lambda tasks: resnet(tasks, depth=8), (3, 32, 32), 10),
}
"""MLP: that of SLAW's efficiency experiment. LeNet: that of Multi-MNIST. ResNet: one block per width."""


@dataclass(frozen=True)
class Problem:
    """A network with random data.

    Parameters
    ----------
    model : MultiTaskModel
        The network.
    batch : Batch
        Training mini-batch of random numbers.
    validation : Batch
        Validation mini-batch, for methods that need one.
    tasks : tuple of Task
        Classification tasks.
    """

    model: MultiTaskModel
    batch: Batch
    validation: Batch
    tasks: tuple[Task, ...]

    def losses(self, features: Tensor) -> list[Tensor]:
        """Compute the task losses in plain PyTorch.

        Parameters
        ----------
        features : Tensor, shape (N, m)
            Output of the trunk for the training mini-batch.

        Returns
        -------
        losses : list of Tensor
            T scalars, mean cross-entropies.
        """
        outputs = [head(features) for head in self.model.heads]
        return [F.cross_entropy(o, y) for o, y in zip(outputs, self.batch.targets, strict=True)]


def problem(network: str, tasks: int, batch: int, seed: int = 0, device: str = "cpu") -> Problem:
    """Make a network with random data.

    Parameters
    ----------
    network : {"MLP", "LeNet", "ResNet"}
        A key of :data:`NETWORKS`.
    tasks : int
        Number of tasks.
    batch : int
        Number of samples of each of the two mini-batches.
    seed : int, default 0
        Seed of the initial parameters and of the data.
    device : str, default "cpu"
        Device of the model and of the data.

    Returns
    -------
    problem : Problem
        The same for the same seed.

    Raises
    ------
    ValueError
        If there is no network of that name.

    Examples
    --------
    >>> mtl.bench.problem("LeNet", tasks=2, batch=4).batch.inputs.shape
    torch.Size([4, 1, 36, 36])
    """
    kind = NETWORKS[nearest(network, NETWORKS, "network")]
    torch.manual_seed(seed)

    def draw() -> Batch:
        targets = tuple(torch.randint(kind.classes, (batch,)) for _ in range(tasks))
        return Batch(torch.rand(batch, *kind.shape), targets).to(device)

    named = tuple(Task.classification(f"task {t}") for t in range(tasks))
    return Problem(kind.build(tasks).to(device), draw(), draw(), named)
