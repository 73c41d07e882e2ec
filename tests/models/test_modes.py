"""Every submodule's own mode comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from torch import nn

import mtlcore as mtl
from mtlcore.models._modes import modes_restored


def frozen() -> mtl.MultiTaskModel:
    """A network in training mode with a batch normalisation and a head in evaluation mode."""
    trunk = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model = mtl.MultiTaskModel(trunk, [nn.Linear(4, 1), nn.Linear(4, 1)])
    trunk[1].eval()
    model.heads[1].eval()
    return model


def modes(model: nn.Module) -> dict[str, bool]:
    return {name: module.training for name, module in model.named_modules()}


CONTEXTS = {"evaluating": mtl.MultiTaskModel.evaluating, "modes_restored": modes_restored}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("training", [True, False])
def test_each_module_returns_to_its_own_mode(
    context: Callable[[mtl.MultiTaskModel], AbstractContextManager], training: bool
) -> None:
    model = frozen()
    model.training = training
    before = modes(model)
    with pytest.raises(KeyError), CONTEXTS[context](model):
        model.train(not training)
        raise KeyError
    assert modes(model) == before
    with model.evaluating():
        assert not any(modes(model).values())
    assert modes(model) == before


def test_what_a_module_does_in_train_is_done() -> None:
    """As where the weights of an adapter are merged for evaluation."""

    class Adapter(nn.Linear):
        merged = False

        def train(self, mode: bool = True) -> Adapter:
            self.merged = not mode
            return super().train(mode)

    model = mtl.MultiTaskModel(Adapter(2, 2), [nn.Linear(2, 1)])
    with model.evaluating():
        assert model.trunk.merged
    assert not model.trunk.merged
