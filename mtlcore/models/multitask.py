"""Hard parameter sharing: one trunk for all tasks, one head per task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class MultiTaskModel(nn.Module):
    """A network with hard parameter sharing: a shared trunk and one head per task.

    The buffer ``rotations`` (T, m, m), or ``None``, contains a rotation of the m features for each head.
    Methods such as RotoGrad set it.

    Parameters
    ----------
    trunk : torch.nn.Module
        From an input to the shared representation z, one tensor (N, m, ...). Its parameters are the shared
        parameters, theta in the papers.
    heads : iterable of torch.nn.Module
        T modules from z to the outputs of a task. The parameters of head t are psi_t in the papers.

    Raises
    ------
    ValueError
        If there is no head, or if trunk and heads have a parameter in common. (A parameter that several
        tasks use is a shared one and belongs in the trunk.)

    Examples
    --------
    >>> trunk = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU())
    >>> model = mtl.MultiTaskModel(trunk, [torch.nn.Linear(8, 3), torch.nn.Linear(8, 1)])
    >>> [output.shape for output in model(torch.rand(5, 4))]
    [torch.Size([5, 3]), torch.Size([5, 1])]
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
        """Compute the outputs of all tasks.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor
            One input for all tasks, or a tuple with one input per task.

        Returns
        -------
        outputs : tuple of Tensor
            Outputs of the T heads.
        """
        return self.outputs(self.features(inputs))

    def features(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Compute the shared representation that each head reads.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor
            As in :meth:`forward`.

        Returns
        -------
        features : tuple of Tensor
            T times the same tensor for one input; for T inputs, the representation of each.
        """
        if isinstance(inputs, tuple):
            return tuple(self.trunk(x) for x in inputs)
        return (self.trunk(inputs),) * len(self.heads)

    def outputs(self, features: Iterable[Tensor]) -> tuple[Tensor, ...]:
        """Compute the outputs of the heads from the shared representation.

        Parameters
        ----------
        features : iterable of Tensor
            T representations, as from :meth:`features`.

        Returns
        -------
        outputs : tuple of Tensor
            Outputs of the T heads, after their rotations if there are any.
        """
        if self.rotations is not None:
            features = [_rotate(r, z) for r, z in zip(self.rotations, features, strict=True)]
        return tuple(head(z) for head, z in zip(self.heads, features, strict=True))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # The buffer is None until a method sets it: make room for what the state dict contains.
        rotations = state_dict.get(prefix + "rotations")
        self.rotations = None if rotations is None else torch.empty_like(rotations)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over the trainable parameters of the trunk.

        Yields
        ------
        parameter : torch.nn.Parameter
            In the order of ``trunk.parameters()``.
        """
        return (p for p in self.trunk.parameters() if p.requires_grad)

    def head_parameters(self) -> list[list[nn.Parameter]]:
        """List the trainable parameters of each head.

        Returns
        -------
        parameters : list of list of torch.nn.Parameter
            One list per head.
        """
        return [[p for p in head.parameters() if p.requires_grad] for head in self.heads]

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Return a context in which the model is in evaluation mode; afterwards its mode is restored.

        Yields
        ------
        None
            The context has no value.
        """
        was_training = self.training
        self.eval()
        try:
            yield
        finally:
            self.train(was_training)


def _rotate(rotation: Tensor, z: Tensor) -> Tensor:
    """Multiply the features, dimension 1 of z (N, m, ...), by a rotation (m, m)."""
    return (rotation.to(z) @ z.flatten(2)).view_as(z) if z.dim() > 2 else z @ rotation.to(z).T
