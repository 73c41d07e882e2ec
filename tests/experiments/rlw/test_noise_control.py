"""The control of random weights by smaller batches, at smoke size."""

import pandas as pd
import pytest
import torch

from mtlcore.experiments.rlw import noise_control
from mtlcore.methods.losses.rlw import draw


def test_every_arm_is_measured_at_the_same_updates(smoke) -> None:
    rows, curves = smoke("rlw-noise-control")
    arms = [("RLW", 256), ("Static", 64), ("Static", 128), ("Static", 256)]
    assert sorted(rows.groupby(["method", "batch_size"]).groups) == arms
    for _, curve in curves.groupby(["seed", "method", "batch_size"]):
        assert curve["update"].tolist() == [8, 16]
    assert (rows[noise_control.MEASURES] > 0).all(axis=None)
    first = curves[(curves["seed"] == 0) & (curves["update"] == 8)]
    assert first["gradient_spread"].nunique() == 4  # one start, and four trainings since


def test_batch_of_equal_noise() -> None:
    weights = draw("normal", 2, torch.Generator().manual_seed(0), 400_000)
    excess = weights.square().sum(1).mean().item() - 1 / 2
    assert excess == pytest.approx(noise_control.WEIGHT_NOISE, rel=0.01)
    spread = 1 / noise_control.WEIGHT_NOISE  # the weights add the noise 1
    states = pd.DataFrame({"gradient_variance": [1.0, 1.0, 3.0], "gradient_spread": [spread] * 3})
    assert noise_control.equal_noise(states) == pytest.approx({"median": 128, "sum": 256 * 5 / 8})
