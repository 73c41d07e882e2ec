"""Hard parameter sharing: one trunk for all tasks, one head per task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from mtlcore.models._modes import modes_restored

_WRITES: WeakKeyDictionary[nn.Module, dict[bool, bool]] = WeakKeyDictionary()
"""Whether a part writes into its input, by whether it is in training mode; known from its first call."""


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

        Raises
        ------
        TypeError
            If the trunk returns something other than a tensor.
        """
        if isinstance(inputs, tuple):
            return tuple(_tensor(_call(self.trunk, x)) for x in inputs)
        return (_tensor(_call(self.trunk, inputs)),) * len(self.heads)

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
        return tuple(_call(head, z) for head, z in zip(self.heads, features, strict=True))

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
        """Return a context in which the model is in evaluation mode; each submodule's mode is restored.

        Yields
        ------
        None
            The context has no value.
        """
        with modes_restored(self):
            self.eval()
            yield


def _call(part: nn.Module, x: Tensor) -> Any:
    """What a trunk or head answers, on a copy of its input where it writes into that.

    Heads read one representation: one that begins with ``ReLU(inplace=True)`` would change it for all others.
    """
    if torch.compiler.is_compiling() or not isinstance(x, Tensor) or x.is_inference():
        return part(x)
    key = part.training
    writes = _WRITES.setdefault(part, {})
    read = x.clone() if writes.get(key, True) else x
    version = read._version
    answer = part(read)
    changed = read._version != version
    if changed and read is x:
        raise RuntimeError(
            f"{type(part).__name__} writes into its input, which it did not do when it was first called; "
            "let it begin with a clone of its input"
        )
    writes.setdefault(key, changed)
    return answer


def _tensor(features: Any) -> Tensor:
    if not isinstance(features, Tensor):
        raise TypeError(
            f"the trunk returns a {type(features).__name__}; it has to return one tensor (N, m, ...), the "
            "representation that all heads read: put several side by side in one, and let the heads take "
            "them apart"
        )
    return features


def _rotate(rotation: Tensor, z: Tensor) -> Tensor:
    """Multiply the features, dimension 1 of z (N, m, ...), by a rotation (m, m)."""
    return (rotation.to(z) @ z.flatten(2)).view_as(z) if z.dim() > 2 else z @ rotation.to(z).T
