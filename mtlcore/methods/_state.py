"""State of a method that has a row for each task, and takes its size from the first step."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from mtlcore.methods._params import plain

Shape = Literal["vector", "rows", "square", "free"]


@dataclass(frozen=True)
class Rows:
    """How a tensor of the state has a row for each task, by the arguments of ``add_state``."""

    fill: float
    shape: Shape

    def tasks(self, tensor: Tensor) -> int:
        """The number of tasks of a tensor."""
        return tensor.shape[-1 if self.shape == "square" else 0]

    def index(self, kept: Sequence[int], device: torch.device) -> Any:
        """What picks the rows of the tasks ``kept``."""
        picked = torch.tensor(kept, device=device)
        return (..., picked[:, None], picked) if self.shape == "square" else picked

    def size(self, part: Tensor, tasks: int) -> tuple[int, ...]:
        """The size for all tasks, from the tensor of a part of them."""
        return (*part.shape[:-2], tasks, tasks) if self.shape == "square" else (tasks, *part.shape[1:])


class TaskState(nn.Module):
    """State, most of it with a row for each task.

    A subclass declares it by :meth:`add_state`, and then reads the attribute and assigns to it. The state is
    empty until the first step, takes its size from that, and refuses another number of tasks; it is saved and
    loaded in any size, forgotten by ``reset``, and a task without a label leaves its row as it is.
    """

    per_task: ClassVar[tuple[str, ...]] = ()
    """Attributes that hold an argument which may be a sequence with a value for each task."""
    remedy = "reset() it"
    """What to do where the number of tasks changes."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Rows | None] = {}

    def add_state(
        self,
        name: str,
        fill: float = 0.0,
        *,
        shape: Shape = "vector",
        dtype: torch.dtype = torch.float64,
        learned: bool = False,
    ) -> None:
        """Declare a buffer, or a parameter, which is empty until the first step.

        Parameters
        ----------
        name : str
            Name of the attribute.
        fill : float, default 0.0
            The value of a task that was never seen.
        shape : {"vector", "rows", "square", "free"}, default "vector"
            (T,); or (T, ...), (..., T, T), or none with rows for tasks, and then the rule gives it its size.
        dtype : torch.dtype, default torch.float64
            Type of the entries.
        learned : bool, default False
            Whether it is a parameter.
        """
        empty = torch.zeros(0, dtype=dtype)
        if learned:
            self.register_parameter(name, nn.Parameter(empty))
        else:
            self.register_buffer(name, empty)
        self._rows[name] = None if shape == "free" else Rows(fill, shape)

    def _meet(self, tasks: int, device: torch.device) -> None:
        """Give the state its size.

        Raises
        ------
        ValueError
            If it has that of another number of tasks.
        """
        for name, rows in self._rows.items():
            state: Tensor = getattr(self, name)
            if rows is None:
                continue
            if not len(state) and rows.shape == "vector":
                self._assign(name, torch.full((tasks,), rows.fill, dtype=state.dtype, device=device))
            elif len(state) and rows.tasks(state) != tasks:
                raise ValueError(
                    f"this {type(self).__name__} has seen {rows.tasks(state)} tasks and now sees {tasks}; "
                    f"{self.remedy}"
                )

    def _state(self) -> dict[str, Tensor]:
        """All buffers and parameters."""
        held = {**self._buffers, **self._parameters}
        return {name: tensor.detach() for name, tensor in held.items() if tensor is not None}

    def _assign(self, name: str, value: Tensor) -> None:
        if name in self._parameters:
            getattr(self, name).data = value
        else:
            setattr(self, name, value)

    def _forget(self) -> None:
        for name in self._rows:
            self._assign(name, self._state()[name].new_zeros(0))

    def _alone(self, kept: Sequence[int], tasks: int) -> Any:
        """This method as if some of the tasks were all: a copy, which shares generators and optimisers."""
        parts = {}
        for name, tensor in self._state().items():
            rows = self._rows.get(name)
            if rows is None or not len(tensor):
                parts[name] = tensor.clone()
            else:
                parts[name] = tensor[rows.index(kept, tensor.device)]
        twin = copy.copy(self)
        twin._buffers = {name: parts.get(name) for name in self._buffers}
        twin._parameters = {name: nn.Parameter(parts[name]) for name in self._parameters}
        for name in self.per_task:
            values = self._of_tasks(name, tasks)
            setattr(twin, name, None if values is None else tuple(values[task] for task in kept))
        return twin

    def _take_from(self, twin: Any, kept: Sequence[int], tasks: int) -> None:
        """Take over what a copy for some of the tasks has learned."""
        for name, part in twin._state().items():
            rows = self._rows.get(name)
            if rows is None:
                self._assign(name, part)
            elif len(part):
                if not len(getattr(self, name)):
                    self._assign(name, part.new_full(rows.size(part, tasks), rows.fill))
                getattr(self, name).data[rows.index(kept, part.device)] = part

    def _of_tasks(self, name: str, tasks: int) -> tuple[Any, ...] | None:
        """An argument with a value for each task, whether it was one for all or one each; or None.

        Raises
        ------
        ValueError
            If it has another number of values.
        """
        values = plain(getattr(self, name))
        if values is None:
            return None
        if not isinstance(values, tuple):
            return (values,) * tasks
        if len(values) != tasks:
            raise ValueError(f"{self}: {len(values)} values for {tasks} tasks; give one a task")
        return values

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # State takes its size from the first step, so a fresh method takes it from the file.
        for name in self._state():
            if prefix + name in state_dict:
                self._assign(name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *args)
