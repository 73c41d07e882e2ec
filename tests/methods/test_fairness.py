"""The solver of the fair weights: exact, and quick, where gradients are nearly opposite."""

from __future__ import annotations

import pytest
import torch

from mtlcore.methods import _fairness


@pytest.mark.parametrize("alpha", [0.2, 0.5, 1, 2, 10])
@pytest.mark.parametrize("small", [1e-1, 1e-3, 1e-5])
def test_nearly_opposite_gradients(monkeypatch: pytest.MonkeyPatch, small: float, alpha: float) -> None:
    gradients = torch.tensor([[1, small], [-1.5, small], [-0.5, 2 * small]], dtype=torch.float64)
    calls = []
    objective = _fairness._objective
    monkeypatch.setattr(_fairness, "_objective", lambda *state: calls.append(0) or objective(*state))
    weights = _fairness.fair(gradients @ gradients.T, alpha)
    gains = gradients @ (weights @ gradients)
    constant = gains.log() + weights.log() / alpha
    assert (gains > 0).all() and float(constant.max() - constant.min()) < 1e-4
    assert len(calls) < 100
