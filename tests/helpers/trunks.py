"""Trunks of every awkward kind, with five tasks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import mtlcore as mtl

T, SAMPLES, WIDE = 5, 6, 120
FIVE_TASKS = [mtl.Task.regression(f"task {t}") for t in range(T)]


class Tied(nn.Module):
    """One weight in two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDE, WIDE), nn.Linear(WIDE, WIDE, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(x)))[:, :4]


class Penalised(nn.Linear):
    """A weight that its layer is not the only one to use."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.weight.square().mean()


class Elsewhere(nn.Linear):
    """Weights that no linear layer of torch multiplies the way it usually does."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x, self.weight.t(), alpha=2) + x @ self.weight.t().contiguous()


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDE, WIDE), nn.Linear(WIDE, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(x + torch.relu_(self.first(x)))


class PerPosition(nn.Module):
    """Linear layers on (SAMPLES, S, in), so that every position is a row."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDE // 2, 30), nn.Linear(30, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(x.view(len(x), 2, -1)))).mean(1)


class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(WIDE, WIDE), nn.Linear(WIDE, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(checkpoint(self.inner, x, use_reentrant=False).tanh())


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.LSTM(WIDE // 2, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.view(len(x), 2, -1).transpose(0, 1))[0][-1]


def half_frozen() -> nn.Module:
    made = nn.Sequential(nn.Linear(WIDE, WIDE), nn.Tanh(), nn.Linear(WIDE, 4))
    made[0].weight.requires_grad_(False)
    made[2].bias.requires_grad_(False)
    return made


TRUNKS: dict[str, Callable[[], nn.Module]] = {
    "wide": lambda: nn.Sequential(nn.Linear(WIDE, WIDE), nn.ReLU(), nn.Linear(WIDE, 4), nn.Tanh()),
    "one layer": lambda: nn.Linear(WIDE, 4),
    "in place": lambda: nn.Sequential(nn.Linear(WIDE, WIDE), nn.ReLU(inplace=True), nn.Linear(WIDE, 4)),
    "noise": lambda: nn.Sequential(
        nn.Linear(WIDE, WIDE), nn.BatchNorm1d(WIDE), nn.Dropout(), nn.Linear(WIDE, 4)
    ),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, WIDE)), nn.Conv1d(1, 3, 5), nn.Tanh(), nn.Flatten(), nn.Linear(3 * (WIDE - 4), 4)
    ),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(WIDE, 4)),
    "half frozen": half_frozen,
    "tied": Tied,
    "penalised": lambda: Penalised(WIDE, 4),
    "elsewhere": lambda: Elsewhere(WIDE, 4),
    "residual": Residual,
    "sequence": PerPosition,
    "checkpointed": Checkpointed,
    "recurrent": Recurrent,
}


def make_problem(
    name: str = "wide", tasks: int = T, dtype: torch.dtype = torch.float64
) -> tuple[mtl.MultiTaskModel, mtl.Batch]:
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(TRUNKS[name](), [nn.Linear(4, 2) for _ in range(tasks)]).to(dtype)
    targets = tuple(torch.randn(SAMPLES, 2, dtype=dtype) for _ in range(tasks))
    return model, mtl.Batch(torch.randn(SAMPLES, WIDE, dtype=dtype), targets)


def both(name: str, data: mtl.Batch, model: mtl.MultiTaskModel) -> tuple[mtl.Signals, Tensor]:
    """Signals that have computed nothing, and the Jacobian of the same step."""
    torch.manual_seed(1)
    jacobian = mtl.Signals(model, data, FIVE_TASKS).jacobian()
    torch.manual_seed(1)
    return mtl.Signals(model, data, FIVE_TASKS), jacobian
