"""Inner products of task gradients without the Jacobian, on trunks of every awkward kind."""

from __future__ import annotations

import pytest
import torch
from helpers.trunks import FIVE_TASKS, SAMPLES, TRUNKS, WIDE, T, both, make_problem
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import mtlcore as mtl
from mtlcore.signals import trunk as trunk_module
from mtlcore.signals.trunk import Part, _linear_layers, inner_products, triangular_factor


@pytest.mark.parametrize("name", TRUNKS)
def test_gramian_is_the_jacobians(name: str) -> None:
    model, data = make_problem(name)
    signals, jacobian = both(name, data, model)
    torch.testing.assert_close(signals.gramian(), jacobian @ jacobian.T, rtol=1e-9, atol=1e-12)
    assert signals.passes.backward == T
    weights = torch.randn(T, dtype=torch.float64)
    signals.backward(weights)
    found = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(found, weights @ jacobian, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", TRUNKS)
def test_norms_of_any_parameters(name: str) -> None:
    model, data = make_problem(name)
    signals, jacobian = both(name, data, model)
    parameters = list(model.shared_parameters())
    for p, part in zip(parameters, jacobian.split(signals.sizes, 1), strict=True):
        torch.testing.assert_close(signals.norms([p]), part.norm(dim=1), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(signals.norms(parameters), jacobian.norm(dim=1), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wide", ["0.weight", "2.weight"]),
        ("in place", ["0.weight", "2.weight"]),
        ("noise", ["0.weight", "3.weight"]),
        ("residual", ["first.weight", "second.weight"]),
        ("sequence", ["first.weight", "second.weight"]),
        ("half frozen", ["2.weight"]),
        ("convolution", ["4.weight"]),
        *((name, []) for name in ("tied", "penalised", "elsewhere", "weight norm")),
    ],
)
def test_the_tape_shows_the_linear_layers(name: str, expected: list[str]) -> None:
    model, data = make_problem(name)
    found = _linear_layers(model.trunk(data.inputs))
    named = {p: n for n, p in model.trunk.named_parameters()}
    assert sorted(named[p] for p in found) == expected
    for parameter, (_, read) in found.items():
        assert read is not None and read.shape[1] == parameter.shape[1]


class Doubled(nn.Linear):
    """A layer that torch records as a linear one but for its factor."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x, self.weight.t(), beta=3, alpha=2)


def test_a_product_with_a_factor_is_no_linear_layer() -> None:
    _, data = make_problem("wide")
    model = mtl.MultiTaskModel(Doubled(WIDE, 4), [nn.Linear(4, 2) for _ in range(T)]).double()
    assert not _linear_layers(model.trunk(data.inputs))
    jacobian = mtl.Signals(model, data, FIVE_TASKS).jacobian()
    gramian = mtl.Signals(model, data, FIVE_TASKS).gramian()
    torch.testing.assert_close(gramian, jacobian @ jacobian.T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["wide", "convolution", "tied"])
@pytest.mark.parametrize("tasks_a_block", [1, 2, 3])
def test_blocks_of_tasks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, tasks_a_block: int
) -> None:
    model, data = make_problem(name)
    signals, jacobian = both(name, data, model)
    size = sum(part.size for part in parts_of(signals)[0]) * 8
    monkeypatch.setattr(trunk_module, "BLOCK_BYTES", tasks_a_block * size)
    torch.testing.assert_close(signals.gramian(), jacobian @ jacobian.T)
    assert signals.passes.backward > T
    signals.backward(torch.ones(T))
    found = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    torch.testing.assert_close(found, jacobian.sum(0))


class Largest(TorchDispatchMode):
    """The most entries that one tensor has, of all that are made."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor):
                self.numel = max(self.numel, tensor.numel())
        return result


@pytest.mark.parametrize(
    "method", [mtl.PCGrad(), mtl.GradNorm(), mtl.MGDA(gap=0), mtl.HydaLearn(lr=0.1), mtl.MOML()]
)
def test_no_tensor_of_tasks_by_parameters(method: mtl.methods.Method) -> None:
    model, data = make_problem("wide")
    signals = mtl.Signals(model, data, FIVE_TASKS, data)
    with Largest() as largest:
        method.backward(signals)
    parameters = sum(signals.sizes)
    assert largest.numel <= parameters + sum(p.numel() for head in model.head_parameters() for p in head)
    with Largest() as largest:
        mtl.Signals(model, data, FIVE_TASKS).jacobian()
    assert largest.numel == T * parameters


def test_gradients_that_all_but_cancel_keep_their_digits() -> None:
    """Pairs of samples that almost undo each other: the kernel tr(Dᵀ AAᵀ D) loses what the factor keeps."""
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(nn.Linear(WIDE, 32), [nn.Linear(32, 2) for _ in range(T)])
    half = torch.randn(SAMPLES // 2, WIDE)
    x = torch.cat([half, half + 1e-3 * torch.randn_like(half)])
    signs = torch.tensor([1.0, -1]).repeat_interleave(SAMPLES // 2)[:, None]
    targets = tuple((o + signs).detach() for o in model(x))

    signals = mtl.Signals(model, mtl.Batch(x, targets), FIVE_TASKS)
    found = signals.gramian().double()
    assert any(part.source is not p for part, p in zip(*parts_of(signals), strict=True))
    kernel = x @ x.T + 1
    sent = signals.feature_gradients()
    lossy = torch.tensor([[(g * (kernel @ h)).sum() for h in sent] for g in sent])
    exact_batch = mtl.Batch(x.double(), tuple(y.double() for y in targets))
    exact = mtl.Signals(model.double(), exact_batch, FIVE_TASKS).gramian()

    error = (found - exact).abs().max() / exact.diagonal().max()
    assert error < 1e-4
    assert (lossy - exact).abs().max() / exact.diagonal().max() > 30 * error


def parts_of(signals: mtl.Signals) -> tuple[list[Part], list[Tensor]]:
    parameters = list(signals.model.shared_parameters())
    return signals._step.trunk._parts(parameters), parameters


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize("copies", [2, SAMPLES])
def test_samples_that_repeat(dtype: torch.dtype, tolerance: float, copies: int) -> None:
    model, data = make_problem("wide", dtype=dtype)
    data = mtl.Batch(data.inputs[: SAMPLES // copies].repeat(copies, 1), data.targets)
    signals, jacobian = both("wide", data, model)
    gramian = (jacobian @ jacobian.T).double()
    torch.testing.assert_close(signals.gramian(), gramian, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-6)])
@given(st.integers(1, 6), st.integers(6, 12), st.integers(1, 6), st.integers(0, 99))
def test_triangular_factor(
    dtype: torch.dtype, tolerance: float, rows: int, wide: int, rank: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(rows, rank, generator=generator), torch.randn(rank, wide, generator=generator)
    read = (left @ right).to(dtype)
    factor = triangular_factor(read)
    assert torch.equal(factor, factor.triu())
    kernel = read @ read.T
    assert (factor.T @ factor - kernel).abs().max() <= tolerance * (1 + kernel.abs().max())


@given(st.integers(1, 200), st.integers(1, 9), st.integers(0, 5))
def test_inner_products_of_a_matrix_with_itself(rows: int, columns: int, seed: int) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found = inner_products(matrix, matrix)
    torch.testing.assert_close(found, matrix @ matrix.T)
    assert torch.equal(found, found.T)


def test_rows_and_products_without_the_gramian() -> None:
    model, data = make_problem("noise")
    weights = torch.randn(T, dtype=torch.float64)
    signals, jacobian = both("noise", data, model)
    gramian = jacobian @ jacobian.T
    torch.testing.assert_close(signals.gramian_row(2), gramian[2])
    torch.testing.assert_close(signals.gramian_times(weights), gramian @ weights)
    assert (signals.passes.forward, signals.passes.backward, signals.passes.forward_mode) == (1, 2, 2)


def test_forward_mode_leaves_the_first_layer_its_options() -> None:
    """Strides, padding and a missing bias pass through the rule for layers that read the data."""
    torch.manual_seed(0)
    trunk = nn.Sequential(
        nn.Unflatten(1, (1, 5, 24)),
        nn.Conv2d(1, 2, 3, stride=2, padding=1, bias=False),
        nn.Flatten(),
        nn.Tanh(),
    )
    model = mtl.MultiTaskModel(trunk, [nn.Linear(72, 2) for _ in range(T)]).double()
    _, data = make_problem()
    signals = mtl.Signals(model, data, FIVE_TASKS)
    jacobian = signals.jacobian()
    torch.testing.assert_close(signals.alignment(jacobian[3]), jacobian @ jacobian[3])


def test_alignment_asks_the_trunk_alone() -> None:
    model, data = make_problem()
    calls = []
    for head in model.heads:
        head.register_forward_hook(lambda *_: calls.append(0))
    for of in ("tasks", "samples"):  # the first time, the result is compared with a backward pass
        mtl.Signals(model, data, FIVE_TASKS).alignment(
            torch.ones(sum(p.numel() for p in model.trunk.parameters())), of=of
        )
    calls.clear()
    signals = mtl.Signals(model, data, FIVE_TASKS)
    signals.alignment(signals.gradient(0))
    assert len(calls) == T
    signals.alignment(signals.gradient(0), of="samples")
    assert len(calls) == 2 * T
