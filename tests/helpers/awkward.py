"""Networks that engines of automatic differentiation get wrong, each with its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

import mtlcore as mtl

TASKS = [mtl.Task.regression(f"task {t}") for t in range(3)]
N = 6


class Between(nn.Module):
    """A function between two linear layers."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function, self.first, self.second = function, nn.Linear(5, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.function(self.first(x)))


class Once(torch.autograd.Function):
    """A sine whose backward pass cannot be differentiated."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * ctx.saved_tensors[0].cos()


class Elsewhere(Once):
    """A sine whose backward pass leaves torch."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return torch.from_numpy(gradient.detach().numpy() * ctx.saved_tensors[0].detach().cos().numpy())


class Wrong(torch.autograd.Function):
    """A sine with a wrong rule for forward mode."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.sin()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * ctx.saved_tensors[0].cos()

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return tangent * 2


@torch.library.custom_op("mtlcore_tests::sine", mutates_args=())
def sine(x: Tensor) -> Tensor:
    return x.sin()


sine.register_autograd(
    lambda ctx, gradient: gradient * ctx.saved_tensors[0].cos(),
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]),
)


def reversed_gradient(x: Tensor) -> Tensor:
    if x.requires_grad:
        x.register_hook(lambda gradient: -gradient)
    return x


class HalfConstant(nn.Module):
    """One use of the layer is constant."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(5, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            constant = self.first(x)
        return self.second(constant) + self.first(x)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(5, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x).view(len(x), 1, 4, 4)
        return self.last(F.scaled_dot_product_attention(h, h, h).flatten(1))


class Words(nn.Module):
    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding, self.last = embedding, nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = self.embedding(x)
        return self.last((h.mean(1) if h.dim() == 3 else h).tanh())


class MovingAverage(nn.Module):
    """A buffer that moves in the forward pass and is read by it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 4)
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x)
        self.mean.mul_(0.5).add_(h.detach().mean(0))
        return h * (1 + self.mean)


class Keywords(nn.Module):
    """A convolution with keyword arguments, on the data."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(0.3 * torch.randn(4, 1, 3, 3)), nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x.view(-1, 1, 1, 5), self.weight, self.bias, padding=1, stride=2).mean((2, 3))


class SumOfTwo(nn.Module):
    """Two parameters whose gradients are one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(4))
        self.layer = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) * (self.a + self.b).exp()


class InPlaceHead(nn.Module):
    """A head that changes a view of what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, z: Tensor) -> Tensor:
        z[:, :2] += 1
        return self.layer(z)


def compiled_in_part() -> nn.Module:
    torch.compiler.reset()
    return nn.Sequential(nn.Linear(5, 8), torch.compile(nn.Linear(8, 8)), nn.Tanh(), nn.Linear(8, 4))


def compiled() -> nn.Module:
    torch.compiler.reset()
    return torch.compile(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 4)))


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.Sequential(nn.Linear(5, 8), nn.Unflatten(1, (1, 8)), layer, nn.Flatten(), nn.Linear(8, 4))


def reals() -> Tensor:
    return torch.randn(N, 5)


def words() -> Tensor:
    return torch.randint(10, (N, 5))


def plain() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh())


def linear_heads() -> list[nn.Module]:
    return [nn.Linear(4, 2) for _ in TASKS]


@dataclass(frozen=True)
class Case:
    """A trunk, its inputs, its heads, and whether alignment needs another way than forward mode."""

    trunk: Callable[[], nn.Module]
    inputs: Callable[[], Tensor] = reals
    heads: Callable[[], list[nn.Module]] = linear_heads
    falls_back: bool = False
    train: bool = True


CASES: dict[str, Case] = {
    "plain": Case(plain),
    "compiled": Case(compiled),
    "compiled in part": Case(compiled_in_part),
    "once differentiable": Case(lambda: Between(Once.apply), falls_back=True),
    "backward outside torch": Case(lambda: Between(Elsewhere.apply), falls_back=True),
    "custom operator": Case(lambda: Between(sine), falls_back=True),
    "wrong forward mode": Case(lambda: Between(Wrong.apply), falls_back=True),
    "gradient reversal": Case(lambda: Between(reversed_gradient), falls_back=True),
    "no_grad": Case(HalfConstant, falls_back=True),
    "transformer": Case(transformer),
    "transformer, evaluating": Case(transformer, train=False),
    "attention": Case(Attention),
    "bag": Case(lambda: Words(nn.EmbeddingBag(10, 8)), words, falls_back=True),
    "largest of a bag": Case(lambda: Words(nn.EmbeddingBag(10, 8, mode="max")), words, falls_back=True),
    "sparse bag": Case(
        lambda: Words(nn.EmbeddingBag(10, 8, mode="sum", sparse=True)), words, falls_back=True
    ),
    "sparse embedding": Case(lambda: Words(nn.Embedding(10, 8, sparse=True)), words),
    "scaled by frequency": Case(
        lambda: Words(nn.Embedding(10, 8, scale_grad_by_freq=True)), words, falls_back=True
    ),
    "padding": Case(lambda: Words(nn.Embedding(10, 8, padding_idx=0)), words),
    "head in place": Case(
        plain, heads=lambda: [nn.Sequential(nn.ReLU(True), nn.Linear(4, 2)) for _ in TASKS]
    ),
    "head writes to a view": Case(plain, heads=lambda: [InPlaceHead() for _ in TASKS]),
    "trunk in place": Case(lambda: nn.Sequential(nn.ReLU(True), nn.Linear(5, 4))),
    "ends in place": Case(
        lambda: nn.Sequential(nn.Linear(5, 4), nn.ReLU(True)),
        heads=lambda: [nn.Sequential(nn.ReLU(True), nn.Linear(4, 2), nn.Tanh()) for _ in TASKS],
    ),
    "spectral norm": Case(
        lambda: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(5, 4)), nn.Tanh()),
        falls_back=True,
    ),
    "moving average": Case(MovingAverage),
    "dropout": Case(lambda: nn.Sequential(nn.Linear(5, 8), nn.Dropout(), nn.Linear(8, 4))),
    "dropout in the heads": Case(
        plain, heads=lambda: [nn.Sequential(nn.Dropout(), nn.Linear(4, 2)) for _ in TASKS]
    ),
    "batch norm": Case(lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Tanh())),
    "keywords": Case(Keywords),
    "sum of two": Case(SumOfTwo),
}


def make_case(name: str) -> tuple[mtl.MultiTaskModel, mtl.Batch]:
    """The network and a batch, in float64."""
    torch.manual_seed(0)
    case = CASES[name]
    model = mtl.MultiTaskModel(case.trunk(), case.heads()).double().train(case.train)
    inputs = case.inputs()
    targets = tuple(torch.randn(N, 2, dtype=torch.float64) for _ in TASKS)
    return model, mtl.Batch(inputs.double() if inputs.is_floating_point() else inputs, targets)
