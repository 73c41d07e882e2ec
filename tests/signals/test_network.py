"""What a step says, once, about a network of which it would leave something out."""

from __future__ import annotations

import warnings

import pytest
import torch
from helpers.networks import TASKS, batch, make_model
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.signals.step import last_layer


class Outside(mtl.MultiTaskModel):
    def __init__(self) -> None:
        super().__init__(nn.Linear(5, 4), [nn.Linear(4, 3), nn.Linear(4, 2)])
        self.scale = nn.Parameter(torch.ones(1))


class Overridden(mtl.MultiTaskModel):
    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(2 * o for o in super().forward(inputs))


def said(model: mtl.MultiTaskModel) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            mtl.Signals(model, batch(), TASKS)
    assert all(w.filename == __file__ for w in caught)
    return [str(w.message) for w in caught]


def test_a_plain_network_says_nothing() -> None:
    assert said(make_model()) == []


def test_parameters_that_no_method_trains() -> None:
    (text,) = said(Outside().double())
    assert "the parameters scale are neither in the trunk nor in a head" in text


def test_a_forward_that_no_step_calls() -> None:
    (text,) = said(Overridden(nn.Linear(5, 4), [nn.Linear(4, 3), nn.Linear(4, 2)]).double())
    assert "Overridden has a forward of its own" in text


@pytest.mark.parametrize("of", ["tasks", "samples"])
def test_every_signal_leaves_an_overridden_forward_out(of: str) -> None:
    model = Overridden(nn.Linear(5, 4), [nn.Linear(4, 3), nn.Linear(4, 2)]).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signals = mtl.Signals(model, batch(), TASKS)
    direction = torch.randn(24, dtype=torch.float64)
    found = signals.alignment(direction, of=of)
    found = found.mean(1) if of == "samples" else found
    torch.testing.assert_close(found, signals.jacobian() @ direction)


def test_a_trunk_that_returns_a_tuple() -> None:
    model = mtl.MultiTaskModel(nn.LSTM(5, 4), [nn.Linear(4, 3), nn.Linear(4, 2)]).double()
    with pytest.raises(TypeError, match="the trunk returns a tuple; it has to return one tensor"):
        _ = mtl.Signals(model, batch(), TASKS).losses


class Declared(nn.Module):
    """Layers that are used in another order than they are declared in."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.first, self.unused = nn.Linear(8, 4), nn.Linear(5, 8), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).tanh())


def test_the_last_layer_is_the_last_that_is_used() -> None:
    torch.manual_seed(0)
    model = mtl.MultiTaskModel(Declared(), [nn.Linear(4, 3), nn.Linear(4, 2)]).double()
    signals = mtl.Signals(model, batch(), TASKS)
    expected = signals.norms(list(model.trunk.last.parameters()))
    torch.testing.assert_close(signals.norms(), expected)
    found = last_layer(model.trunk, model.trunk(batch().inputs))
    assert [id(p) for p in found] == [id(p) for p in model.trunk.last.parameters()]


def test_a_part_that_starts_to_write_into_its_input_is_named() -> None:
    class Late(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.late, self.layer = False, nn.Linear(4, 3)

        def forward(self, z: Tensor) -> Tensor:
            if self.late:
                z += 1
            return self.layer(z)

    model = mtl.MultiTaskModel(nn.Linear(5, 4), [Late(), nn.Linear(4, 2)]).double()
    with torch.no_grad():
        model(batch().inputs)
        model.heads[0].late = True
        with pytest.raises(RuntimeError, match="Late writes into its input"):
            model(batch().inputs)
