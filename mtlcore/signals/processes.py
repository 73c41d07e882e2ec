"""What the processes of a distributed training tell each other in a step."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor


class Processes:
    """The processes that train one model together, or this one alone.

    Every process has to ask the same questions in the same order.

    Parameters
    ----------
    group : torch.distributed.ProcessGroup, optional
        The group; by default this process is alone.
    """

    def __init__(self, group: dist.ProcessGroup | None = None) -> None:
        self.group = group
        self.number = 1 if group is None else dist.get_world_size(group)
        self.rank = 0 if group is None else dist.get_rank(group)

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum of a tensor that has one shape in all processes."""
        if self.number == 1:
            return tensor
        total = tensor.detach().clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total, group=self.group)
        return total

    def first(self, tensor: Tensor) -> Tensor:
        """The tensor of process 0, in all processes."""
        if self.group is None:
            return tensor
        shared = tensor.detach().clone(memory_format=torch.contiguous_format)
        dist.broadcast(shared, dist.get_global_rank(self.group, 0), group=self.group)
        return shared

    def concatenated(self, tensor: Tensor, dim: int) -> Tensor:
        """The tensors of all processes side by side; along ``dim`` they may differ in size."""
        if self.number == 1:
            return tensor
        sizes = self.sizes(tensor.shape[dim], tensor.device)
        moved = tensor.detach().movedim(dim, 0)
        padded = moved.new_zeros(max(sizes), *moved.shape[1:])
        padded[: len(moved)] = moved
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded, group=self.group)
        return torch.cat([part[:n] for part, n in zip(parts, sizes, strict=True)]).movedim(0, dim)

    def sizes(self, own: int, device: torch.device) -> list[int]:
        """A number of each process, in the order of the ranks."""
        numbers = torch.zeros(self.number, dtype=torch.int64, device=device)
        numbers[self.rank] = own
        return self.sum(numbers).tolist() if self.number > 1 else [own]
