"""Hard parameter sharing: one trunk that every task reads, one head a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class MultiTaskModel(nn.Module):
    """A shared trunk and one head a task.

    ``rotations`` (T, m, m), when a method has set them, turn the m features that each head reads.

    Parameters
    ----------
    trunk : module from an input to the shared representation z, one tensor. Its parameters are the
        shared ones (theta in the papers).
    heads : T modules from z to a task's outputs (psi_t in the papers).

    Raises
    ------
    ValueError : there is no head, or a parameter belongs to more than one of trunk and heads
        (a parameter that two tasks use is shared and belongs in the trunk).
    """

    rotations: Tensor | None

    def __init__(self, trunk: nn.Module, heads: Iterable[nn.Module]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(heads)
        self.register_buffer("rotations", None)
        if not self.heads:
            raise ValueError("a multi-task model needs at least one head")
        parts = [set(trunk.parameters()), *(set(head.parameters()) for head in self.heads)]
        if sum(map(len, parts)) > len(set().union(*parts)):
            raise ValueError(
                "a parameter belongs to two parts of the model: what several tasks use is shared, "
                "so put it in the trunk"
            )

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Outputs of every task, for one input that all read or for one input a task."""
        return self.outputs(self.features(inputs))

    def features(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The shared representation that each head reads: T times the same tensor, or one an input."""
        if isinstance(inputs, tuple):
            return tuple(self.trunk(x) for x in inputs)
        return (self.trunk(inputs),) * len(self.heads)

    def outputs(self, features: Iterable[Tensor]) -> tuple[Tensor, ...]:
        """Outputs of every head from its representation."""
        if self.rotations is not None:
            features = [_rotate(r, z) for r, z in zip(self.rotations, features, strict=True)]
        return tuple(head(z) for head, z in zip(self.heads, features, strict=True))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        rotations = state_dict.get(prefix + "rotations")
        self.rotations = None if rotations is None else torch.empty_like(rotations)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """The trainable parameters of the trunk."""
        return (p for p in self.trunk.parameters() if p.requires_grad)

    def head_parameters(self) -> list[list[nn.Parameter]]:
        """The trainable parameters of each head."""
        return [[p for p in head.parameters() if p.requires_grad] for head in self.heads]

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluation mode for as long as the context lasts."""
        was_training = self.training
        self.eval()
        try:
            yield
        finally:
            self.train(was_training)


def _rotate(rotation: Tensor, z: Tensor) -> Tensor:
    """Turn the features, dimension 1 of z."""
    return (rotation.to(z) @ z.flatten(2)).view_as(z) if z.dim() > 2 else z @ rotation.to(z).T
