"""The lazy state of one training step: forward pass, losses, and gradients at the representation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from mtlcore.models import MultiTaskModel
from mtlcore.signals.trunk import Passes, Trunk, inner_products
from mtlcore.tasks.batch import Batch
from mtlcore.tasks.task import Task

Level = Literal["parameters", "features"]
"""Where inner products of task gradients are taken: on the shared parameters, or at the representation."""


def check_level(level: Level) -> Level:
    """Return the level if it is one of the two.

    Parameters
    ----------
    level : {"parameters", "features"}
        What to check.

    Returns
    -------
    level : {"parameters", "features"}
        The same.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if level not in ("parameters", "features"):
        raise ValueError(f"level is 'parameters' or 'features', not {level!r}")
    return level


class Step:
    """What is computed once a step, on demand, and shared by all views of the step.

    Task losses carry no weights here: weights are applied by :class:`mtlcore.Signals`. The parameters are
    those of :class:`mtlcore.Signals`.
    """

    def __init__(
        self, model: MultiTaskModel, batch: Batch, tasks: Sequence[Task], validation: Batch | None
    ) -> None:
        if not len(model.heads) == len(tasks) == len(batch.targets):
            raise ValueError(
                f"the model has {len(model.heads)} heads, the batch {len(batch.targets)} sets of "
                f"labels, and there are {len(tasks)} tasks; the three must be one number"
            )
        self.model, self.batch, self.tasks, self.validation = model, batch, tuple(tasks), validation
        self.passes = Passes()
        self.shared = list(model.shared_parameters())
        self.heads = model.head_parameters()
        self.head_params = [p for head in self.heads for p in head]

    # Forward pass --------------------------------------------------------------------------------

    @cached_property
    def features(self) -> tuple[Tensor, ...]:
        """T representations with their graph: T times the same tensor, or one an input."""
        _ = self.random_state  # before the pass, so that a replay can draw the same dropout masks
        self.passes.forward += 1
        return self.model.features(self.batch.inputs)

    @cached_property
    def random_state(self) -> RandomState:
        return RandomState()

    @cached_property
    def copies(self) -> list[Tensor]:
        """A detached copy of the representation for each head.

        With one copy a head, one backward pass from the sum of the losses through all heads leaves each
        task's own gradient at its copy: the tasks do not mix before the trunk.
        """
        return [z.detach().requires_grad_() for z in self.features]

    @cached_property
    def entries(self) -> tuple[Tensor, Tensor]:
        """(T, N) sample losses with their graph, zero where there is no label, and the mask of the labels."""
        return self.evaluate(self.model.outputs(self.copies))

    def evaluate(self, outputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """(T, N) sample losses, and which of them have a label."""
        rows = [
            task.sample_losses(o, y)
            for task, o, y in zip(self.tasks, outputs, self.batch.targets, strict=True)
        ]
        if len({len(losses) for losses, _ in rows}) > 1:
            raise ValueError("in one batch every task needs the same number of samples")
        losses, labelled = zip(*rows, strict=True)
        return torch.stack(losses), torch.stack(labelled)

    @cached_property
    def losses(self) -> Tensor:
        """(T,) mean losses over the labelled samples, with their graph."""
        values, labelled = self.entries
        counts = labelled.sum(1)
        losses = values.sum(1) / counts
        if not torch.isfinite(losses).all():
            for task, count, loss in zip(self.tasks, counts, losses.tolist(), strict=True):
                if not count:
                    raise ValueError(
                        f"task {task.name!r} has no labelled entry in this batch; use larger "
                        "batches or leave the task out"
                    )
                if loss != loss or abs(loss) == float("inf"):
                    raise ValueError(
                        f"the loss of task {task.name!r} is {loss}; lower the learning rate or "
                        "check its inputs and labels"
                    )
        return losses

    # Backward passes -----------------------------------------------------------------------------

    @property
    def feature_grads(self) -> tuple[Tensor, ...]:
        """T gradients of the task losses at the representation."""
        return self._head_backward[0]

    @property
    def head_grads(self) -> list[list[Tensor]]:
        """Gradient of each task loss on its own head's parameters."""
        return self._head_backward[1]

    @cached_property
    def _head_backward(self) -> tuple[tuple[Tensor, ...], list[list[Tensor]]]:
        return self.through_heads(self.losses.sum())

    def through_heads(self, objective: Tensor) -> tuple[tuple[Tensor, ...], list[list[Tensor]]]:
        """Gradients of a scalar at the T copies of the representation, and on each head's parameters."""
        wanted = [*self.copies, *self.head_params]
        gradients = iter(torch.autograd.grad(objective, wanted, retain_graph=True, materialize_grads=True))
        at_features = tuple(next(gradients) for _ in self.copies)
        return at_features, [[next(gradients) for _ in head] for head in self.heads]

    @cached_property
    def trunk(self) -> Trunk:
        return Trunk(self.features, self.feature_grads, self.shared, self.passes)

    @cached_property
    def jacobian(self) -> Tensor:
        """(T, D) task gradients on the shared parameters: T passes through the trunk."""
        return self.trunk.jacobian()

    def gradient(self, task: int) -> Tensor:
        """(D,) one row of the Jacobian: one pass, or none where the Jacobian is there already."""
        return self.jacobian[task] if "jacobian" in self.__dict__ else self.trunk.gradient(task)

    @cached_property
    def gramian(self) -> Tensor:
        """(T, T) inner products on the shared parameters, without the Jacobian unless it is there already."""
        if "jacobian" in self.__dict__:
            return inner_products(self.jacobian, self.jacobian)
        return self.trunk.gramian()

    # Directions and replays ----------------------------------------------------------------------

    @property
    def sizes(self) -> list[int]:
        """Number of entries of each shared parameter; their sum is D."""
        return [p.numel() for p in self.shared]

    def split(self, direction: Tensor) -> list[Tensor]:
        """A direction (D,), cut into the shape of each shared parameter."""
        pieces = direction.split(self.sizes)
        return [v.view_as(p) for v, p in zip(pieces, self.shared, strict=True)]

    def call(self, module: nn.Module, parameters: dict[str, Tensor], batch: Batch) -> tuple[Tensor, ...]:
        """Outputs of a module with other parameters; its buffers and the random state stay as they are.

        The random state is that of the step's own forward pass, so that dropout draws the same masks.
        """
        state = {name: b.clone() for name, b in module.named_buffers()}
        with self.random_state.restored():
            return functional_call(module, {**parameters, **state}, (batch.inputs,))

    def replay(self) -> Tensor:
        """(T, N) sample losses of a second forward pass, whose graph runs from parameters to losses."""
        return self.evaluate(self.call(self.model, dict(self.model.named_parameters()), self.batch))[0]


class RandomState:
    """The state of torch's global generators when this object was made."""

    def __init__(self) -> None:
        self._cpu = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []

    @contextmanager
    def restored(self) -> Iterator[None]:
        """That state for as long as the context lasts."""
        with torch.random.fork_rng(devices=range(len(self._cuda))):
            torch.set_rng_state(self._cpu)
            if self._cuda:
                torch.cuda.set_rng_state_all(self._cuda)
            yield


def scale(rows: Tensor, weights: Tensor | None) -> Tensor:
    """T rows, (T, ...), times weights (T,); unchanged, not copied, where there are none."""
    return rows if weights is None else rows * weights.to(rows).view(-1, *[1] * (rows.dim() - 1))
